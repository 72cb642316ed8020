//! `wasi:clocks`: match time. It stands still within a step, and nothing can be waited for.

use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};

use crate::session::State;

const SECOND_NS: u64 = 1_000_000_000;

/// Match time is given in nanoseconds.
const RESOLUTION_NS: u64 = 1;

impl monotonic_clock::Host for State {
    fn now(&mut self) -> Result<u64> {
        self.within_a_match("wasi:clocks")?;
        Ok(self.time)
    }

    fn resolution(&mut self) -> Result<u64> {
        Ok(RESOLUTION_NS)
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        self.subscribe_duration(when.saturating_sub(self.time))
    }

    fn subscribe_duration(&mut self, duration: u64) -> Result<Resource<DynPollable>> {
        if duration > 0 {
            return Err(super::io::waiting("sleeping"));
        }
        Ok(self.ready())
    }
}

impl wall_clock::Host for State {
    fn now(&mut self) -> Result<Datetime> {
        self.within_a_match("wasi:clocks")?;
        Ok(datetime(self.started_unix_ns.saturating_add(self.time)))
    }

    fn resolution(&mut self) -> Result<Datetime> {
        Ok(datetime(RESOLUTION_NS))
    }
}

fn datetime(ns: u64) -> Datetime {
    let nanoseconds = u32::try_from(ns % SECOND_NS).expect("a second has fewer than 2^32 nanoseconds");
    Datetime { seconds: ns / SECOND_NS, nanoseconds }
}

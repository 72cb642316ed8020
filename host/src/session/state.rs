//! What a session's store holds: everything that host functions read and write.
//!
//! It is a function of the setup and the ticks. No clock, no randomness and nothing about the network enters here.

use wasmtime::ResourceLimiter;

use super::bindings::stadion::game::types as wit;
use super::faults::Stop;
use super::log::TickLog;
use super::quota::Quota;
use super::seats::Seats;
use crate::model::{Limits, MatchTime, Output, Setup, TickInput};
use crate::wasi::{Handles, Random};

/// Core instances, tables and memories of one component: what `wit-component` makes of an ordinary guest needs a third.
/// Two more are the helpers that reach its memories (`crate::image`).
pub(crate) const MAX_INSTANCES: usize = 18;
/// See [`MAX_INSTANCES`].
pub(crate) const MAX_TABLES: usize = 4;
/// See [`MAX_INSTANCES`].
pub(crate) const MAX_MEMORIES: usize = 2;
/// Live handles of one session; a guest that prints holds three.
pub(crate) const MAX_HANDLES: usize = 1024;

/// What the guest may do right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// `describe` runs: the contract's imports, clocks and randomness trap.
    Describe,
    /// `image.prepare` runs, for every match there will be: the same trap.
    Prepare,
    /// A match runs.
    Match,
}

/// The data of a session's store.
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) time: MatchTime,
    pub(crate) started_unix_ns: u64,
    pub(crate) random: Random,
    pub(crate) handles: Handles,
    pub(crate) outputs: Vec<Output>,
    pub(crate) log: TickLog,
    pub(super) limits: Limits,
    pub(super) seats: Seats,
    pub(super) quota: Quota,
    pub(super) memory: Memory,
}

/// The guest's linear memories, together.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) used: u64,
    cap: u64,
}

impl State {
    /// For a match.
    pub(super) fn of(setup: &Setup) -> State {
        State {
            phase: Phase::Match,
            time: 0,
            started_unix_ns: setup.started_unix_ns,
            random: Random::new(setup.seed),
            handles: Handles::default(),
            outputs: Vec::new(),
            log: TickLog::default(),
            limits: setup.limits,
            seats: Seats::new(setup.seats),
            quota: Quota::default(),
            memory: Memory { used: 0, cap: setup.limits.memory_bytes },
        }
    }

    /// Opens a tick: per-tick quotas start afresh, the clock moves, seats change.
    pub(super) fn begin(&mut self, tick: &TickInput) {
        self.time = tick.time;
        self.begin_call();
        for event in &tick.events {
            self.seats.apply(event);
            self.quota.apply(event);
        }
    }

    /// Opens a call without a tick.
    pub(super) fn begin_call(&mut self) {
        self.outputs.clear();
        self.quota.begin();
        self.log.begin();
    }

    /// Closes a call that returned, and hands over what it asked for.
    pub(super) fn finish(&mut self) -> Vec<Output> {
        self.log.end(&mut self.outputs);
        std::mem::take(&mut self.outputs)
    }

    /// Refuses what must not be called while `describe` or `prepare` runs.
    pub(crate) fn within_a_match(&self, function: &str) -> wasmtime::Result<()> {
        let call = match self.phase {
            Phase::Match => return Ok(()),
            Phase::Describe => "describe",
            Phase::Prepare => "prepare",
        };
        wasmtime::bail!("{function} was called in {call}, which is pure: it gets nothing and may ask for nothing")
    }
}

impl wit::Host for State {}

impl ResourceLimiter for State {
    /// Past the version's cap growth answers -1. Below it the host owes the memory.
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let used = self.memory.used.saturating_add((desired - current) as u64);
        if used > self.memory.cap {
            return Ok(false);
        }
        self.memory.used = used;
        Ok(true)
    }

    /// The guest must not see this as an answer: another host would have given the memory.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(Stop::Host(format!("memory could not grow: {error}")).into())
    }

    fn table_growing(&mut self, _current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= crate::engine::TABLE_ELEMENTS && maximum.is_none_or(|maximum| desired <= maximum))
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(Stop::Host(format!("a table could not grow: {error}")).into())
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

//! What a load generator counts.

use std::time::Duration;

use hdrhistogram::Histogram;
use stadion_protocol::Moment;

/// Echoes slower than this count as this: a minute.
const SLOWEST_US: u64 = 60_000_000;

/// Counts of one stretch of time, over all players.
#[derive(Debug)]
pub(crate) struct Tally {
    /// From saying an input to hearing it back, microseconds.
    echoes: Histogram<u64>,
    /// Inputs said.
    pub(crate) inputs: u64,
    /// Messages heard.
    pub(crate) heard: u64,
    /// Datagrams that the kernel had no room for.
    pub(crate) unsent: u64,
    /// Turns that began more than a turn late: the generator itself was too slow.
    pub(crate) late_turns: u64,
    /// All turns.
    pub(crate) turns: u64,
}

impl Tally {
    pub(super) fn new() -> Tally {
        let echoes = Histogram::new_with_bounds(1, SLOWEST_US, 3).expect("constant bounds that fit three digits");
        Tally { echoes, inputs: 0, heard: 0, unsent: 0, late_turns: 0, turns: 0 }
    }

    pub(super) fn echo(&mut self, said: Moment, now: Moment) {
        let us = u64::try_from(now.since(said).as_micros()).unwrap_or(u64::MAX);
        self.echoes.saturating_record(us.max(1));
    }

    /// Echoes heard.
    pub(crate) fn echoes(&self) -> u64 {
        self.echoes.len()
    }

    /// The echo latency that this share of 100 stays under.
    pub(crate) fn echo_percentile(&self, percent: f64) -> Duration {
        Duration::from_micros(self.echoes.value_at_percentile(percent))
    }
}

//! Timers of a match: what is to happen when, in match time.

use serde::{Deserialize, Serialize};

/// The most timers that may be set at once. A game that sets more has lost count, and is stopped before it fills its
/// memory with them.
const MAX_TIMERS: usize = 65_536;

/// Set timers, by time and then by the order in which they were set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Timers<T> {
    set: Vec<Timer<T>>,
    next_number: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Timer<T> {
    at: u64,
    number: u64,
    name: T,
}

impl<T> Timers<T> {
    pub(crate) fn new() -> Timers<T> {
        Timers { set: Vec::new(), next_number: 0 }
    }

    pub(crate) fn set(&mut self, at: u64, name: T) {
        assert!(self.set.len() < MAX_TIMERS, "more than {MAX_TIMERS} timers are set at once");
        let place = self.set.partition_point(|timer| timer.at <= at);
        self.set.insert(place, Timer { at, number: self.next_number, name });
        self.next_number += 1;
    }

    /// The first timer that is due and was set before the one numbered `before`.
    pub(crate) fn take_due(&mut self, now: u64, before: u64) -> Option<T> {
        let due = self.set.iter().take_while(|timer| timer.at <= now).position(|timer| timer.number < before)?;
        Some(self.set.remove(due).name)
    }

    /// The number of the next timer to be set.
    pub(crate) fn next_number(&self) -> u64 {
        self.next_number
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<u64> {
        self.set.first().map(|timer| timer.at)
    }
}

impl<T: PartialEq> Timers<T> {
    pub(crate) fn cancel(&mut self, name: &T) {
        self.set.retain(|timer| timer.name != *name);
    }

    pub(crate) fn due_at(&self, name: &T) -> Option<u64> {
        self.set.iter().find(|timer| timer.name == *name).map(|timer| timer.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_go_off_in_order_and_not_before_their_time() {
        let mut timers = Timers::new();
        for (at, name) in [(30, "c"), (10, "a"), (10, "b"), (40, "d")] {
            timers.set(at, name);
        }
        timers.cancel(&"b");
        assert_eq!(timers.next(), Some(10));
        let due: Vec<_> = std::iter::from_fn(|| timers.take_due(30, u64::MAX)).collect();
        assert_eq!(due, ["a", "c"]);
        assert_eq!(timers.due_at(&"d"), Some(40));
    }

    #[test]
    fn a_timer_set_while_timers_go_off_waits_for_the_next_step() {
        let mut timers = Timers::new();
        timers.set(1, "old");
        let before = timers.next_number();
        timers.set(0, "new");
        assert_eq!(timers.take_due(5, before), Some("old"));
        assert_eq!(timers.take_due(5, before), None);
    }
}

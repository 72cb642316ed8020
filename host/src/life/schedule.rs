//! When ticks are due and what time they show.
//!
//! With a rate, period `p` begins at `origin + p / rate`, exactly: deadlines are absolute, so that lateness never adds
//! up. Tick `n` (of a restarted match, counted from there) stands in period `n + all skipped so far` and shows that period's time. Without a rate, a tick shows the
//! time at which it was sealed.

use std::time::Duration;

use stadion_protocol::Moment;

use crate::model::{MatchTime, Wake};

use super::host_state::HostState;

/// Periods that may be made up for by ticks back to back; what is missed beyond becomes `skipped`.
const CATCH_UP: u64 = 1;

/// Ticks that a match makes up for after it slept: five minutes at 20 Hz. What is beyond is skipped.
pub(super) const MOST_MADE_UP: u64 = 6_000;

/// Between two of those: a match that makes up for many leaves its shard to others meanwhile.
const MADE_UP_GAP_NS: u64 = 250_000;

/// The least time between two ticks of a match without a rate: a game that always wants to be called "now", or answers
/// every answer with a request, may not take a core. A thousand ticks a second are more than any clock of a game.
const LEAST_GAP_NS: u64 = 1_000_000;

const NS: u128 = 1_000_000_000;

/// The heading of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// Number of the tick.
    pub(super) number: u64,
    /// Match time it shows.
    pub(super) time: MatchTime,
    /// Periods that passed without a tick.
    pub(super) skipped: u64,
}

/// One match's plan of ticks.
#[derive(Debug)]
pub(super) struct Schedule {
    rate: u16,
    origin: Moment,
    /// The tick before match time 0: a restart begins time anew, and numbers ticks on.
    first: u64,
    /// Match time at `origin`: 0 unless another session began the match.
    base: MatchTime,
    number: u64,
    skipped: u64,
    time: MatchTime,
    wake: Wake,
    /// The tick before was late by a period and this one makes up for it.
    catching_up: bool,
    /// Ticks that may still make up for periods that passed, [`MADE_UP_GAP_NS`] apart; 0 as soon as one is on time.
    making_up: u64,
    sealed_at: Option<Moment>,
}

impl Schedule {
    /// A match of this rate, whose time 0 is now.
    pub(super) fn new(rate: u16, wake: Wake, origin: Moment) -> Schedule {
        Schedule {
            rate,
            origin,
            base: 0,
            first: 0,
            number: 0,
            skipped: 0,
            time: 0,
            wake,
            catching_up: false,
            making_up: 0,
            sealed_at: None,
        }
    }

    /// Goes on as if it had never been put down: match time is `base` at `origin`.
    pub(super) fn put_down(&self) -> (Moment, MatchTime) {
        (self.origin, self.base)
    }

    /// Makes up for periods that have passed by now with ticks, [`MOST_MADE_UP`] at most.
    pub(super) fn make_up(&mut self, now: Moment) {
        self.making_up = if self.period_of(now) > self.next_period() { MOST_MADE_UP } else { 0 };
    }

    /// Whether ticks make up for periods that have passed.
    pub(super) fn is_making_up(&self) -> bool {
        self.making_up > 0
    }

    /// The same match, begun anew now: match time starts at 0, ticks are numbered on.
    pub(super) fn restarted(&self, rate: u16, wake: Wake, now: Moment) -> Schedule {
        Schedule { first: self.number, number: self.number, ..Schedule::new(rate, wake, now) }
    }

    /// A match that another session left behind, with the moment and the match time that it is now: the periods between
    /// are skipped by its next tick.
    pub(super) fn resumed(rate: u16, state: &HostState, (origin, base): (Moment, MatchTime)) -> Schedule {
        Schedule {
            base,
            first: state.origin,
            number: state.tick,
            skipped: state.skipped,
            time: state.time,
            ..Schedule::new(rate, state.wake, origin)
        }
    }

    /// Match time of the newest tick.
    pub(super) fn time(&self) -> MatchTime {
        self.time
    }

    /// The tick before match time 0.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Periods skipped since match time 0.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// What the newest step answered.
    pub(super) fn wake(&self) -> Wake {
        self.wake
    }

    /// Whether the next tick comes by itself within a period.
    pub(super) fn is_periodic(&self) -> bool {
        self.rate > 0 && self.wake == Wake::Next
    }

    /// When the next tick is due. It may be past: then at once.
    pub(super) fn due(&self, events_wait: bool) -> Option<Moment> {
        if self.rate == 0 {
            let earliest = self.sealed_at.map_or(self.origin, |at| Moment(at.0.saturating_add(LEAST_GAP_NS)));
            return match self.wake {
                _ if events_wait => Some(earliest),
                Wake::At(time) => Some(earliest.max(self.moment(time))),
                Wake::Next | Wake::Event => None,
            };
        }
        let next = self.next_period();
        match self.wake {
            Wake::Next if self.making_up > 0 => {
                let gone = self.sealed_at.map(|at| Moment(at.0.saturating_add(MADE_UP_GAP_NS)));
                Some(self.period_begins(next).max(gone.unwrap_or(self.origin)))
            }
            Wake::Next => Some(self.period_begins(next)),
            _ if events_wait => Some(self.period_begins(next)),
            Wake::At(time) => Some(self.period_begins(next.max(self.period_at_or_after(time)))),
            Wake::Event => None,
        }
    }

    /// Heads the next tick. Only once it is due.
    pub(super) fn seal(&mut self, now: Moment) -> Heading {
        let skipped = if self.rate == 0 { 0 } else { self.periods_to_skip(now) };
        self.number += 1;
        self.skipped += skipped;
        self.sealed_at = Some(now);
        self.time = if self.rate == 0 {
            self.time.max(self.match_time(now))
        } else {
            self.period_time(self.number - self.first + self.skipped)
        };
        Heading { number: self.number, time: self.time, skipped }
    }

    /// Match time stood still for so long: everything is due so much later.
    pub(super) fn stood_still(&mut self, time: Duration) {
        self.origin = self.origin + time;
    }

    /// Lets match time pass up to the next tick, if the game wants one.
    pub(super) fn hurry(&mut self, now: Moment, events_wait: bool) {
        self.sealed_at = None;
        if let Some(due) = self.due(events_wait)
            && due > now
        {
            self.origin = Moment(self.origin.0.saturating_sub(due.0 - now.0));
        }
    }

    /// The step's answer.
    pub(super) fn answered(&mut self, wake: Wake) {
        self.wake = wake;
    }

    fn periods_to_skip(&mut self, now: Moment) -> u64 {
        let behind = self.period_of(now).saturating_sub(self.next_period());
        if self.making_up > 0 {
            // What is beyond the bound is skipped before the first of them.
            let skipped = behind.saturating_sub(self.making_up);
            self.making_up = if behind == 0 { 0 } else { self.making_up - 1 };
            return skipped;
        }
        let may_catch_up = if self.wake == Wake::Next && !self.catching_up { CATCH_UP } else { 0 };
        let skipped = behind.saturating_sub(may_catch_up);
        self.catching_up = behind > skipped;
        skipped
    }

    fn next_period(&self) -> u64 {
        self.number - self.first + self.skipped + 1
    }

    fn period_time(&self, period: u64) -> MatchTime {
        u64::try_from(u128::from(period) * NS / u128::from(self.rate)).unwrap_or(u64::MAX)
    }

    fn period_begins(&self, period: u64) -> Moment {
        // The driver must not arrive a fraction of a nanosecond early.
        let time = (u128::from(period) * NS).div_ceil(u128::from(self.rate));
        self.moment(u64::try_from(time).unwrap_or(u64::MAX))
    }

    fn period_of(&self, now: Moment) -> u64 {
        u64::try_from(u128::from(self.match_time(now)) * u128::from(self.rate) / NS).unwrap_or(u64::MAX)
    }

    fn period_at_or_after(&self, time: MatchTime) -> u64 {
        u64::try_from((u128::from(time) * u128::from(self.rate)).div_ceil(NS)).unwrap_or(u64::MAX)
    }

    /// When it is that match time.
    pub(super) fn moment(&self, time: MatchTime) -> Moment {
        match time.checked_sub(self.base) {
            Some(later) => Moment(self.origin.0.saturating_add(later)),
            None => Moment(self.origin.0.saturating_sub(self.base - time)),
        }
    }

    fn match_time(&self, now: Moment) -> MatchTime {
        self.base.saturating_add(now.0.saturating_sub(self.origin.0))
    }
}

/// The time that tick `number` of a match with this rate shows, after that many skipped periods in all.
pub fn exact_time(rate: u16, number: u64, skipped: u64) -> MatchTime {
    Schedule { skipped, ..Schedule::new(rate.max(1), Wake::Next, Moment(0)) }
        .period_time(number.saturating_add(skipped))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const START: Moment = Moment(7 * MS);

    fn at(ms: u64) -> Moment {
        Moment(START.0 + ms * MS)
    }

    #[test]
    fn twenty_hertz_is_twenty_hertz_after_an_hour_of_late_ticks() {
        let mut schedule = Schedule::new(20, Wake::Next, START);
        for n in 1..=72_000 {
            assert_eq!(schedule.due(false), Some(at(n * 50)));
            let heading = schedule.seal(Moment(at(n * 50).0 + 3 * MS));
            assert_eq!(heading, Heading { number: n, time: n * 50 * MS, skipped: 0 });
        }
    }

    #[test]
    fn a_rate_that_does_not_divide_a_second_does_not_drift() {
        let mut schedule = Schedule::new(60, Wake::Next, START);
        let last = (1..=600)
            .map(|_| {
                let due = schedule.due(false).unwrap();
                schedule.seal(due)
            })
            .last()
            .unwrap();
        assert_eq!((last.time, last.skipped), (10_000 * MS, 0));
    }

    #[test]
    fn a_late_match_catches_up_by_two_ticks_at_most() {
        let mut schedule = Schedule::new(20, Wake::Next, START);
        let now = at(500);
        let first = schedule.seal(now);
        assert_eq!(first, Heading { number: 1, time: 450 * MS, skipped: 8 });
        assert!(schedule.due(false).unwrap() <= now, "one more at once");
        assert_eq!(schedule.seal(now), Heading { number: 2, time: 500 * MS, skipped: 0 });
        assert_eq!(schedule.due(false), Some(at(550)), "and then on schedule");
    }

    #[test]
    fn steps_longer_than_a_period_never_run_three_in_a_row() {
        let mut schedule = Schedule::new(20, Wake::Next, START);
        schedule.seal(at(110));
        schedule.seal(at(170));
        assert_eq!(schedule.due(false), Some(at(200)), "it was late again, and waits");
    }

    #[test]
    fn a_sleeping_match_wakes_in_the_period_of_the_event() {
        let mut schedule = Schedule::new(20, Wake::Event, START);
        assert_eq!(schedule.due(false), None);
        assert!(schedule.due(true).unwrap() <= at(1_234));
        assert_eq!(schedule.seal(at(1_234)), Heading { number: 1, time: 1_200 * MS, skipped: 23 });
        assert_eq!(schedule.due(true), Some(at(1_250)), "never twice in a period");
    }

    #[test]
    fn a_wanted_time_is_met_by_the_first_period_not_before_it() {
        let mut schedule = Schedule::new(20, Wake::At(120 * MS), START);
        assert_eq!(schedule.due(false), Some(at(150)));
        assert_eq!(schedule.seal(at(150)).time, 150 * MS);
    }

    #[test]
    fn without_a_rate_time_is_when_it_happened() {
        let mut schedule = Schedule::new(0, Wake::At(30 * MS), START);
        assert_eq!(schedule.due(false), Some(at(30)));
        assert_eq!(schedule.seal(at(31)), Heading { number: 1, time: 31 * MS, skipped: 0 });
        schedule.answered(Wake::At(0));
        assert_eq!(
            schedule.due(false),
            Some(at(32)),
            "a game that always wants to run now runs a thousand times a second"
        );
    }
}

//! A developer's hold on a match: it stands still, plays so many ticks, runs on.
//!
//! While it is held no tick is sealed, and match time stands still: when it goes on, the plan of ticks is moved by as long as it
//! stood. So nothing is skipped, nothing about the hold is journaled, and the replay of a match that was held is that of one
//! that was not. Lifetimes of seats go on: they are the players' time.

use std::time::Duration;

use stadion_protocol::Moment;
use stadion_protocol::contract::{MAX_STEPS, Pace};

use super::{Life, Phase};

/// A match that nobody lets go goes on by itself after this long: its developer has gone home.
pub const LONGEST_HOLD: Duration = Duration::from_secs(600);

/// Whether time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hold {
    /// It does.
    #[default]
    Free,
    /// It stands still.
    Held {
        /// Up to when it has passed.
        since: Moment,
        /// When it goes on by itself.
        until: Moment,
        /// Ticks that are to be played all the same.
        steps: u32,
    },
}

impl Life {
    /// Changes how the match's time passes.
    pub fn pace(&mut self, now: Moment, pace: Pace) {
        match (pace, self.hold) {
            (Pace::Run, _) => self.let_go(now),
            (Pace::Pause, Hold::Free) => self.hold = Hold::Held { since: now, until: now + LONGEST_HOLD, steps: 0 },
            (Pace::Pause, Hold::Held { since, .. }) => {
                self.hold = Hold::Held { since, until: now + LONGEST_HOLD, steps: 0 };
            }
            (Pace::Step(steps), hold) => {
                let since = if let Hold::Held { since, .. } = hold { since } else { now };
                self.hold = Hold::Held { since, until: now + LONGEST_HOLD, steps: steps.min(MAX_STEPS) };
            }
        }
    }

    /// Whether no tick may be sealed.
    pub(super) fn stands_still(&self) -> bool {
        matches!(self.hold, Hold::Held { steps: 0, .. })
    }

    /// When a hold ends by itself.
    pub(super) fn hold_ends(&self) -> Option<Moment> {
        if let Hold::Held { until, .. } = self.hold { Some(until) } else { None }
    }

    /// Ends a hold whose time is over.
    pub(super) fn expire_hold(&mut self, now: Moment) {
        if self.hold_ends().is_some_and(|until| until <= now) {
            self.let_go(now);
        }
    }

    /// Makes the next tick of a step due now, if the game wants one at all.
    pub(super) fn hurry(&mut self, now: Moment) {
        let Hold::Held { since, steps: 1.., .. } = self.hold else { return };
        let events_wait = self.inbound.any();
        let Phase::Running(running) = &mut self.phase else { return };
        running.schedule.stood_still(now.since(since));
        running.schedule.hurry(now, events_wait);
        if let Hold::Held { since, .. } = &mut self.hold {
            *since = now;
        }
    }

    /// A tick of a step was sealed.
    pub(super) fn stepped_on(&mut self) {
        if let Hold::Held { steps, .. } = &mut self.hold {
            *steps = steps.saturating_sub(1);
        }
    }

    fn let_go(&mut self, now: Moment) {
        if let Hold::Held { since, .. } = std::mem::take(&mut self.hold)
            && let Phase::Running(running) = &mut self.phase
        {
            running.schedule.stood_still(now.since(since));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::World;
    use super::*;
    use crate::model::TickInput;

    const MINUTE: Duration = Duration::from_secs(60);

    /// A match that is held, and the last tick before.
    fn held() -> (World, Arc<TickInput>) {
        let mut world = World::new(20, 2);
        world.all_join();
        let last = world.tick(Vec::new());
        world.life.pace(world.now, Pace::Pause);
        (world, last)
    }

    #[test]
    fn a_match_that_is_held_seals_no_ticks_and_goes_on_as_if_no_time_had_passed() {
        let (mut world, last) = held();
        world.input(0, 1).pass(MINUTE);
        assert!(world.life.seal(world.now).is_none());
        world.life.pace(world.now, Pace::Run);
        let next = world.tick(Vec::new());
        assert_eq!((next.number, next.skipped), (last.number + 1, 0));
        assert_eq!(next.time - last.time, 50_000_000, "match time stood still");
        assert_eq!(next.events.len(), 1, "what was said meanwhile was kept");
    }

    #[test]
    fn a_step_plays_so_many_ticks_at_once_and_no_more() {
        let (mut world, last) = held();
        let now = world.pass(MINUTE).now;
        world.life.pace(now, Pace::Step(3));
        let times: Vec<u64> = (0..3).map(|_| world.tick(Vec::new()).time).collect();
        assert_eq!(world.now, now, "at once");
        assert_eq!(times, [1, 2, 3].map(|n| last.time + n * 50_000_000));
        assert!(world.life.seal(now + MINUTE).is_none());
    }

    #[test]
    fn without_a_rate_time_stands_still_too() {
        let mut world = World::new(0, 1);
        world.all_join();
        let before = world.last_tick().input.time;
        world.life.pace(world.now, Pace::Pause);
        world.pass(MINUTE).input(0, 1);
        world.life.pace(world.now, Pace::Step(1));
        let stepped = world.tick(Vec::new());
        assert!(stepped.time - before < 1_000_000_000, "{} to {}", before, stepped.time);
    }

    #[test]
    fn a_match_that_is_forgotten_goes_on_by_itself() {
        let (mut world, _) = held();
        world.pass(LONGEST_HOLD);
        assert!(!world.life.stands_still());
        assert_eq!(world.tick(Vec::new()).skipped, 0);
    }
}

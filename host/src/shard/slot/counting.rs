//! What is counted of a match and its shard.

use std::sync::atomic::Ordering;

use stadion_protocol::Moment;

use crate::session::Usage;

use super::{Around, Slot};

impl Slot {
    pub(super) fn count_tick(&mut self, around: &Around<'_>, now: Moment, scheduled: Option<Moment>, skipped: u64) {
        self.stats.ticks += 1;
        self.stats.skipped += skipped;
        let Some(scheduled) = scheduled else { return };
        let late = now.since(scheduled);
        self.stats.worst_lateness = self.stats.worst_lateness.max(late);
        self.stats.total_lateness += late;
        self.stats.lateness.record(late);
        around.handle.stats.lateness.record(late);
    }

    pub(super) fn count_step(&mut self, around: &Around<'_>, now: Moment, usage: Usage) {
        let took = now.since(self.given_at);
        self.stats.worst_step = self.stats.worst_step.max(took);
        self.stats.total_step += took;
        self.stats.total_cpu += usage.cpu;
        (self.stats.memory_bytes, self.stats.step_cpu) = (usage.memory_bytes, usage.cpu);
        around.handle.stats.step.record(took);
    }

    pub(super) fn count_players(&mut self, around: &Around<'_>, players: u32) {
        if players != self.players {
            around.handle.players.fetch_add(players.wrapping_sub(self.players), Ordering::Relaxed);
            self.players = players;
        }
    }
}

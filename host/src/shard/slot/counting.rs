//! What is counted of a match and its shard.

use std::sync::atomic::Ordering;

use stadion_protocol::Moment;

use crate::link::{FromPlayer, ToPlayer};
use crate::session::Usage;

use super::super::stats::MatchStats;
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
        self.stats.step_cpu = usage.cpu;
        self.count_call(usage);
        around.handle.stats.step.record(took);
    }

    /// A call into the guest returned.
    pub(super) fn count_call(&mut self, usage: Usage) {
        self.stats.total_cpu += usage.cpu;
        self.stats.longest_slice = self.stats.longest_slice.max(usage.longest_slice);
        self.stats.memory_bytes = usage.memory_bytes;
        self.stats.peak_memory_bytes = self.stats.peak_memory_bytes.max(usage.memory_bytes);
    }

    pub(super) fn count_players(&mut self, around: &Around<'_>, players: u32) {
        if players != self.players {
            around.handle.players.fetch_add(players.wrapping_sub(self.players), Ordering::Relaxed);
            self.players = players;
        }
    }
}

/// A word of a player is handed to the match.
pub(super) fn count_in(stats: &mut MatchStats, word: &FromPlayer) {
    if let FromPlayer::Input { data, .. } | FromPlayer::Unreliable { data } = word {
        stats.messages_in += 1;
        stats.bytes_in += data.len() as u64;
    }
}

/// A word for a player leaves the match.
pub(super) fn count_out(stats: &mut MatchStats, word: &ToPlayer) {
    if let ToPlayer::Reliable { data, .. } | ToPlayer::Unreliable { data, .. } = word {
        stats.messages_out += 1;
        stats.bytes_out += data.len() as u64;
    }
}

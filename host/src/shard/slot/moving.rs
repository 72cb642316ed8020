//! A match leaves its shard for another one, between two ticks: nothing of it is in flight, its deadlines are absolute,
//! and what is said to it meanwhile waits in its mailbox. So no tick is lost or doubled, and nobody notices.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stadion_protocol::Moment;

use super::super::ShardHandle;
use super::super::mailbox::{Key, Mailbox};
use super::{Slot, Stage, Whereabouts};

impl Slot {
    /// Whether it could leave now: it lives, it is not on its way into another session,
    /// and no call is in flight, here or in the slow lane.
    pub(in crate::shard) fn can_move(&self) -> bool {
        let Stage::Living(living) = &self.stage else { return false };
        matches!(self.session, Whereabouts::Here(_))
            && self.transit.is_none()
            && !self.debt.is_being_paid()
            && !living.life.is_in_flight()
    }

    /// What it takes of a shard's time, as a share, since it came here.
    pub(in crate::shard) fn share(&self, now: Moment) -> f64 {
        let lived = now.since(self.here_since).max(LEAST_SEEN);
        let worked = self.stats.total_step.saturating_sub(self.worked_before) + TICK_OVERHEAD * self.ticks_here();
        worked.as_secs_f64() / lived.as_secs_f64()
    }

    /// Its mailbox, for those who still ask its old shard.
    pub(in crate::shard) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Leaves: counted here no longer.
    pub(in crate::shard) fn leave(&self, from: &ShardHandle) {
        from.matches.fetch_sub(1, Ordering::Relaxed);
        from.players.fetch_sub(self.players, Ordering::Relaxed);
    }

    /// Is taken in by a shard, at this place.
    pub(in crate::shard) fn arrive(&mut self, key: Key, home: &Arc<ShardHandle>, now: Moment) {
        self.key = key;
        self.stats.moves += 1;
        (self.here_since, self.worked_before) = (now, self.stats.total_step);
        self.ticks_before = self.stats.ticks;
        home.matches.fetch_add(1, Ordering::Relaxed);
        home.players.fetch_add(self.players, Ordering::Relaxed);
        home.stats.moved_in.fetch_add(1, Ordering::Relaxed);
        self.mailbox.moves_in(Arc::clone(home), key);
    }

    fn ticks_here(&self) -> u32 {
        u32::try_from(self.stats.ticks - self.ticks_before).unwrap_or(u32::MAX)
    }
}

/// A share over less time than this would say little.
const LEAST_SEEN: Duration = Duration::from_millis(200);

/// What a tick costs a shard beside its step: sealing, recording, handing over.
const TICK_OVERHEAD: Duration = Duration::from_micros(10);

//! Where shards leave what their matches say, until the gateway's next turn.
//!
//! Posting is a push under a short lock. While players are connected the gateway turns every millisecond anyway, so a
//! post wakes nobody; the bell only matters when the gateway sleeps because nobody is there.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::counters::Counters;
use crate::link::{ConnId, Outbox, ToPlayer};

/// With this many words waiting, unreliable ones are dropped: the gateway is seconds behind and newer ones will come.
/// Reliable words are bounded by what a match keeps unacknowledged for each seat.
const CROWDED: usize = 1 << 18;

/// The one mailbox between all shards and the gateway.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    waiting: Mutex<Vec<(ConnId, ToPlayer)>>,
    bell: Notify,
    counters: Arc<Counters>,
}

impl Mailbox {
    pub(super) fn new(counters: Arc<Counters>) -> Mailbox {
        Mailbox { counters, ..Mailbox::default() }
    }

    /// Swaps what waits with `empty`, so that both allocations are used again.
    pub(super) fn take(&self, empty: &mut Vec<(ConnId, ToPlayer)>) {
        debug_assert!(empty.is_empty(), "what was taken before has been handed out");
        std::mem::swap(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner), empty);
    }

    /// Waits until something was posted since the last time this returned.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }
}

impl Outbox for Mailbox {
    fn post(&self, conn: ConnId, word: ToPlayer) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= CROWDED && matches!(word, ToPlayer::Unreliable { .. }) {
            self.counters.dropped_unreliable.up();
            return;
        }
        let first = waiting.is_empty();
        waiting.push((conn, word));
        drop(waiting);
        if first {
            self.bell.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(in_seq: u64) -> ToPlayer {
        ToPlayer::Ack { in_seq }
    }

    #[test]
    fn words_come_out_in_the_order_they_went_in() {
        let mailbox = Mailbox::default();
        (0..100).for_each(|n| mailbox.post(ConnId(n % 3), ack(n)));
        let mut taken = Vec::new();
        mailbox.take(&mut taken);
        let numbers: Vec<u64> = taken
            .iter()
            .map(|(_, word)| match word {
                ToPlayer::Ack { in_seq } => *in_seq,
                other => unreachable!("{other:?}"),
            })
            .collect();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_crowded_mailbox_drops_what_is_unreliable_alone() {
        let mailbox = Mailbox::default();
        (0..=CROWDED as u64).for_each(|n| mailbox.post(ConnId(1), ack(n)));
        let tick = stadion_protocol::Tick(1);
        let data = bytes::Bytes::new();
        let unreliable = ToPlayer::Unreliable { incarnation: stadion_protocol::Incarnation(1), tick, data };
        mailbox.post(ConnId(1), unreliable);
        let mut taken = Vec::new();
        mailbox.take(&mut taken);
        assert_eq!(taken.len(), CROWDED + 1);
        assert_eq!(mailbox.counters.dropped_unreliable.get(), 1);
    }
}

//! What players said and their match has not heard yet.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

use crate::link::{ConnId, FromPlayer};

use super::command::{Command, ShardHandle};

/// The most words that wait. Connections are limited to far less each; this bounds what many can do together.
pub(crate) const MAX_WORDS: usize = 8_192;

/// The most bytes that wait.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// What a word is counted with beside its bytes.
const WORD_OVERHEAD: usize = 64;

/// Where a match is on its shard. The generation tells a slot's matches apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

/// The mailbox of a match: anyone posts, its shard takes.
pub(crate) struct Mailbox {
    words: Mutex<Words>,
    shard: Arc<ShardHandle>,
    /// The match's [`Key`], once its shard has taken it in.
    key: AtomicU64,
    /// Any word wakes the shard, not only comings and goings.
    eager: AtomicBool,
    /// The shard knows already.
    poked: AtomicBool,
}

#[derive(Default)]
struct Words {
    queue: VecDeque<(ConnId, FromPlayer)>,
    bytes: usize,
}

const NO_KEY: u64 = u64::MAX;

impl Mailbox {
    pub(crate) fn new(shard: Arc<ShardHandle>) -> Mailbox {
        Mailbox {
            words: Mutex::default(),
            shard,
            key: AtomicU64::new(NO_KEY),
            eager: AtomicBool::new(false),
            poked: AtomicBool::new(false),
        }
    }

    /// Queues a word. `false`: the mailbox is full. A farewell is always taken: there is one for each connection.
    pub(crate) fn post(&self, conn: ConnId, word: FromPlayer) -> bool {
        let wakes = wakes(&word);
        {
            let mut words = self.words();
            let full = words.queue.len() >= MAX_WORDS || words.bytes >= MAX_BYTES;
            if full && !matches!(word, FromPlayer::Closed) {
                return false;
            }
            words.bytes += cost(&word);
            words.queue.push_back((conn, word));
        }
        // Looked at again after the word is in: the shard sets the flag before it looks into the mailbox for the last
        // time, so one of the two sees the other.
        match wakes {
            Wakes::Always => self.poke(),
            Wakes::TheEager if self.eager.load(Ordering::SeqCst) => self.poke(),
            Wakes::TheEager | Wakes::Never => {}
        }
        true
    }

    /// The oldest word.
    pub(super) fn take(&self) -> Option<(ConnId, FromPlayer)> {
        let mut words = self.words();
        let taken = words.queue.pop_front()?;
        words.bytes -= cost(&taken.1);
        Some(taken)
    }

    /// Whether a word waits that a match would want to be woken for.
    pub(super) fn waits(&self) -> bool {
        self.words().queue.iter().any(|(_, word)| wakes(word) != Wakes::Never)
    }

    /// Makes the shard look at this match soon.
    pub(crate) fn poke(&self) {
        if !self.poked.swap(true, Ordering::SeqCst) {
            match self.key() {
                // Pokes are bounded by one for each match.
                Some(key) => self.shard.send_internal(Command::Poke(key)),
                None => self.poked.store(false, Ordering::SeqCst),
            }
        }
    }

    /// The shard looks now: later pokes are news.
    pub(super) fn looked_at(&self) {
        self.poked.store(false, Ordering::SeqCst);
    }

    pub(super) fn set_eager(&self, eager: bool) {
        self.eager.store(eager, Ordering::SeqCst);
    }

    pub(super) fn set_key(&self, key: Key) {
        self.key.store(u64::from(key.slot) << 32 | u64::from(key.generation), Ordering::SeqCst);
    }

    pub(crate) fn key(&self) -> Option<Key> {
        let key = self.key.load(Ordering::SeqCst);
        (key != NO_KEY).then_some(Key { slot: (key >> 32) as u32, generation: key as u32 })
    }

    pub(crate) fn shard(&self) -> &Arc<ShardHandle> {
        &self.shard
    }

    fn words(&self) -> MutexGuard<'_, Words> {
        // Words are pushed and popped whole: a panic elsewhere leaves them intact.
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As a waker, a mailbox makes the shard look: journals use it to say that they moved.
impl Wake for Mailbox {
    fn wake(self: Arc<Self>) {
        self.poke();
    }
}

/// Whom a word wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wakes {
    /// Comings and goings are rare and want an answer.
    Always,
    /// Matches without a rate, or at rest.
    TheEager,
    /// Measurements travel with other events.
    Never,
}

fn wakes(word: &FromPlayer) -> Wakes {
    match word {
        FromPlayer::Hello(_) | FromPlayer::Leave | FromPlayer::Closed => Wakes::Always,
        FromPlayer::Input { .. } | FromPlayer::Unreliable { .. } | FromPlayer::Ack { .. } => Wakes::TheEager,
        FromPlayer::Quality { .. } => Wakes::Never,
    }
}

fn cost(word: &FromPlayer) -> usize {
    let bytes = match word {
        FromPlayer::Input { data, .. } | FromPlayer::Unreliable { data } => data.len(),
        FromPlayer::Hello(admission) => admission.options.len(),
        _ => 0,
    };
    bytes + WORD_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn input(bytes: usize) -> FromPlayer {
        FromPlayer::Unreliable { data: Bytes::from(vec![0; bytes]) }
    }

    #[test]
    fn a_full_mailbox_takes_farewells_alone() {
        let mailbox = Mailbox::new(Arc::default());
        while mailbox.post(ConnId(1), input(10_000)) {}
        assert!(mailbox.words().bytes < MAX_BYTES + 20_000);
        assert!(mailbox.post(ConnId(1), FromPlayer::Closed));
        mailbox.take().unwrap();
        mailbox.take().unwrap();
        assert!(mailbox.post(ConnId(1), input(10)));
    }
}

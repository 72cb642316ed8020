//! What players said and their match has not heard yet.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

use crate::link::{ConnId, FromPlayer};

use stadion_protocol::MatchId;
use stadion_protocol::contract::{RequestKey, RequestOutcome};

use crate::dormant::Dormant;

use super::command::{Command, ShardHandle};
use super::logbook::Logbook;

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

impl Key {
    /// In a question, until it is known where to ask.
    pub(crate) const UNKNOWN: Key = Key { slot: u32::MAX, generation: u32::MAX };
}

/// The mailbox of a match: anyone posts, its shard takes.
#[derive(Default)]
pub(crate) struct Mailbox {
    words: Mutex<Words>,
    home: Mutex<Home>,
    /// Any word wakes the shard, not only comings and goings.
    eager: AtomicBool,
    /// The shard knows already.
    poked: AtomicBool,
    /// The match has nothing to do when its journal moves. A match with a rate and nothing to release looks at its
    /// journal at its next tick anyway: waking its shard for every record would cost more than the record.
    ignores_journal: AtomicBool,
    /// What the match says to its author.
    pub(crate) log: Arc<Logbook>,
}

#[derive(Default)]
struct Words {
    queue: VecDeque<(ConnId, FromPlayer)>,
    bytes: usize,
    /// Answers to what the match asked: at most one for each of its requests, and those are bounded.
    answers: VecDeque<(RequestKey, RequestOutcome)>,
}

/// Where the match is.
#[derive(Clone, Default)]
enum Home {
    /// Nowhere yet: it is being created or restored.
    #[default]
    Coming,
    /// In this place of a shard. A match on its way is where it was: that shard passes questions on.
    At(Arc<ShardHandle>, Key),
    /// Out of memory.
    Asleep(Arc<Dormant>, MatchId),
}

impl Mailbox {
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

    /// Queues the answer to a request. A match that sleeps is brought back for it.
    pub(crate) fn answer(&self, key: RequestKey, outcome: RequestOutcome) {
        self.words().answers.push_back((key, outcome));
        // As in `post`, and with the same order of things for a match that goes to sleep.
        let asleep = matches!(*self.home(), Home::Asleep(..));
        if asleep || self.eager.load(Ordering::SeqCst) {
            self.poke();
        }
    }

    /// The oldest answer.
    pub(super) fn take_answer(&self) -> Option<(RequestKey, RequestOutcome)> {
        self.words().answers.pop_front()
    }

    /// The oldest word.
    pub(super) fn take(&self) -> Option<(ConnId, FromPlayer)> {
        let mut words = self.words();
        let taken = words.queue.pop_front()?;
        words.bytes -= cost(&taken.1);
        Some(taken)
    }

    /// Whether a word waits that a match would want to be woken for.
    pub(crate) fn waits(&self) -> bool {
        let words = self.words();
        !words.answers.is_empty() || words.queue.iter().any(|(_, word)| wakes(word) != Wakes::Never)
    }

    /// Makes the shard look at this match soon, and brings back one that sleeps.
    pub(crate) fn poke(&self) {
        if !self.poked.swap(true, Ordering::SeqCst) {
            let home = self.home().clone();
            match home {
                // Pokes are bounded by one for each match.
                Home::At(shard, key) => shard.send_internal(Command::Poke(key)),
                // Whoever takes it in looks at it first.
                Home::Coming => self.looked_at(),
                Home::Asleep(dormant, id) => {
                    self.looked_at();
                    dormant.knock(&id);
                }
            }
        }
    }

    /// Asks the match something, wherever it is. `false`: nobody will answer.
    pub(crate) fn ask(&self, mut question: Command) -> bool {
        let home = self.home().clone();
        match home {
            Home::At(shard, key) => {
                question.asked().into_iter().for_each(|asked| *asked = key);
                shard.send(question)
            }
            Home::Asleep(dormant, id) => question.wakes() && dormant.ask(&id, question),
            Home::Coming => false,
        }
    }

    /// The shard looks now: later pokes are news.
    pub(crate) fn looked_at(&self) {
        self.poked.store(false, Ordering::SeqCst);
    }

    pub(super) fn set_eager(&self, eager: bool) {
        self.eager.store(eager, Ordering::SeqCst);
    }

    /// Says whether the journal's progress is worth a look. Whoever sets it looks once more afterwards: what moved in
    /// between told nobody.
    pub(super) fn set_awaits_journal(&self, awaits: bool) {
        self.ignores_journal.store(!awaits, Ordering::SeqCst);
    }

    /// The match was taken in. Its new shard looks at it right after this.
    pub(super) fn moves_in(&self, shard: Arc<ShardHandle>, key: Key) {
        *self.home() = Home::At(shard, key);
    }

    /// The match leaves memory. What was posted shortly before, and woke nobody, is looked for after this.
    pub(crate) fn falls_asleep(&self, dormant: Arc<Dormant>, id: MatchId) {
        *self.home() = Home::Asleep(dormant, id);
        self.looked_at();
    }

    /// The shard to ask and the match's place there.
    pub(crate) fn place(&self) -> Option<(Arc<ShardHandle>, Key)> {
        match &*self.home() {
            Home::At(shard, key) => Some((Arc::clone(shard), *key)),
            Home::Coming | Home::Asleep(..) => None,
        }
    }

    fn home(&self) -> MutexGuard<'_, Home> {
        self.home.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn words(&self) -> MutexGuard<'_, Words> {
        // Words are pushed and popped whole: a panic elsewhere leaves them intact.
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As a waker, a mailbox makes the shard look: journals use it to say that they moved.
impl Wake for Mailbox {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.ignores_journal.load(Ordering::SeqCst) {
            self.poke();
        }
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
        let mailbox = Mailbox::default();
        while mailbox.post(ConnId(1), input(10_000)) {}
        assert!(mailbox.words().bytes < MAX_BYTES + 20_000);
        assert!(mailbox.post(ConnId(1), FromPlayer::Closed));
        mailbox.take().unwrap();
        mailbox.take().unwrap();
        assert!(mailbox.post(ConnId(1), input(10)));
    }
}

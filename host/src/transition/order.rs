//! What a transition asks of the shard that runs its match, and what it is given.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stadion_protocol::Incarnation;
use stadion_protocol::token::SchemaHash;
use tokio::sync::oneshot;

use crate::journal::{Record, Swap};
use crate::model::{Asked, MatchTime, Setup, Stepped};
use crate::session::Session;

/// Records that a transition may be behind. At 60 Hz that is 18 minutes of a match.
const MAX_TAPPED: usize = 65_536;

/// How long a match stands still at most, for the last records to be played, or for saving and loading, whose budgets are
/// half a second each. Mostly it is a millisecond; this is for a machine that has no CPU to give.
pub(crate) const HOLD: Duration = Duration::from_secs(2);

/// One thing that a transition asks of a match.
pub(crate) enum Order {
    /// Keep what is recorded from now on for the transition too; say so when everything before is durable, so that it
    /// can be read from the journal.
    Follow(oneshot::Sender<Arc<Tap>>),
    /// Seal no tick for this long; say so when nothing is in flight and everything is durable.
    Hold(Duration, oneshot::Sender<Held>),
    /// Go on in this session. Only while it is held; else the session comes back, to be dropped elsewhere.
    Swap(Box<Successor>, oneshot::Sender<Result<Swapped, Box<Successor>>>),
    /// Seal ticks again, and keep no records for the transition any more.
    Release,
}

/// A match that stands still.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The newest tick.
    pub(crate) tick: u64,
    /// Its match time.
    pub(crate) time: MatchTime,
    /// What the instance that runs was given.
    pub(crate) setup: Setup,
    /// What the match has asked of the world outside so far.
    pub(crate) asked: Asked,
}

/// The session in which a match is to go on.
pub(crate) struct Successor {
    /// After this tick and no other.
    pub(crate) tick: u64,
    pub(crate) session: Session,
    pub(crate) schema: SchemaHash,
    pub(crate) by: Swap,
    /// What `load` or `start` asked for; of a replay, what its newest step answered and nothing else.
    pub(crate) stepped: Stepped,
}

/// A match that goes on in another session.
pub(crate) struct Swapped {
    pub(crate) incarnation: Incarnation,
    /// Clients that were closed because the version speaks other messages.
    pub(crate) outdated: u32,
    /// What the old session was, to be dropped elsewhere than on the shard.
    pub(crate) _old: Box<dyn Send>,
}

/// Records of a match, in order, from the moment on at which its transition began.
#[derive(Default)]
pub(crate) struct Tap(Mutex<Tapped>);

#[derive(Default)]
struct Tapped {
    records: VecDeque<Record>,
    overflowed: bool,
}

/// The transition is so far behind that it will not catch up.
pub(crate) struct TooFarBehind;

impl Tap {
    /// On the shard.
    pub(crate) fn push(&self, record: Record) {
        let mut tapped = self.tapped();
        tapped.overflowed |= tapped.records.len() >= MAX_TAPPED;
        if tapped.overflowed {
            tapped.records.clear();
        } else {
            tapped.records.push_back(record);
        }
    }

    /// The oldest that was not taken yet.
    pub(crate) fn take(&self) -> Result<Option<Record>, TooFarBehind> {
        let mut tapped = self.tapped();
        if tapped.overflowed { Err(TooFarBehind) } else { Ok(tapped.records.pop_front()) }
    }

    fn tapped(&self) -> MutexGuard<'_, Tapped> {
        // Records are pushed and popped whole: a panic elsewhere leaves them intact.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

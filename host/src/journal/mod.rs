//! The journal of a match: its setup, its ticks and its end, append-only and hash-chained with what the guest asked for.
//!
//! ```text
//!   SETUP ── TICK ── TICK ── IDLE(n) ── TICK ── ... ── [GAP] ── END
//!      \______/ \____/    each link = BLAKE3-16(previous link, what the tick was given, what it asked for)
//! ```
//!
//! - [`record`]: what is written down. Written after a step returned; a step that did not return is in END as its cut.
//! - [`chain`]: the hashes. They cover what the guest asked for, before any policy of the host.
//! - `checkpoint`: states from which replay may start, beside the records.
//! - [`file`]: the `.stj` file, and the frames that every log uses: length, CRC-32C, body.
//! - [`log`]: the durable log of a host. [`memory`]: journals that live and die with the process.
//!
//! **Invariant.** Nothing here decides: what is journaled and when it may be released is the business of `life`.

pub mod chain;
mod checkpoint;
mod crc;
pub mod file;
pub mod log;
pub mod memory;
pub mod record;
mod summary;
mod wire;

#[cfg(test)]
pub(crate) mod testing;

use std::task::Waker;

use bytes::Bytes;
use stadion_protocol::contract::Durability;
use stadion_protocol::{GameName, MatchId, VersionId};

pub use chain::Link;
pub use checkpoint::{Checkpoint, CheckpointKind};
pub use file::{Damage, Reader, Writer};
pub use log::{DiskJournals, LogConfig};
pub use memory::{MemoryJournals, MemoryLimits};
pub use record::{
    Cut, EndRecord, Fact, GapRecord, IdleRun, Record, ResumedRecord, SetupRecord, SkippedRecord, Swap, SwappedRecord,
    TickRecord,
};

/// A place in a log. Later records have greater positions; positions of different logs mean nothing to one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u64);

/// Why a record could not be kept, or not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// One record is larger than a frame may be.
    #[error("a record of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// Of the encoded record.
        size: usize,
        /// [`file::MAX_RECORD_BYTES`].
        limit: usize,
    },
    /// A checkpoint takes more than those of a match may.
    #[error("a checkpoint of {size} bytes is over the limit of {limit}")]
    CheckpointTooLarge {
        /// Of the checkpoint.
        size: u64,
        /// Of a match's checkpoints.
        limit: u64,
    },
    /// The log itself failed: disk full, follower lost.
    #[error("the log failed: {0}")]
    Failed(String),
    /// There is no journal of this match that could go on: it was never there, it has ended, or it is open.
    #[error("there is no journal of match {0} that could go on")]
    NotThere(MatchId),
    /// What was written cannot be read.
    #[error("the journal is damaged: {0}")]
    Damaged(String),
}

/// How a match's journal keeps up with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// What is appended becomes durable.
    #[default]
    Keeping,
    /// The log fails: [`Journal::durable`] stands still until it has healed. No tick should be sealed meanwhile.
    Stalled,
    /// The log failed and the match's settings say that it plays on without: nothing is kept any more.
    Degraded,
}

/// The journal of one match, owned by the shard that runs it.
///
/// Order of calls: the setup first, then ticks in order, then one end. A record is *durable*, at the level that was asked
/// for when the journal was opened, once [`Journal::durable`] has reached the position that [`Journal::append`] gave.
/// Dropping a journal without an end leaves a match that [`Journals::reopen`] brings back: it hibernates, or moved away.
///
/// Nothing is read here, for a shard waits for no disk: see [`Journals::read`] and [`Journals::recall`].
pub trait Journal: Send {
    /// Takes a record without blocking and says where it will stand.
    fn append(&mut self, record: &Record) -> Result<Position, JournalError>;

    /// Everything up to here is durable. Cheap: asked after every tick.
    fn durable(&self) -> Position;

    /// Bytes of its records so far. Cheap.
    fn bytes(&self) -> u64;

    /// Takes a checkpoint of everything appended so far, without blocking. The newest two that are kept stay.
    fn keep_checkpoint(&mut self, checkpoint: Checkpoint) -> Result<(), JournalError>;

    /// The tick of the newest checkpoint that is kept as durably as the records before it. The waker is woken when it
    /// changes.
    fn checkpointed(&self) -> Option<u64>;

    /// Whether the log keeps up. Cheap: asked before every tick.
    fn standing(&self) -> Standing {
        Standing::Keeping
    }
}

/// Where journals are opened: one for each host.
pub trait Journals: Send + Sync + 'static {
    /// Opens the journal of a new match. `advanced` is woken when [`Journal::durable`] moved at some other time than
    /// within [`Journal::append`].
    fn open(&self, id: MatchId, level: Durability, advanced: Waker) -> Result<Box<dyn Journal>, JournalError>;

    /// Matches with a setup and without an end that no open journal speaks for: those that were found when the log was
    /// opened, and those that hibernate. Matches of level `none` are not among those found.
    fn unfinished(&self) -> Vec<Unfinished>;

    /// Takes up a match of [`Journals::unfinished`] again. Append a [`Record::Resumed`] before anything else.
    fn reopen(&self, id: MatchId, advanced: Waker) -> Result<Reopened, JournalError>;

    /// Whether the next process finds matches of this level among its [`Journals::unfinished`].
    fn outlives_process(&self, _level: Durability) -> bool {
        false
    }

    /// A match as a `.stj` file: running, hibernated, or ended and still retained. Blocks while it reads: not for shards.
    fn read(&self, id: MatchId) -> Option<Bytes>;

    /// What a session of a match can be made of again, whether somebody has its journal open or not. Blocks while it
    /// reads: not for shards. What is read grows with what follows the checkpoint, not with the match.
    fn recall(&self, id: MatchId, begin: Begin) -> Result<Recalled, JournalError>;
}

/// Where a match is recalled from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// The newest checkpoint that is whole, or else the setup.
    Newest,
    /// The newest one that is whole and of this tick or an older one, or else the setup.
    UpTo(u64),
    /// The setup, whatever checkpoints there are.
    Setup,
}

impl Begin {
    /// For when the checkpoint of this tick is of no use.
    pub fn before(tick: u64) -> Begin {
        tick.checked_sub(1).map_or(Begin::Setup, Begin::UpTo)
    }

    /// Whether a match may be recalled from a checkpoint of this tick.
    fn allows(self, tick: u64) -> bool {
        match self {
            Begin::Newest => true,
            Begin::UpTo(most) => tick <= most,
            Begin::Setup => false,
        }
    }
}

/// A match that could go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Which match.
    pub id: MatchId,
    /// Of which game.
    pub game: GameName,
    /// The code that ran last.
    pub version: VersionId,
    /// As it was opened.
    pub level: Durability,
    /// The newest session's number.
    pub incarnation: u32,
    /// The newest tick that was kept.
    pub tick: u64,
    /// What its records take, checkpoints not counted.
    pub bytes: u64,
    /// Records that were durable may be missing after `tick`: what is known of it, for its owner.
    pub damage: Option<String>,
}

/// A match taken up again.
pub struct Reopened {
    /// For what follows.
    pub journal: Box<dyn Journal>,
    /// What the match was derived from.
    pub setup: SetupRecord,
    /// The newest that is whole.
    pub checkpoint: Option<Checkpoint>,
    /// What follows the checkpoint, or else the setup. After an error nothing more comes.
    pub records: Records,
}

/// What a match is made again from.
pub struct Recalled {
    /// What the match was derived from.
    pub setup: SetupRecord,
    /// The newest that is whole.
    pub checkpoint: Option<Checkpoint>,
    /// What follows the checkpoint, or else the setup. After an error nothing more comes.
    pub records: Records,
}

/// Records in order, read as they are asked for.
pub type Records = Box<dyn Iterator<Item = Result<Record, JournalError>> + Send>;

impl std::fmt::Debug for Recalled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Recalled { setup, checkpoint, records: _ } = self;
        f.debug_struct("Recalled").field("setup", setup).field("checkpoint", checkpoint).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Reopened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Reopened { journal: _, setup, checkpoint, records: _ } = self;
        f.debug_struct("Reopened").field("setup", setup).field("checkpoint", checkpoint).finish_non_exhaustive()
    }
}

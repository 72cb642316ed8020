//! The journal of a match: its setup, its ticks and its end, append-only and hash-chained with what the guest asked for.
//!
//! ```text
//!   SETUP ── TICK ── TICK ── IDLE(n) ── TICK ── ... ── [GAP] ── END
//!      \______/ \____/    each link = BLAKE3-16(previous link, what the tick was given, what it asked for)
//! ```
//!
//! - [`record`]: what is written down. Written after a step returned; a step that did not return is in END as its cut.
//! - [`chain`]: the hashes. They cover what the guest asked for, before any policy of the host.
//! - [`file`]: the `.stj` file, and the frames that every log uses: length, CRC-32C, body.
//! - [`memory`]: the journal that lives and dies with the process.
//!
//! **Invariant.** Nothing here decides: what is journaled and when it may be released is the business of `life`.

pub mod chain;
mod crc;
pub mod file;
pub mod memory;
pub mod record;
mod wire;

use std::task::Waker;

use bytes::Bytes;
use stadion_protocol::MatchId;
use stadion_protocol::contract::Durability;

pub use chain::Link;
pub use file::{Damage, Reader, Writer};
pub use memory::{MemoryJournals, MemoryLimits};
pub use record::{Cut, EndRecord, Fact, GapRecord, IdleRun, Record, SetupRecord, TickRecord};

/// A place in a log. Later records have greater positions; positions of different logs mean nothing to one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u64);

/// Why a record could not be kept.
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
    /// The log itself failed: disk full, follower lost.
    #[error("the log failed: {0}")]
    Failed(String),
}

/// The journal of one match, owned by the shard that runs it.
///
/// Order of calls: the setup first, then ticks in order, then one end. A record is *durable*, at the level that was asked
/// for when the journal was opened, once [`Journal::durable`] has reached the position that [`Journal::append`] gave.
pub trait Journal: Send {
    /// Takes a record without blocking and says where it will stand.
    fn append(&mut self, record: &Record) -> Result<Position, JournalError>;

    /// Everything up to here is durable. Cheap: asked after every tick.
    fn durable(&self) -> Position;

    /// The whole match so far as a `.stj` file.
    fn to_file(&self) -> Bytes;
}

/// Where journals are opened: one for each host.
pub trait Journals: Send + Sync + 'static {
    /// Opens the journal of a new match. `advanced` is woken when [`Journal::durable`] moved at some other time than
    /// within [`Journal::append`].
    fn open(&self, id: MatchId, level: Durability, advanced: Waker) -> Result<Box<dyn Journal>, JournalError>;
}

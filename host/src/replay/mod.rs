//! Runs a journal again and compares what the guest asks for with what it asked for then, tick by tick.
//!
//! A match is a function of its journal: the same setup and ticks give the same outputs, on any machine, at any time. So
//! a match that ended in a trap, at its budget or from outside replays as well: its end is a decision in the journal, and
//! the tick that was cut is not run again.

mod against;
mod follow;
mod playback;
mod rewind;
mod run;
pub mod told;

use std::ops::RangeInclusive;
use std::sync::Arc;

use stadion_protocol::VersionId;
use stadion_protocol::contract::EndReason;

use crate::engine::LoadedVersion;
use crate::journal::{Damage, Link, Reader};
use crate::model::{Stepped, TickInput};

pub use against::{Apart, against};
pub(crate) use follow::{Beginning, Compare, Follower, Place};
pub use playback::{Playback, Played};
pub use rewind::Rewind;
pub(crate) use run::{Epoch, Stop, first, follow, last_epoch};

/// How a replay gets at the versions that a match ran in, by id: more than one if it was upgraded.
pub type FindVersion<'a> = dyn FnMut(VersionId) -> Result<Arc<LoadedVersion>, ReplayError> + 'a;

/// What a replay found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Ticks that were run and gave the same, `start` not counted.
    pub ticks: u64,
    /// The chain after the last of them, or after the end if the journal has one. Equal replays have equal chains.
    pub chain: Link,
    /// Where the replay first differed. Nothing was run after it.
    pub first_difference: Option<Difference>,
    /// How the match ended.
    pub coverage: Coverage,
}

impl Report {
    /// Whether every tick that the journal has gave the same.
    pub fn is_exact(&self) -> bool {
        self.first_difference.is_none()
    }
}

/// How much of the match a journal has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All of it, to this end.
    Whole(EndReason),
    /// It was still running.
    Running,
    /// Ticks from `first` on were not kept; it ended like this, if it has ended.
    Prefix {
        /// The first tick that is missing.
        first: u64,
        /// The end, if it was written.
        end: Option<EndReason>,
    },
}

/// Where and how a replay differs from its journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tick {}: {kind}", within(.ticks))]
pub struct Difference {
    /// The tick; within a folded run of uneventful ticks only the run is known.
    pub ticks: RangeInclusive<u64>,
    /// What differs.
    pub kind: DifferenceKind,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DifferenceKind {
    /// The game asked for something else.
    #[error("the game asked for something else than the journal says")]
    Outputs,
    /// The game wants to be called at another time.
    #[error("the game wants to be called at another time than the journal says")]
    Wake,
    /// The records do not form one chain, or their times are not the schedule's: the journal was tampered with.
    #[error("the journal's chain is broken here")]
    Chain,
    /// The game saves itself otherwise, or what it saved does not decode.
    #[error("the game saved something else than the journal says")]
    Saved,
    /// The step that returned then does not return now.
    #[error("the game did not return: {0}")]
    Fault(String),
}

/// A journal that cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read on.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// There is no setup to start from.
    #[error("the journal is empty")]
    Empty,
    /// It is a match of another version.
    #[error("the journal is of version {journal}, this is version {given}")]
    OtherVersion {
        /// The journal's.
        journal: VersionId,
        /// The one at hand.
        given: VersionId,
    },
    /// A version that the match ran in cannot be had.
    #[error("version {version}: {why}")]
    NoVersion {
        /// Which.
        version: VersionId,
        /// Why not.
        why: String,
    },
    /// A session could not be made of an image that was taken on the way.
    #[error("going back: {0}")]
    Image(String),
    /// A record that no host writes.
    #[error("from tick {first} on {ticks} ticks are folded into one record: no host writes such a journal")]
    Overlong {
        /// The first of them.
        first: u64,
        /// How many.
        ticks: u32,
    },
    /// Ticks are not in the journal.
    #[error("ticks from {first} on were not kept")]
    Missing {
        /// The first.
        first: u64,
    },
    /// What a game saved when it was swapped does not decode.
    #[error("what was saved after tick {tick} cannot be read")]
    Unreadable {
        /// The tick before the swap.
        tick: u64,
    },
}

/// Why a replay does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// The match is played otherwise.
    #[error(transparent)]
    Differs(#[from] Difference),
    /// It cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

impl From<Stop> for PlayError {
    fn from(stop: Stop) -> PlayError {
        match stop {
            Stop::Differs(difference) => PlayError::Differs(difference),
            Stop::Cannot(error) => PlayError::Replay(error),
        }
    }
}

/// Replays a journal from tick 0. Blocks for about as long as the guest's steps took.
pub fn verify(version: &Arc<LoadedVersion>, journal: &[u8]) -> Result<Report, ReplayError> {
    verify_with(version, journal, &mut |_, _| {})
}

/// As [`verify`], showing every tick and what the guest asked for. `None` as the input is `start`, or `load` where the
/// match went on in another instance.
pub fn verify_with(
    version: &Arc<LoadedVersion>,
    journal: &[u8],
    observe: &mut dyn FnMut(Option<&TickInput>, &Stepped),
) -> Result<Report, ReplayError> {
    verify_all(&mut only(version), journal, observe)
}

/// As [`verify_with`], for a match that ran in several versions.
pub fn verify_all(
    find: &mut FindVersion<'_>,
    journal: &[u8],
    observe: &mut dyn FnMut(Option<&TickInput>, &Stepped),
) -> Result<Report, ReplayError> {
    run::replay(find, Reader::new(journal)?, observe)
}

fn only(given: &Arc<LoadedVersion>) -> impl FnMut(VersionId) -> Result<Arc<LoadedVersion>, ReplayError> {
    |journal| match given.id() {
        id if id == journal => Ok(Arc::clone(given)),
        given => Err(ReplayError::OtherVersion { journal, given }),
    }
}

fn within(ticks: &RangeInclusive<u64>) -> String {
    if ticks.start() == ticks.end() {
        ticks.start().to_string()
    } else {
        format!("{} to {}", ticks.start(), ticks.end())
    }
}

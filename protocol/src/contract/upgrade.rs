//! A running match goes on in another version of its game.

use super::ArtifactUnavailable;
use super::host::UnknownMatch;
use crate::ids::{Incarnation, Tick};

/// The most outputs of a tick that a [`VersionDifference`] shows from each side.
pub const MAX_SHOWN_OUTPUTS: usize = 32;

/// The most bytes of one output that a [`VersionDifference`] shows.
pub const MAX_SHOWN_BYTES: usize = 4 << 10;

/// How a match comes to another version. Whichever way, seats, connections and the numbers of messages stay: nobody
/// reconnects, unless the version speaks other messages; such clients are closed as `outdated-client` and keep their
/// seats for as long as any lost player does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeWay {
    /// Every tick is played again on the new version, beside the match, until it has caught up.
    Replay(OnDifference),
    /// `save` on the old version, `load` on the new one.
    Carry,
    /// The new version starts afresh: match time begins at 0 again, ticks are numbered on, and the players are told to
    /// the game as joined.
    Restart,
}

/// What becomes of a match whose replay on the new version asks for something else than the old version did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDifference {
    /// It stays on the old version, untouched.
    #[default]
    Keep,
    /// It goes on in the new one, as if that had been played all along.
    Accept,
}

/// What became of a match that was to be upgraded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upgraded {
    /// It goes on in the new version.
    Moved(Moved),
    /// It is as it was: the new version asks for something else.
    Kept(Box<VersionDifference>),
}

/// A match that goes on in another version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The newest tick that the old session played.
    pub tick: Tick,
    /// The session that goes on.
    pub incarnation: Incarnation,
    /// Ticks that were played again.
    pub replayed: u64,
    /// Where the new version first asked for something else, if that was accepted.
    pub difference: Option<Box<VersionDifference>>,
    /// Clients that were closed because the new version speaks other messages.
    pub outdated: u32,
}

/// The first tick for which two versions ask for different things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionDifference {
    /// The tick; 0 is `start`.
    pub tick: Tick,
    /// What differs, for people.
    pub what: String,
    /// What the version that plays asked for, from the first output that differs on; at most [`MAX_SHOWN_OUTPUTS`].
    pub before: Vec<ShownOutput>,
    /// What the new version asks for instead.
    pub after: Vec<ShownOutput>,
}

/// One thing that a step asked for, as a developer is shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownOutput {
    /// `send`, `kick`, `label`, `open`, `finish`, `log`, `report`, `storage`, `call`; `wake` for when it wants to be called next.
    pub kind: &'static str,
    /// To whom or about what: `seat 1, reliable`.
    pub about: String,
    /// The content, cut after [`MAX_SHOWN_BYTES`]. What is sent is as the game encoded it.
    pub data: Vec<u8>,
}

/// Why a match was not upgraded. It plays on as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeError {
    /// No such match here.
    #[error(transparent)]
    Unknown(#[from] UnknownMatch),
    /// It is over.
    #[error("the match has ended")]
    Ended,
    /// Another upgrade of the same match is under way, or its session is being restored.
    #[error("the match is on its way into another session already")]
    Busy,
    /// There is no code to run.
    #[error(transparent)]
    Artifact(#[from] ArtifactUnavailable),
    /// The artifact is not one of ours, or is for another engine.
    #[error("artifact refused: {0}")]
    BadArtifact(String),
    /// The version is not one that this match can go on in, this way: other seats, another rate, no `save`.
    #[error("{0}")]
    Unfit(String),
    /// One of the versions trapped, ran past a budget or refused.
    #[error("{0}")]
    Failed(String),
    /// The new version did not catch up with the match in time.
    #[error("the new version did not catch up with the match within {seconds} s; restart it, or carry it over")]
    TooSlow {
        /// The host's bound.
        seconds: u32,
    },
    /// The journal does not hold every tick any more.
    #[error("ticks from {first} on are not in the journal; carry the match over, or restart it")]
    Incomplete {
        /// The first that is missing.
        first: u64,
    },
    /// The host has no room for a second session, or is going down.
    #[error("the host cannot do that now: {0}")]
    Unavailable(&'static str),
}

//! What a developer asks of a match of their own: to hold it still, and to tell its ticks.

use super::ArtifactUnavailable;
use super::host::UnknownMatch;

/// The most ticks that one [`Pace::Step`] plays.
pub const MAX_STEPS: u32 = 10_000;

/// The most ticks that are told at once.
pub const MAX_TOLD: u32 = 1_000;

/// How a match's time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As always.
    Run,
    /// Not at all: no tick is sealed, and match time stands still. What players say waits. It ends by itself after a while.
    Pause,
    /// So many ticks are played at once, and then it stands still again; at most [`MAX_STEPS`].
    Step(u32),
}

/// Which ticks are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickRange {
    /// The first; `None`: as many as fit before the newest, and the newest.
    pub from: Option<u64>,
    /// How many; at most [`MAX_TOLD`].
    pub limit: u32,
}

/// Ticks as the game's schema tells them, found by playing the journal again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldTicks {
    /// A JSON object for each: number, time, events, outputs. In their order.
    pub ticks: Vec<String>,
    /// The newest tick of the journal.
    pub last: u64,
    /// Where playing it again came to differ from what was played, if it did: nothing is told from there on.
    pub difference: Option<String>,
}

/// Why no ticks are told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicksError {
    /// No such match here.
    #[error(transparent)]
    Unknown(#[from] UnknownMatch),
    /// There is no code to play it with.
    #[error(transparent)]
    Artifact(#[from] ArtifactUnavailable),
    /// Playing it again would take too long.
    #[error("the match has {ticks} ticks; they are told here up to {most}: use `stadion replay --print`")]
    TooLong {
        /// How many it has.
        ticks: u64,
        /// The bound.
        most: u64,
    },
    /// The journal cannot be played.
    #[error("{0}")]
    Unreadable(String),
}

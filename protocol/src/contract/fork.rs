//! A developer's copy of a running match.

use super::host::UnknownMatch;
use crate::ids::{MatchId, Tick, VersionId};

/// A copy to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForkMatch {
    /// The match to copy.
    pub of: MatchId,
    /// The copy's id, chosen by the control plane.
    pub id: MatchId,
}

/// A copy that runs, with the players' seats held for whoever takes them: a seat that is reserved in it is one in which
/// somebody else sat. It survives nothing: its journal is not kept beyond the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forked {
    /// The tick from which on it is a match of its own.
    pub tick: Tick,
    /// The version that it runs.
    pub version: VersionId,
    /// Its seats.
    pub seat_count: u16,
}

/// Why there is no copy. The match itself is not touched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// No such match here.
    #[error(transparent)]
    Unknown(#[from] UnknownMatch),
    /// The id is taken.
    #[error("match {0} exists")]
    Exists(MatchId),
    /// The host is full or draining.
    #[error("the host has no room for another match: {0}")]
    Full(&'static str),
    /// What is kept of the match does not lead to where it is.
    #[error("the match cannot be played again: {0}")]
    Failed(String),
}

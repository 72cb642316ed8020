//! What matches ask of the world outside: documents that outlive them, and their owner's backend.
//!
//! ```text
//!   step ──▶ recorded ──durable──▶ asked [Requests: carry out] ──▶ answered ──▶ event of the next tick, recorded
//!              │ crash                  │ crash                       │ crash
//!              └─ never asked           └──── asked again by the next session, under the same name ────┘
//! ```
//!
//! A request may be asked several times and is answered once, as its game sees it. Whoever carries it out does so once:
//! asked again, it answers what it answered before.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Pending;
use crate::ids::{GameName, Incarnation, MatchId};

/// The longest key of a document, bytes.
pub const MAX_KEY_BYTES: usize = 256;

/// The largest document, bytes.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// The longest name of an owner's endpoint, bytes.
pub const MAX_ENDPOINT_BYTES: usize = 64;

/// The most JSON in a call, and in its answer, bytes.
pub const MAX_CALL_BYTES: usize = 64 * 1024;

/// Names a request of a match for good: asked again after a crash, it has the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestKey {
    /// The session whose step asked. A game that is begun anew counts its requests anew, in a session of a higher number.
    pub incarnation: Incarnation,
    /// As the game knows it: counted from 1.
    pub number: u64,
}

/// A request of a match, released: its tick is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GameRequest {
    /// Who asks.
    pub match_id: MatchId,
    /// Which of its requests.
    pub key: RequestKey,
    /// Of which game: it reaches this game's documents and its owner's endpoints alone.
    pub game: GameName,
    /// Whatever has a lower key was answered, durably, and is never asked again: nothing need be remembered of it.
    pub settled_below: RequestKey,
    /// What it wants.
    pub wanted: Arc<Wanted>,
}

/// What a game asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// A document.
    Document {
        /// Whose; `None`: the game's own. An account's id, as the game gave it.
        player: Option<String>,
        /// Which; at most [`MAX_KEY_BYTES`].
        key: String,
        /// What to do with it.
        action: DocumentAction,
    },
    /// An answer of the backend of the game's owner.
    Call {
        /// As the owner registered it; at most [`MAX_ENDPOINT_BYTES`].
        endpoint: String,
        /// At most [`MAX_CALL_BYTES`].
        json: String,
    },
}

/// What to do with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DocumentAction {
    /// Read it.
    Get,
    /// Write it.
    Put {
        /// The version that must be there; 0: there must be none; `None`: any.
        expect: Option<u64>,
        /// At most [`MAX_DOCUMENT_BYTES`].
        data: Vec<u8>,
    },
    /// Remove it.
    Delete {
        /// As for `Put`.
        expect: Option<u64>,
    },
}

impl Wanted {
    /// Whether nothing is changed by it, however often it is asked.
    pub fn only_reads(&self) -> bool {
        matches!(self, Wanted::Document { action: DocumentAction::Get, .. })
    }

    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        match self {
            Wanted::Document { player, key, action } => {
                let data = if let DocumentAction::Put { data, .. } = action { data.len() } else { 0 };
                player.as_ref().map_or(0, String::len) + key.len() + data
            }
            Wanted::Call { endpoint, json } => endpoint.len() + json.len(),
        }
    }
}

/// Why a request failed. The game sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum RequestError {
    /// No such document.
    #[error("no such document")]
    NotFound,
    /// Another version is there: this one; 0: none.
    #[error("another version is there: {0}")]
    Conflict(u64),
    /// Over the size limit.
    #[error("over the size limit")]
    TooLarge,
    /// Over a quota of the player, the game or its owner.
    #[error("over the quota")]
    OverQuota,
    /// Not this game's to ask for: no such endpoint, or a developer's copy of a match that would change something.
    #[error("denied")]
    Denied,
    /// Whoever should answer did not in time. What was asked may have been done all the same.
    #[error("not available")]
    Unavailable,
}

/// The answer to a request. Of a document: its version (u64, little-endian) and, of a read, its bytes. Of a call: the
/// bytes that the backend answered.
pub type RequestOutcome = Result<Vec<u8>, RequestError>;

/// Carries out what matches ask for: the control plane.
pub trait Requests: Send + Sync + 'static {
    /// Carries a request out, once however often it is asked. Whoever asks gives up after a time of its own, by dropping
    /// the future; requests of one match for documents come one after the other, in the order of their keys.
    fn carry_out(&self, request: GameRequest) -> Pending<'_, RequestOutcome>;
}

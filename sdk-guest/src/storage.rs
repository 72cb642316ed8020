//! Documents that outlive a match: of a player in this game, or of the game.

use std::rc::Rc;

use crate::raw::{self, Host};
use crate::seat::Player;

/// Names a request until its answer comes to [`crate::Game::answer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Request(pub u64);

/// Why a request was refused or failed.
pub use crate::raw::RequestError as StorageError;

/// A document as it was read, or what is known of it after a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Rises with every write; expect it in the next write to notice a write in between.
    pub version: u64,
    /// The content; empty after a write.
    pub data: Vec<u8>,
}

impl Document {
    /// From the bytes of an answer: the version (u64, little-endian), then the content.
    pub(crate) fn from_answer(bytes: &[u8]) -> Result<Document, StorageError> {
        let (version, data) = bytes.split_first_chunk().ok_or(StorageError::Unavailable)?;
        Ok(Document { version: u64::from_le_bytes(*version), data: data.to_vec() })
    }
}

/// Asks for documents. Answers come in a later step, to [`crate::Game::answer`].
pub struct Storage<'a> {
    pub(crate) host: &'a dyn Host,
    /// Whose documents; none: the game's own.
    pub(crate) player: Option<Rc<Player>>,
}

impl Storage<'_> {
    /// Reads a document.
    pub fn get(&self, key: &str) -> Result<Request, StorageError> {
        self.host.get(self.player(), key).map(Request)
    }

    /// Writes a document. With `expect`, only over that version (0: only if there is none).
    pub fn put(&self, key: &str, expect: Option<u64>, data: &[u8]) -> Result<Request, StorageError> {
        self.host.put(self.player(), key, expect, data).map(Request)
    }

    /// Removes a document. With `expect`, only that version.
    pub fn delete(&self, key: &str, expect: Option<u64>) -> Result<Request, StorageError> {
        self.host.delete(self.player(), key, expect).map(Request)
    }

    fn player(&self) -> Option<&str> {
        self.player.as_ref().map(|player| player.id.as_str())
    }
}

/// An answer as the game gets it.
pub(crate) fn answer(answer: &raw::Answer) -> (Request, Result<Document, StorageError>) {
    let outcome = answer.outcome.as_ref().map_err(|error| *error);
    (Request(answer.request), outcome.and_then(|bytes| Document::from_answer(bytes)))
}

//! Documents that outlive a match: of a player in this game, or of the game.
//!
//! ```
//! use stadion_sdk::prelude::*;
//! use stadion_sdk::storage::{Document, Request, StorageError};
//!
//! /// What is kept of each player.
//! #[derive(Default)]
//! #[state]
//! struct Record { played: u32, won: u32 }
//! # struct MyGame { asked: Option<(Request, Seat)>, records: Vec<(Seat, u64, Record)> }
//! # impl MyGame {
//!
//! fn join(&mut self, cx: &Cx<Self>, seat: Seat) {
//!     let Some(storage) = cx.storage(Some(seat)) else { return };
//!     self.asked = storage.get("record").ok().map(|request| (request, seat));
//! }
//!
//! fn answer(&mut self, cx: &Cx<Self>, request: Request, answer: Result<Document, StorageError>) {
//!     let Some((_, seat)) = self.asked.filter(|(asked, _)| *asked == request) else { return };
//!     let (version, record) = match &answer {
//!         Ok(document) => (document.version, document.value().unwrap_or_default()),
//!         Err(StorageError::NotFound) => (0, Record::default()),
//!         Err(why) => return cx.log(format!("no record: {why:?}")),
//!     };
//!     self.records.push((seat, version, record));
//! }
//! # }
//! # impl Game for MyGame {
//! #     const INFO: Info = Info::new("doc").seats(1..=2);
//! #     type In = (); type Out = (); type View = (); type Timer = ();
//! #     fn start(_: &Cx<Self>) -> Self { MyGame { asked: None, records: Vec::new() } }
//! #     fn view(&self, _: &Cx<Self>, _: Seat) {}
//! # }
//! ```
//!
//! At the end of the match: `storage.put_value("record", Some(version), &record)`. With the version that was read, a write of
//! another match in between shows as [`StorageError::Conflict`]: read again, then write.
//!
//! A write is done once, whatever happens to the server, and what a game writes in its last step is written. An answer
//! [`StorageError::Unavailable`] says that none came: the write may have been done.

use std::cell::Cell;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::raw::{self, Host};
use crate::save;
use crate::seat::Player;

/// Names a request until its answer comes to [`crate::Game::answer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Request(pub u64);

impl Request {
    /// One that was just made, and maybe is the first of its instance.
    pub(crate) fn of(number: u64, first: &Cell<Option<u64>>) -> Request {
        first.set(first.get().or(Some(number)));
        Request(number)
    }
}

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
    /// The value that [`Storage::put_value`] wrote, perhaps in an older version of the game.
    ///
    /// # Errors
    /// It is another one, or no value at all: in words.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, String> {
        save::from_cbor(&self.data)
    }

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
    pub(crate) first: &'a Cell<Option<u64>>,
}

impl Storage<'_> {
    /// Reads a document.
    pub fn get(&self, key: &str) -> Result<Request, StorageError> {
        self.host.get(self.player(), key).map(|request| Request::of(request, self.first))
    }

    /// Writes a value as a document, self-describing (CBOR): a later version of the game may add fields with
    /// `#[serde(default)]` and still read it. Otherwise as [`Storage::put`].
    pub fn put_value<T: Serialize>(&self, key: &str, expect: Option<u64>, value: &T) -> Result<Request, StorageError> {
        self.put(key, expect, &save::to_cbor(value))
    }

    /// Writes a document. With `expect`, only over that version (0: only if there is none).
    ///
    /// # Errors
    /// [`StorageError::TooLarge`]: the key has over 256 bytes or the document over 256 KiB; [`StorageError::Denied`]: the key is
    /// empty; [`StorageError::OverQuota`]: 64 requests wait for their answers. Whatever else can be wrong is in the answer.
    pub fn put(&self, key: &str, expect: Option<u64>, data: &[u8]) -> Result<Request, StorageError> {
        self.host.put(self.player(), key, expect, data).map(|request| Request::of(request, self.first))
    }

    /// Removes a document. With `expect`, only that version.
    pub fn delete(&self, key: &str, expect: Option<u64>) -> Result<Request, StorageError> {
        self.host.delete(self.player(), key, expect).map(|request| Request::of(request, self.first))
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

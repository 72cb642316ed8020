//! Documents of games.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::api::Api;
use crate::call::Call;
use crate::error::Error;
use crate::operation::Operation;
use crate::operations as ops;

/// Where documents are.
#[derive(Clone, Copy, Debug)]
pub struct Shelf<'a> {
    /// Of which game.
    pub game: &'a str,
    /// Whose; `None`: the game's own.
    pub player: Option<&'a str>,
}

/// A document, without its content.
#[derive(Debug, Deserialize, Serialize)]
pub struct Document {
    /// Names it.
    pub key: String,
    /// Grows with each change.
    pub version: u64,
    /// Bytes.
    pub size: u32,
    /// When.
    pub changed_at: String,
}

/// What must be there for a document to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there.
    Anything,
    /// No document.
    Nothing,
    /// This version of it.
    Version(u64),
}

/// What players may do with their own documents.
#[derive(Debug, Deserialize, Serialize)]
pub struct StorageAccess {
    /// `none`, `read` or `write`.
    pub players: String,
}

impl Api {
    /// All documents of a shelf.
    pub async fn documents(&self, shelf: Shelf<'_>) -> Result<Vec<Document>, Error> {
        self.call(ops::LIST_DOCUMENTS, &[shelf.game]).query_if("player", shelf.player).pages().all().await
    }

    /// The content of a document.
    pub async fn document(&self, shelf: Shelf<'_>, key: &str) -> Result<Bytes, Error> {
        self.of_document(ops::GET_DOCUMENT, shelf, key).send().await
    }

    /// Writes a document.
    pub async fn put_document(
        &self,
        (shelf, key): (Shelf<'_>, &str),
        expected: Expected,
        data: Vec<u8>,
    ) -> Result<Document, Error> {
        let call = self.of_document(ops::PUT_DOCUMENT, shelf, key);
        only_if(call, expected).file("application/octet-stream", data).send().await
    }

    /// Removes a document.
    pub async fn delete_document(&self, (shelf, key): (Shelf<'_>, &str), expected: Expected) -> Result<(), Error> {
        only_if(self.of_document(ops::DELETE_DOCUMENT, shelf, key), expected).send().await
    }

    /// What players may do with their own documents: `none`, `read` or `write`.
    pub async fn storage_access(&self, game: &str) -> Result<String, Error> {
        Ok(self.call(ops::GET_STORAGE_ACCESS, &[game]).send().await?.players)
    }

    /// Sets it.
    pub async fn set_storage_access(&self, game: &str, players: &str) -> Result<(), Error> {
        let body = StorageAccess { players: players.to_owned() };
        self.call(ops::SET_STORAGE_ACCESS, &[game]).json(&body).send().await.map(drop)
    }

    fn of_document<A: Answer>(&self, operation: Operation<A>, shelf: Shelf<'_>, key: &str) -> Call<A> {
        self.call(operation, &[shelf.game, key]).query_if("player", shelf.player)
    }
}

fn only_if<A: Answer>(call: Call<A>, expected: Expected) -> Call<A> {
    match expected {
        Expected::Anything => call,
        Expected::Nothing => call.if_absent(),
        Expected::Version(version) => call.if_match(&format!("\"{version}\"")),
    }
}

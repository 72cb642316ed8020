//! Documents in memory, as a server keeps them.

use std::collections::BTreeMap;

use crate::raw::RequestError;

/// Whose, and its key.
pub(super) type Place = (Option<String>, String);

/// What outlives a match under test: hand it on to the next one with [`Plan::documents`](super::Plan::documents).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Documents {
    kept: BTreeMap<Place, (u64, Vec<u8>)>,
    newest: u64,
}

impl Documents {
    /// None at all.
    pub fn new() -> Documents {
        Documents::default()
    }

    /// With a document of a player, or with `None` of the game.
    #[must_use]
    pub fn with(mut self, player: Option<&str>, key: &str, data: impl AsRef<[u8]>) -> Documents {
        self.newest += 1;
        self.kept.insert((player.map(str::to_owned), key.to_owned()), (self.newest, data.as_ref().to_vec()));
        self
    }

    /// The content of a document.
    pub fn get(&self, player: Option<&str>, key: &str) -> Option<&[u8]> {
        let (_, data) = self.kept.get(&(player.map(str::to_owned), key.to_owned()))?;
        Some(data)
    }

    pub(super) fn read(&self, place: &Place) -> Result<Vec<u8>, RequestError> {
        let (version, data) = self.kept.get(place).ok_or(RequestError::NotFound)?;
        Ok([&version.to_le_bytes()[..], data].concat())
    }

    pub(super) fn put(&mut self, place: Place, expect: Option<u64>, data: Vec<u8>) -> Result<Vec<u8>, RequestError> {
        self.expect(&place, expect)?;
        self.newest += 1;
        self.kept.insert(place, (self.newest, data));
        Ok(self.newest.to_le_bytes().to_vec())
    }

    pub(super) fn delete(&mut self, place: &Place, expect: Option<u64>) -> Result<Vec<u8>, RequestError> {
        self.expect(place, expect)?;
        self.kept.remove(place).ok_or(RequestError::NotFound)?;
        Ok(0u64.to_le_bytes().to_vec())
    }

    fn expect(&self, place: &Place, expect: Option<u64>) -> Result<(), RequestError> {
        let there = self.kept.get(place).map_or(0, |(version, _)| *version);
        if expect.is_some_and(|expected| expected != there) { Err(RequestError::Conflict(there)) } else { Ok(()) }
    }
}

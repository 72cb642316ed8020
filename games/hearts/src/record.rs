//! What is kept of each player from match to match.

use std::collections::BTreeMap;

use stadion_sdk::prelude::*;
use stadion_sdk::storage::{Document, Request, StorageError};

use crate::Hearts;

/// Where a player's record is.
pub const KEY: &str = "record";

/// Matches of a player that were played to their end.
#[state]
#[derive(Copy, Default, PartialEq, Eq)]
pub struct Record {
    /// All of them.
    pub played: u32,
    /// With the fewest points.
    pub won: u32,
}

/// The records of those who play.
#[state]
#[derive(Default)]
pub(crate) struct Records {
    asked: BTreeMap<Request, Seat>,
    /// With the version that was read: 0 for none.
    known: BTreeMap<Seat, (u64, Record)>,
}

impl Records {
    /// A player has come.
    pub(crate) fn ask(&mut self, cx: &Cx<Hearts>, seat: Seat) {
        self.known.remove(&seat);
        if let Some(Ok(request)) = cx.storage(Some(seat)).map(|storage| storage.get(KEY)) {
            self.asked.insert(request, seat);
        }
    }

    pub(crate) fn answer(&mut self, cx: &Cx<Hearts>, request: Request, answer: Result<Document, StorageError>) {
        let Some(seat) = self.asked.remove(&request) else { return };
        let (version, record) = match answer {
            Ok(document) => match document.value() {
                Ok(record) => (document.version, record),
                Err(why) => return cx.log(format!("seat {seat}: the record is not to be read: {why}")),
            },
            Err(StorageError::NotFound) => (0, Record::default()),
            // The match is played all the same, and counts for nothing.
            Err(why) => return cx.log(format!("seat {seat}: no record: {why:?}")),
        };
        let Record { played, won } = record;
        cx.log(format!("seat {seat}: {played} played, {won} won"));
        self.known.insert(seat, (version, record));
    }

    /// The match is over, and these have won.
    pub(crate) fn write(&self, cx: &Cx<Hearts>, won: impl Fn(Seat) -> bool) {
        for (seat, (version, record)) in &self.known {
            let Some(storage) = cx.storage(Some(*seat)) else { continue };
            let record = Record { played: record.played + 1, won: record.won + u32::from(won(*seat)) };
            // Over what was read: a match that ended meanwhile elsewhere is not undone, this one is then not counted.
            if let Err(why) = storage.put_value(KEY, Some(*version), &record) {
                cx.log(format!("seat {seat}: the record was not written: {why:?}"));
            }
        }
    }
}

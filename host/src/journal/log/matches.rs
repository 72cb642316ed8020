//! The matches of a log that are not filed away: where their newest frame stands and what is known of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stadion_protocol::MatchId;
use stadion_protocol::contract::Durability;

use super::frame::Moved;
use crate::journal::Unfinished;
use crate::journal::record::IdleRun;
use crate::journal::summary::Summary;

/// One match.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) id: MatchId,
    pub(super) number: u32,
    pub(super) level: Durability,
    state: Mutex<State>,
}

/// What changes of it.
#[derive(Debug)]
pub(super) struct State {
    /// A journal speaks for it.
    pub(super) open: bool,
    pub(super) over: Over,
    /// Where the setup's frame begins, unless that was moved or is not there yet.
    pub(super) first: u64,
    /// Where the newest frame begins: a record, or that the match was opened.
    pub(super) newest: u64,
    /// Where it ends.
    pub(super) end: u64,
    /// Records so far, those that were moved included.
    pub(super) records: u64,
    /// What they took.
    pub(super) bytes: u64,
    /// `None`: its setup was not appended.
    pub(super) summary: Option<Summary>,
    /// Folded and not appended.
    pub(super) idle: Option<IdleRun>,
    /// What stands in a file of its own.
    pub(super) part: Part,
    /// Where some of the records in that file begin.
    pub(super) places: Places,
    /// Kept, oldest first; at most two.
    pub(super) checkpoints: Vec<Kept>,
    /// Records of this journal that are not durable yet, with where they end in the log.
    pub(super) waiting: VecDeque<(u64, u64)>,
    /// Records that this journal has taken.
    pub(super) taken: u64,
    /// How many of them are durable.
    pub(super) durable: u64,
    pub(super) damage: Option<String>,
}

/// Whether anything can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    No,
    /// It has its end.
    Ended,
    /// It has none and never will: a gap, or a level that promises nothing.
    Abandoned,
}

/// The part of a match that was moved out of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Position of the newest frame that was moved; at first, where the match was opened.
    pub(super) through: u64,
    /// Bytes of its file that count.
    pub(super) bytes: u64,
    /// Records in it.
    pub(super) records: u64,
    /// Where the log says so.
    pub(super) said_at: Option<u64>,
}

/// Where some of the records of a moved part begin, so that whoever wants the last of a day need not read the day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places(Vec<(u64, u64)>);

impl Places {
    /// Every so many records one is noted: 16 bytes for some 10 KiB of file.
    const EVERY: u64 = 256;

    /// The record with this many before it begins at this byte of the file. In order.
    pub(super) fn note(&mut self, before: u64, at: u64) {
        if before.is_multiple_of(Places::EVERY) {
            self.0.push((before, at));
        }
    }

    /// A place at or shortly before the record with this many before it: how many are before the place, and the byte.
    pub(super) fn near(&self, before: u64) -> Option<(u64, u64)> {
        self.0[..self.0.partition_point(|(records, _)| *records <= before)].last().copied()
    }
}

/// A checkpoint on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) tick: u64,
    /// Where the newest record before it ends in the log.
    pub(super) after: u64,
    pub(super) name: String,
    /// How long it is.
    pub(super) bytes: u64,
    /// How many were kept before it, of all matches; 0 for those of an earlier process.
    pub(super) nth: u64,
}

impl Match {
    pub(super) fn new(id: MatchId, number: u32, level: Durability, state: State) -> Match {
        Match { id, number, level, state: Mutex::new(state) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn unfinished(&self) -> Option<Unfinished> {
        let state = self.state();
        let summary = state.summary.clone().filter(|_| state.could_go_on())?;
        let unfinished = summary.unfinished(self.id, self.level, state.bytes);
        Some(Unfinished { damage: state.damage.clone(), ..unfinished })
    }

    pub(super) fn moved(&self, part: &Part) -> Moved {
        let Part { through, bytes, records, said_at: _ } = *part;
        Moved { id: self.id.0, level: self.level, through, bytes, records }
    }
}

impl State {
    /// A match that was opened by the frame at this place.
    pub(super) fn opened(start: u64, end: u64) -> State {
        State {
            open: false,
            over: Over::No,
            first: start,
            newest: start,
            end,
            records: 0,
            bytes: 0,
            summary: None,
            idle: None,
            part: Part { through: start, bytes: 0, records: 0, said_at: None },
            places: Places::default(),
            checkpoints: Vec::new(),
            waiting: VecDeque::new(),
            taken: 0,
            durable: 0,
            damage: None,
        }
    }

    pub(super) fn could_go_on(&self) -> bool {
        !self.open && self.over == Over::No && self.summary.is_some()
    }

    /// From here on the log is needed for this match.
    pub(super) fn anchor(&self) -> u64 {
        match self.part.said_at {
            Some(said_at) if self.part.through == self.newest => said_at,
            Some(said_at) => said_at.min(self.part.through),
            None => self.part.through,
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Catalog(Mutex<HashMap<MatchId, Arc<Match>>>);

impl Catalog {
    pub(super) fn get(&self, id: MatchId) -> Option<Arc<Match>> {
        self.map().get(&id).cloned()
    }

    pub(super) fn insert(&self, one: Arc<Match>) {
        self.map().insert(one.id, one);
    }

    pub(super) fn remove(&self, id: MatchId) {
        self.map().remove(&id);
    }

    pub(super) fn all(&self) -> Vec<Arc<Match>> {
        self.map().values().cloned().collect()
    }

    fn map(&self) -> MutexGuard<'_, HashMap<MatchId, Arc<Match>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Journals that live in memory: for tests and for hosts that keep nothing. Every record is durable at once, at the only
//! level that memory has. A match that hibernates is taken up again within the process.
//!
//! Bounds: bytes for a match and bytes for all. A match that is over either plays on, and its journal keeps what it has:
//! a prefix can be replayed from tick 0, a suffix could not. A gap record says where it stops, and the end with the hash
//! of the whole chain is always kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::Bytes;
use stadion_protocol::MatchId;
use stadion_protocol::contract::Durability;

use super::checkpoint::Checkpoint;
use super::file::{Reader, Writer};
use super::record::{GapRecord, IdleRun, Record, TickRecord};
use super::summary::Summary;
use super::{Begin, Journal, JournalError, Journals, Position, Recalled, Reopened, Standing, Unfinished};

/// The longest folded run: at 20 Hz a difference is located to within 13 s of ticks in which nothing happened.
pub(super) const MAX_IDLE_RUN: u32 = 256;

/// How much memory journals may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Of one match, bytes. A busy match at 20 Hz writes about 16 MiB an hour.
    pub match_bytes: u64,
    /// Of all matches that run, bytes.
    pub total_bytes: u64,
}

impl Default for MemoryLimits {
    fn default() -> MemoryLimits {
        MemoryLimits { match_bytes: 32 << 20, total_bytes: 2 << 30 }
    }
}

/// Opens journals in memory.
#[derive(Debug)]
pub struct MemoryJournals {
    limits: MemoryLimits,
    used: Arc<AtomicU64>,
    matches: Arc<Mutex<HashMap<MatchId, Arc<Mutex<Stored>>>>>,
}

impl MemoryJournals {
    /// Journals within these limits.
    pub fn new(limits: MemoryLimits) -> MemoryJournals {
        MemoryJournals { limits, used: Arc::default(), matches: Arc::default() }
    }

    /// Bytes of all journals that are not over.
    pub fn used_bytes(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    fn get(&self, id: MatchId) -> Option<Arc<Mutex<Stored>>> {
        lock(&self.matches).get(&id).cloned()
    }

    fn journal(&self, id: MatchId, stored: Arc<Mutex<Stored>>) -> Box<dyn Journal> {
        Box::new(MemoryJournal {
            id,
            stored,
            position: Position(0),
            limits: self.limits,
            used: Arc::clone(&self.used),
            matches: Arc::clone(&self.matches),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Journals for MemoryJournals {
    fn open(&self, id: MatchId, level: Durability, _: Waker) -> Result<Box<dyn Journal>, JournalError> {
        let stored = Arc::new(Mutex::new(Stored::new(level)));
        lock(&self.matches).insert(id, Arc::clone(&stored));
        Ok(self.journal(id, stored))
    }

    fn unfinished(&self) -> Vec<Unfinished> {
        let matches = lock(&self.matches);
        matches.iter().filter_map(|(id, stored)| lock(stored).unfinished(*id)).collect()
    }

    fn reopen(&self, id: MatchId, _: Waker) -> Result<Reopened, JournalError> {
        let stored = self.get(id).ok_or(JournalError::NotThere(id))?;
        let Recalled { setup, checkpoint, records } = lock(&stored).reopen().ok_or(JournalError::NotThere(id))?;
        Ok(Reopened { journal: self.journal(id, stored), setup, checkpoint, records })
    }

    fn read(&self, id: MatchId) -> Option<Bytes> {
        self.get(id).map(|stored| lock(&stored).to_file())
    }

    fn recall(&self, id: MatchId, begin: Begin) -> Result<Recalled, JournalError> {
        let stored = self.get(id).ok_or(JournalError::NotThere(id))?;
        lock(&stored).recall(begin).ok_or(JournalError::NotThere(id))
    }
}

/// What is there of a match.
#[derive(Debug)]
struct Stored {
    level: Durability,
    open: bool,
    writer: Writer,
    /// Frames in `writer`.
    records: u64,
    /// The run that the last frame holds and where that frame begins: it grows in place.
    idle: Option<(IdleRun, usize)>,
    /// Ticks are no longer kept.
    gap: bool,
    ended: bool,
    /// With how many records stand before each; at most two.
    checkpoints: Vec<(u64, Checkpoint)>,
    /// What this journal has added to `used`.
    counted: u64,
}

impl Stored {
    fn new(level: Durability) -> Stored {
        Stored {
            level,
            open: true,
            writer: Writer::default(),
            records: 0,
            idle: None,
            gap: false,
            ended: false,
            checkpoints: Vec::new(),
            counted: 0,
        }
    }

    fn could_go_on(&self) -> bool {
        !self.open && !self.gap && !self.ended && self.records > 0
    }

    fn read(&self) -> impl Iterator<Item = Record> {
        Reader::new(self.writer.as_bytes()).into_iter().flatten().map_while(Result::ok)
    }

    fn unfinished(&self, id: MatchId) -> Option<Unfinished> {
        if !self.could_go_on() {
            return None;
        }
        let mut records = self.read();
        let Some(Record::Setup(setup)) = records.next() else { return None };
        let mut summary = Summary::new(&setup);
        records.for_each(|record| summary.note(&record));
        Some(summary.unfinished(id, self.level, self.writer.len() as u64))
    }

    fn reopen(&mut self) -> Option<Recalled> {
        if !self.could_go_on() {
            return None;
        }
        let recalled = self.recall(Begin::Newest)?;
        (self.open, self.idle) = (true, None);
        Some(recalled)
    }

    fn recall(&self, begin: Begin) -> Option<Recalled> {
        let mut records = self.read();
        let Some(Record::Setup(setup)) = records.next() else { return None };
        let (before, checkpoint) = match self.checkpoints.iter().rfind(|(_, kept)| begin.allows(kept.tick)) {
            Some((before, checkpoint)) => (*before, Some(checkpoint.clone())),
            None => (1, None),
        };
        let skip = usize::try_from(before - 1).unwrap_or(usize::MAX);
        let records: Vec<_> = records.skip(skip).map(Ok).collect();
        Some(Recalled { setup: *setup, checkpoint, records: Box::new(records.into_iter()) })
    }

    fn to_file(&self) -> Bytes {
        Bytes::copy_from_slice(self.writer.as_bytes())
    }
}

struct MemoryJournal {
    id: MatchId,
    stored: Arc<Mutex<Stored>>,
    position: Position,
    limits: MemoryLimits,
    used: Arc<AtomicU64>,
    matches: Arc<Mutex<HashMap<MatchId, Arc<Mutex<Stored>>>>>,
}

impl Journal for MemoryJournal {
    fn append(&mut self, record: &Record) -> Result<Position, JournalError> {
        let mut writing = Writing { stored: &mut lock(&self.stored), limits: self.limits, used: &self.used };
        match record {
            Record::Idle(_) | Record::Tick(_) if writing.stored.gap => {}
            Record::Idle(run) => writing.append_idle(*run)?,
            Record::Tick(tick) => writing.append_tick(record, tick)?,
            other => writing.write(other)?,
        }
        self.position.0 += 1;
        Ok(self.position)
    }

    fn durable(&self) -> Position {
        self.position
    }

    fn bytes(&self) -> u64 {
        lock(&self.stored).writer.len() as u64
    }

    fn keep_checkpoint(&mut self, checkpoint: Checkpoint) -> Result<(), JournalError> {
        let mut stored = lock(&self.stored);
        if stored.gap {
            return Err(JournalError::Failed("nothing is kept of this match any more".to_owned()));
        }
        let mut writing = Writing { stored: &mut stored, limits: self.limits, used: &self.used };
        writing.keep(checkpoint);
        Ok(())
    }

    fn standing(&self) -> Standing {
        if lock(&self.stored).gap { Standing::Degraded } else { Standing::Keeping }
    }

    fn checkpointed(&self) -> Option<u64> {
        lock(&self.stored).checkpoints.last().map(|(_, checkpoint)| checkpoint.tick)
    }
}

impl Drop for MemoryJournal {
    fn drop(&mut self) {
        let mut stored = lock(&self.stored);
        stored.open = false;
        if !stored.could_go_on() {
            self.used.fetch_sub(stored.counted, Ordering::Relaxed);
            drop(stored);
            lock(&self.matches).remove(&self.id);
        }
    }
}

/// A match being written to, within the limits of all.
struct Writing<'a> {
    stored: &'a mut Stored,
    limits: MemoryLimits,
    used: &'a AtomicU64,
}

impl Writing<'_> {
    fn append_tick(&mut self, record: &Record, tick: &TickRecord) -> Result<(), JournalError> {
        let before = self.stored.writer.len();
        self.write(record)?;
        self.stop_over_bounds(before, tick.input.number);
        Ok(())
    }

    /// Lets the run in the last frame grow, or starts another.
    fn append_idle(&mut self, run: IdleRun) -> Result<(), JournalError> {
        if let Some((open, at)) = self.stored.idle
            && let Some(grown) = open.followed_by(&run).filter(|grown| grown.count <= MAX_IDLE_RUN)
        {
            self.stored.writer.truncate(at);
            self.stored.records -= 1;
            self.write(&Record::Idle(grown))?;
            self.stored.idle = Some((grown, at));
            return Ok(());
        }
        let at = self.stored.writer.len();
        self.write(&Record::Idle(run))?;
        self.stored.idle = Some((run, at));
        self.stop_over_bounds(at, run.first);
        Ok(())
    }

    fn write(&mut self, record: &Record) -> Result<(), JournalError> {
        self.stored.idle = None;
        self.stored.writer.append(record)?;
        self.stored.records += 1;
        self.stored.ended |= matches!(record, Record::End(_));
        self.count();
        Ok(())
    }

    fn keep(&mut self, checkpoint: Checkpoint) {
        let records = self.stored.records;
        self.stored.idle = None;
        self.stored.checkpoints.push((records, checkpoint));
        if self.stored.checkpoints.len() > 2 {
            self.stored.checkpoints.remove(0);
        }
        self.count();
    }

    fn count(&mut self) {
        let checkpoints: usize = self.stored.checkpoints.iter().map(|(_, checkpoint)| checkpoint.size()).sum();
        let now = (self.stored.writer.len() + checkpoints) as u64;
        if now >= self.stored.counted {
            self.used.fetch_add(now - self.stored.counted, Ordering::Relaxed);
        } else {
            self.used.fetch_sub(self.stored.counted - now, Ordering::Relaxed);
        }
        self.stored.counted = now;
    }

    /// Over a bound: takes the newest frame back and says from which tick on nothing is kept.
    fn stop_over_bounds(&mut self, before: usize, tick: u64) {
        let total = self.used.load(Ordering::Relaxed);
        if self.stored.counted <= self.limits.match_bytes && total <= self.limits.total_bytes {
            return;
        }
        self.stored.writer.truncate(before);
        self.stored.writer.append(&Record::Gap(GapRecord { first: tick })).expect("a gap record is small");
        self.stored.idle = None;
        self.stored.gap = true;
        self.count();
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;

//! Journals that live in memory: what `durability = "none"` and `"process"` of a single machine get until a log on disk
//! takes over. Every record is durable at once, at the only level that memory has.
//!
//! Bounds: bytes for a match and bytes for all. A match that is over either plays on, and its journal keeps what it has:
//! a prefix can be replayed from tick 0, a suffix could not. A gap record says where it stops, and the end with the hash
//! of the whole chain is always kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use bytes::Bytes;
use stadion_protocol::MatchId;
use stadion_protocol::contract::Durability;

use super::file::Writer;
use super::record::{GapRecord, IdleRun, Record, TickRecord};
use super::{Journal, JournalError, Journals, Position};

/// The longest folded run: at 20 Hz a difference is located to within 13 s of ticks in which nothing happened.
const MAX_IDLE_RUN: u32 = 256;

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
}

impl MemoryJournals {
    /// Journals within these limits.
    pub fn new(limits: MemoryLimits) -> MemoryJournals {
        MemoryJournals { limits, used: Arc::default() }
    }

    /// Bytes of all journals that are open.
    pub fn used_bytes(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

impl Journals for MemoryJournals {
    fn open(&self, _: MatchId, _: Durability, _: Waker) -> Result<Box<dyn Journal>, JournalError> {
        Ok(Box::new(MemoryJournal {
            writer: Writer::default(),
            idle: None,
            position: Position(0),
            gap: false,
            counted: 0,
            limits: self.limits,
            used: Arc::clone(&self.used),
        }))
    }
}

struct MemoryJournal {
    writer: Writer,
    /// The run that the last frame holds and where that frame begins: it grows in place.
    idle: Option<(IdleRun, usize)>,
    position: Position,
    /// Ticks are no longer kept.
    gap: bool,
    /// What this journal has added to `used`.
    counted: u64,
    limits: MemoryLimits,
    used: Arc<AtomicU64>,
}

impl Journal for MemoryJournal {
    fn append(&mut self, record: &Record) -> Result<Position, JournalError> {
        match record {
            Record::Idle(_) if self.gap => {}
            Record::Tick(_) if self.gap => {}
            Record::Idle(run) => self.append_idle(*run)?,
            Record::Tick(tick) => self.append_tick(record, tick)?,
            other => self.write(other)?,
        }
        self.position.0 += 1;
        Ok(self.position)
    }

    fn durable(&self) -> Position {
        self.position
    }

    fn to_file(&self) -> Bytes {
        Bytes::copy_from_slice(self.writer.as_bytes())
    }
}

impl MemoryJournal {
    fn append_tick(&mut self, record: &Record, tick: &TickRecord) -> Result<(), JournalError> {
        let before = self.writer.len();
        self.write(record)?;
        self.stop_over_bounds(before, tick.input.number);
        Ok(())
    }

    /// Lets the run in the last frame grow, or starts another.
    fn append_idle(&mut self, run: IdleRun) -> Result<(), JournalError> {
        if let Some((open, at)) = self.idle
            && open.incarnation == run.incarnation
            && open.last_tick() + 1 == run.first
            && open.count.saturating_add(run.count) <= MAX_IDLE_RUN
        {
            let grown = IdleRun { count: open.count + run.count, last: run.last, ..open };
            self.writer.truncate(at);
            self.write(&Record::Idle(grown))?;
            self.idle = Some((grown, at));
            return Ok(());
        }
        let at = self.writer.len();
        self.write(&Record::Idle(run))?;
        self.idle = Some((run, at));
        self.stop_over_bounds(at, run.first);
        Ok(())
    }

    fn write(&mut self, record: &Record) -> Result<(), JournalError> {
        self.idle = None;
        self.writer.append(record)?;
        self.count();
        Ok(())
    }

    fn count(&mut self) {
        let now = self.writer.len() as u64;
        if now >= self.counted {
            self.used.fetch_add(now - self.counted, Ordering::Relaxed);
        } else {
            self.used.fetch_sub(self.counted - now, Ordering::Relaxed);
        }
        self.counted = now;
    }

    /// Over a bound: takes the newest frame back and says from which tick on nothing is kept.
    fn stop_over_bounds(&mut self, before: usize, tick: u64) {
        let total = self.used.load(Ordering::Relaxed);
        if self.counted <= self.limits.match_bytes && total <= self.limits.total_bytes {
            return;
        }
        self.writer.truncate(before);
        self.writer.append(&Record::Gap(GapRecord { first: tick })).expect("a gap record is small");
        self.idle = None;
        self.gap = true;
        self.count();
    }
}

impl Drop for MemoryJournal {
    fn drop(&mut self) {
        self.used.fetch_sub(self.counted, Ordering::Relaxed);
    }
}

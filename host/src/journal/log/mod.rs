//! The log of a host: one for all its matches, on disk.
//!
//! ```text
//!   shards ──append──▶ staging ──LogWriter──▶ segments ──LogKeeper──▶ parts/  (older part of a match that goes on)
//!      ▲   (a place in     │    write, sync     │                     ended/  (whole matches, retained by bytes)
//!      │    the log)       └── published: written, synced ──▶ Journal::durable, wakers
//!      └──────────────────────── checkpoints ───────────────────────▶ checkpoints/
//! ```
//!
//! - [`files`]: what is asked of a file system. `frame`: the bytes. `staging`: what waits to be written.
//! - `writer`, `keeper`: do the work, one turn at a time; `threads` runs them, a test calls them itself.
//! - `scan`: opens what is there. `history`: reads a match back. `ended`: what is retained.
//!
//! `process` means written: it survives the end of the process, not loss of power. `disk` means synced. `none` is written
//! too, so that it can be replayed, but nothing waits for it and it is not taken up again. Another place to which records
//! go, such as a follower host, is another published position beside *written* and *synced*.
//!
//! **Invariants.** A position is published only when everything before it is as durable as its name says. A segment is
//! removed only when the log itself says where its matches' frames stand now, and that is synced. Nothing here reads a
//! clock.

mod ended;
pub mod files;
mod frame;
mod history;
mod journal;
mod keeper;
mod matches;
mod scan;
mod segments;
mod staging;
mod threads;
mod writer;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Waker;
use std::thread::Thread;

use bytes::Bytes;
use stadion_protocol::MatchId;
use stadion_protocol::contract::{Durability, LogFailure};

use super::checkpoint::{Checkpoint, Kept as KeptCheckpoint};
use super::record::Record;
use super::{Begin, Journal, JournalError, Journals, Recalled, Reopened, Unfinished};
use ended::Ended;
use files::{File, FileSystem, Guard};
use frame::{Frame, Opened, Torn};
use journal::LogJournal;
use keeper::{CHECKPOINTS, Errands, Mark};
use matches::{Catalog, Kept, Match, State};
use segments::Segments;
use staging::{Staging, Wake};

pub use keeper::LogKeeper;
pub use threads::DiskJournals;
pub use writer::{LogWriter, Turn};

/// How a log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// A segment that is longer is closed, bytes.
    pub segment_bytes: u64,
    /// A longer log gives up its oldest segment, bytes. Opening reads as much.
    pub log_bytes: u64,
    /// What is retained of matches that are over and no longer in the log, bytes.
    pub retain_bytes: u64,
    /// Checkpoints of one match, bytes: one that is larger is refused, and of two that are together the older goes.
    pub match_checkpoint_bytes: u64,
    /// Checkpoints of all matches, bytes. Past it the oldest go, those of matches that have a newer one first. A match
    /// without any is replayed from its start.
    pub checkpoint_bytes: u64,
}

impl Default for LogConfig {
    /// A quarter of a gigabyte is read in about a second; a gigabyte is some hundred hours of busy matches.
    fn default() -> LogConfig {
        LogConfig {
            segment_bytes: 32 << 20,
            log_bytes: 256 << 20,
            retain_bytes: 1 << 30,
            // Two images of the largest guest.
            match_checkpoint_bytes: 520 << 20,
            checkpoint_bytes: 4 << 30,
        }
    }
}

/// A log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("another process writes this log")]
    InUse,
    /// The file system refused.
    #[error("the log cannot be opened: {0}")]
    Io(#[from] io::Error),
}

/// What everybody uses.
#[derive(Debug)]
struct Shared {
    files: Arc<dyn FileSystem>,
    config: LogConfig,
    segments: Segments,
    catalog: Catalog,
    errands: Errands,
    written: AtomicU64,
    synced: AtomicU64,
    /// Why the log fails, while it does.
    failure: Mutex<Option<String>>,
    failing: AtomicBool,
    /// Cloned by everybody who reads records one by one: no segment goes meanwhile.
    readers: Arc<()>,
    /// Something waits to be written.
    rung: AtomicBool,
    writer: OnceLock<Thread>,
}

impl Shared {
    fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    fn durable(&self, level: Durability) -> u64 {
        match level {
            Durability::None => u64::MAX,
            Durability::Process => self.written(),
            Durability::Disk | Durability::Fleet => self.synced(),
        }
    }

    fn publish_written(&self, position: u64) {
        self.written.fetch_max(position, Ordering::Release);
    }

    fn publish_synced(&self, position: u64) {
        self.synced.fetch_max(position, Ordering::Release);
    }

    fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    fn failed(&self, error: &io::Error) {
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "the log cannot be written: matches stall or go on without, as they chose");
        }
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }

    fn healed(&self) {
        if self.failing.swap(false, Ordering::Relaxed) {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
            tracing::warn!("the log can be written again");
        }
    }

    /// Held while records are read one by one.
    fn reading(&self) -> Arc<()> {
        Arc::clone(&self.readers)
    }

    fn is_read(&self) -> bool {
        Arc::strong_count(&self.readers) > 1
    }

    /// Wakes the writer's thread, if there is one.
    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel)
            && let Some(writer) = self.writer.get()
        {
            writer.unpark();
        }
    }
}

/// An open log. [`Log::open`] gives it with the two that do its work.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    ended: Arc<Ended>,
    next_number: AtomicU32,
    damage: Vec<String>,
    _lock: Box<dyn Guard>,
}

impl Log {
    /// Opens the log that is there, or a new one. Reads all its segments.
    pub fn open(files: Arc<dyn FileSystem>, config: LogConfig) -> Result<(Log, LogWriter, LogKeeper), OpenError> {
        let lock = files.lock("lock").map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => OpenError::InUse,
            _ => OpenError::Io(error),
        })?;
        for folder in [segments::FOLDER, "parts", Ended::FOLDER, CHECKPOINTS] {
            files.make_folder(folder)?;
        }
        let found = scan::scan(&*files)?;
        // What the run before wrote and did not sync is what this one builds upon.
        found.segments.iter().rev().take(2).try_for_each(|segment| segment.renew(found.synced))?;
        files.sync_folder(segments::FOLDER)?;
        let ended = Arc::new(Ended::find(&*files)?);
        let catalog = Catalog::default();
        let filed = |one: &&Arc<Match>| !ended.contains(one.id);
        found.matches.iter().filter(filed).for_each(|one| catalog.insert(Arc::clone(one)));
        // A block must not say of a hole that it was synced before it is on disk that the hole was there.
        let synced = if found.torn.is_empty() { found.end } else { found.synced };
        let shared = Arc::new(Shared {
            config,
            segments: Segments::new(found.segments, Staging::new(found.end)),
            catalog,
            errands: Errands::default(),
            written: AtomicU64::new(found.end),
            synced: AtomicU64::new(synced),
            failure: Mutex::default(),
            failing: AtomicBool::new(false),
            readers: Arc::default(),
            rung: AtomicBool::new(false),
            writer: OnceLock::new(),
            files,
        });
        tidy(&shared)?;
        if !found.torn.is_empty() {
            tracing::warn!(holes = ?found.torn, "the last write before the log was opened was torn: it never was durable");
            let torn = Frame::torn(&Torn { holes: found.torn });
            shared.segments.staging.append(&torn, Wake::Nobody, true).map_err(io::Error::other)?;
        }
        found.damage.iter().for_each(|what| tracing::error!("{what}"));
        let (writer, keeper) =
            (LogWriter::new(Arc::clone(&shared)), LogKeeper::new(Arc::clone(&shared), ended.clone()));
        let next_number = AtomicU32::new(found.next_number);
        Ok((Log { shared, ended, next_number, damage: found.damage, _lock: lock }, writer, keeper))
    }

    /// What was found damaged when the log was opened, for people.
    pub fn damage(&self) -> &[String] {
        &self.damage
    }

    /// Why the log cannot be written, while it cannot.
    pub fn failure(&self) -> Option<String> {
        self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn journal(&self, one: Arc<Match>, advanced: Waker, on_failure: LogFailure) -> Box<dyn Journal> {
        Box::new(LogJournal::new(Arc::clone(&self.shared), one, advanced, on_failure))
    }

    /// The newest checkpoint that is whole and wanted, and what follows it.
    fn recalled(&self, one: &Arc<Match>, begin: Begin) -> Result<Recalled, JournalError> {
        let Record::Setup(setup) = history::first(&self.shared, one)? else {
            return Err(JournalError::Damaged("it has no setup".to_owned()));
        };
        let (before, checkpoint) = self.checkpoint(one, begin).map_or((1, None), |(n, found)| (n, Some(found)));
        Ok(Recalled { setup: *setup, checkpoint, records: history::records(&self.shared, one, before)? })
    }

    /// The newest checkpoint that is whole and wanted, and how many records are before it.
    fn checkpoint(&self, one: &Match, begin: Begin) -> Option<(u64, Checkpoint)> {
        let kept = one.state().checkpoints.clone();
        kept.iter().rev().filter(|kept| begin.allows(kept.tick)).find_map(|kept| {
            let name = format!("{CHECKPOINTS}/{}", kept.name);
            let read = read_file(&*self.shared.files, &name).ok().and_then(|bytes| KeptCheckpoint::decode(&bytes));
            if read.is_none() {
                tracing::error!(id = %one.id, name, "a checkpoint is damaged: an older one is used, or none");
            }
            read.map(|kept| (kept.records, kept.checkpoint))
        })
    }
}

impl Journals for Log {
    fn open(&self, id: MatchId, level: Durability, advanced: Waker) -> Result<Box<dyn Journal>, JournalError> {
        if level == Durability::Fleet {
            return Err(JournalError::Failed("durability `fleet` needs a follower, and this host has none".to_owned()));
        }
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let frame = Frame::opened(number, &Opened { id: id.0, level });
        let place = self.shared.segments.staging.append(&frame, Wake::Nobody, false)?;
        let mut state = State::opened(place.start, place.end);
        state.open = true;
        let one = Arc::new(Match::new(id, number, level, state));
        self.shared.catalog.insert(Arc::clone(&one));
        Ok(self.journal(one, advanced, LogFailure::Stall))
    }

    fn unfinished(&self) -> Vec<Unfinished> {
        self.shared.catalog.all().iter().filter_map(|one| one.unfinished()).collect()
    }

    fn reopen(&self, id: MatchId, advanced: Waker) -> Result<Reopened, JournalError> {
        let one = self.shared.catalog.get(id).ok_or(JournalError::NotThere(id))?;
        {
            let mut state = one.state();
            if !state.could_go_on() {
                return Err(JournalError::NotThere(id));
            }
            state.open = true;
            (state.taken, state.durable) = (0, 0);
            state.waiting.clear();
        }
        let recalled = self.recalled(&one, Begin::Newest).inspect_err(|_| one.state().open = false)?;
        let Recalled { setup, checkpoint, records } = recalled;
        let on_failure = setup.settings.on_log_failure;
        let journal = self.journal(Arc::clone(&one), advanced, on_failure);
        Ok(Reopened { journal, setup, checkpoint, records })
    }

    fn outlives_process(&self, level: Durability) -> bool {
        level != Durability::None
    }

    fn read(&self, id: MatchId) -> Option<Bytes> {
        let Some(one) = self.shared.catalog.get(id) else { return self.ended.read(&*self.shared.files, id) };
        let file = history::file(&self.shared, &one);
        file.inspect_err(|error| tracing::error!(%id, %error, "a journal cannot be read back")).ok()
    }

    fn recall(&self, id: MatchId, begin: Begin) -> Result<Recalled, JournalError> {
        self.recalled(&self.shared.catalog.get(id).ok_or(JournalError::NotThere(id))?, begin)
    }
}

fn read_file(files: &dyn FileSystem, name: &str) -> io::Result<Vec<u8>> {
    let file: Arc<dyn File> = files.open(name)?;
    let mut bytes = vec![0; usize::try_from(file.size()?).map_err(io::Error::other)?];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Gives matches their checkpoints, and removes what belongs to no match any more. A checkpoint of records that are not
/// there is of another future than the match will have.
fn tidy(shared: &Shared) -> io::Result<()> {
    let mut newest: HashMap<MatchId, Vec<(Mark, String)>> = HashMap::new();
    for name in shared.files.list(CHECKPOINTS)? {
        let fits = |(id, mark): &(MatchId, Mark)| {
            shared.catalog.get(*id).is_some_and(|one| mark.records <= one.state().records)
        };
        match Mark::parse(&name).filter(fits) {
            Some((id, mark)) => newest.entry(id).or_default().push((mark, name)),
            None => shared.files.remove(&format!("{CHECKPOINTS}/{name}"))?,
        }
    }
    // Before anything is appended: one that came back after a loss of power would fit the records that follow by then.
    shared.files.sync_folder(CHECKPOINTS)?;
    for (id, mut marks) in newest {
        marks.sort_unstable();
        let Some(one) = shared.catalog.get(id) else { continue };
        let kept = marks.into_iter().map(|(mark, name)| {
            let bytes = shared.files.open(&format!("{CHECKPOINTS}/{name}"))?.size()?;
            Ok(Kept { tick: mark.tick, after: 0, name, bytes, nth: 0 })
        });
        one.state().checkpoints = kept.collect::<io::Result<_>>()?;
    }
    for name in shared.files.list("parts")? {
        let known = name.strip_suffix(".stj").and_then(|id| id.parse().ok()).and_then(|id| shared.catalog.get(id));
        if known.is_none() {
            shared.files.remove(&format!("parts/{name}"))?;
        }
    }
    Ok(())
}

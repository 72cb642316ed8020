//! The one that keeps house, beside the writer: checkpoints, what is moved out of old segments, matches that are filed
//! away, retention. One errand a turn, so that a test can stop between any two.
//!
//! ```text
//!   oldest segment ── a match goes on ──▶ its frames to parts/, and the log says so ──┐
//!                  ── a match is over ──▶ the whole match to ended/ ─────────────────┴─▶ once that is synced: removed
//! ```

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use stadion_protocol::MatchId;
use stadion_protocol::contract::Durability;

use super::ended::Ended;
use super::frame::Frame;
use super::history::{self, part_name};
use super::matches::{Kept, Match, Over, Part};
use super::staging::Wake;
use super::{Shared, writer};
use crate::journal::checkpoint::{self, Checkpoint};
use crate::journal::file::{HEADER, Writer};
use crate::journal::{JournalError, Position};

/// Where checkpoints stand.
pub(super) const CHECKPOINTS: &str = "checkpoints";

/// Bytes of checkpoints that may wait to be written.
const MAX_WAITING_BYTES: usize = 256 << 20;

/// A checkpoint to be written.
#[derive(Debug)]
pub(super) struct CheckpointJob {
    pub(super) of: Arc<Match>,
    /// Records before it.
    pub(super) records: u64,
    /// Where the newest of them ends in the log.
    pub(super) after: u64,
    pub(super) checkpoint: Checkpoint,
    /// Woken when it is kept.
    pub(super) kept: Waker,
}

/// Checkpoints that wait.
#[derive(Debug, Default)]
pub(super) struct Errands(Mutex<VecDeque<CheckpointJob>>);

impl Errands {
    pub(super) fn push(&self, job: CheckpointJob) -> Result<(), JournalError> {
        let mut jobs = self.jobs();
        let waiting: usize = jobs.iter().map(|job| job.checkpoint.size()).sum();
        if waiting + job.checkpoint.size() > MAX_WAITING_BYTES && !jobs.is_empty() {
            return Err(JournalError::Failed("too many checkpoints wait to be written".to_owned()));
        }
        jobs.push_back(job);
        Ok(())
    }

    fn pop(&self) -> Option<CheckpointJob> {
        self.jobs().pop_front()
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<CheckpointJob>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub struct LogKeeper {
    shared: Arc<Shared>,
    ended: Arc<Ended>,
    /// A segment that goes once the log is synced up to the position.
    going: Option<(u64, Position)>,
    /// Bytes of all checkpoints.
    held: u64,
    /// Checkpoints kept so far.
    kept: u64,
}

impl LogKeeper {
    pub(super) fn new(shared: Arc<Shared>, ended: Arc<Ended>) -> LogKeeper {
        let bytes = |one: Arc<Match>| one.state().checkpoints.iter().map(|kept| kept.bytes).sum::<u64>();
        let held = shared.catalog.all().into_iter().map(bytes).sum();
        LogKeeper { shared, ended, going: None, held, kept: 0 }
    }

    /// Runs one errand; `false`: there is none. An error leaves everything as it can be tried again.
    pub fn turn(&mut self) -> io::Result<bool> {
        if let Some(job) = self.shared.errands.pop() {
            self.keep(&job)?;
            return Ok(true);
        }
        if let Some((base, position)) = self.going {
            if self.shared.synced() < position.0 || self.shared.is_read() {
                return Ok(false);
            }
            writer::remove(&self.shared, base)?;
            self.going = None;
            return Ok(true);
        }
        if self.ended.retain(&*self.shared.files, self.shared.config.retain_bytes)? {
            return Ok(true);
        }
        self.collect()
    }

    fn keep(&mut self, job: &CheckpointJob) -> io::Result<()> {
        let checkpoint = &job.checkpoint;
        let mark = Mark { tick: checkpoint.tick, incarnation: checkpoint.incarnation, records: job.records };
        let name = mark.name(job.of.id);
        // Hashing and copying happen here, not on a shard.
        let kept = checkpoint::Kept { records: job.records, checkpoint: checkpoint.clone() };
        // A checkpoint need last no longer than the records before it: one that loss of power took is made up for by replay.
        let sync = if matches!(job.of.level, Durability::Disk | Durability::Fleet) { Sync::Yes } else { Sync::No };
        let encoded = kept.encode();
        put(&self.shared, (CHECKPOINTS, &name), &encoded, sync)?;
        let bytes = encoded.len() as u64;
        self.kept += 1;
        self.held += bytes;
        let most = self.shared.config.match_checkpoint_bytes;
        let dropped = {
            let mut state = job.of.state();
            state.checkpoints.push(Kept { tick: checkpoint.tick, after: job.after, name, bytes, nth: self.kept });
            let two = state.checkpoints.iter().rev().take(2).map(|kept| kept.bytes).sum::<u64>() <= most;
            let more = state.checkpoints.len().saturating_sub(if two { 2 } else { 1 });
            state.checkpoints.drain(..more).collect::<Vec<_>>()
        };
        job.kept.wake_by_ref();
        dropped.iter().try_for_each(|old| self.remove(old))?;
        self.make_room()
    }

    /// Removes the oldest checkpoints while all are too long, but never the newest of all.
    fn make_room(&mut self) -> io::Result<()> {
        while self.held > self.shared.config.checkpoint_bytes {
            let all = self.shared.catalog.all();
            let oldest = all.iter().filter_map(|one| {
                let state = one.state();
                let oldest = state.checkpoints.first().filter(|oldest| oldest.nth < self.kept)?;
                Some(((state.checkpoints.len() == 1, oldest.nth), one))
            });
            let Some((_, one)) = oldest.min_by_key(|(order, _)| *order) else { return Ok(()) };
            let old = one.state().checkpoints.remove(0);
            let (id, tick, bytes) = (one.id, old.tick, old.bytes);
            tracing::warn!(%id, tick, bytes, held = self.held, "checkpoints are over their bytes: an old one goes");
            self.remove(&old)?;
        }
        Ok(())
    }

    fn remove(&mut self, old: &Kept) -> io::Result<()> {
        self.held = self.held.saturating_sub(old.bytes);
        self.shared.files.remove(&format!("{CHECKPOINTS}/{}", old.name))
    }

    /// Empties the oldest segment, if the log is longer than it should be.
    fn collect(&mut self) -> io::Result<bool> {
        let Some((base, end)) = self.shared.segments.oldest()? else { return Ok(false) };
        if self.shared.written() - base <= self.shared.config.log_bytes {
            return Ok(false);
        }
        let mut said = Position(0);
        for one in self.shared.catalog.all() {
            let (anchor, over, written) = {
                let state = one.state();
                (state.anchor(), state.over, state.end <= self.shared.written())
            };
            if anchor >= end {
                continue;
            }
            if over != Over::No && written && !one.state().open {
                self.file_away(&one)?;
            } else {
                said = said.max(self.move_part(&one, end)?);
            }
        }
        self.shared.segments.staging.ask_for_sync();
        self.shared.ring();
        self.going = Some((base, said));
        Ok(true)
    }

    /// Appends a match's frames before `end` to its own file and says so in the log.
    fn move_part(&self, one: &Match, end: u64) -> io::Result<Position> {
        let (newest, before) = {
            let state = one.state();
            (state.newest, state.part)
        };
        let segments = &self.shared.segments;
        let mut positions = history::positions(segments, newest, before.through, u64::MAX).map_err(io::Error::other)?;
        positions.retain(|position| *position < end);
        let (mut writer, mut places) = (Writer::default(), one.state().places.clone());
        let from = before.bytes.max(HEADER.len() as u64);
        for (position, nth) in positions.iter().zip(before.records..) {
            let record = history::record_at(segments, *position).map_err(io::Error::other)?;
            places.note(nth, from + (writer.len() - HEADER.len()) as u64);
            writer.append(&record).map_err(io::Error::other)?;
        }
        let mut part = before;
        if let Some(newest) = positions.last() {
            let bytes = writer.as_bytes();
            self.append_part(one, before.bytes, &bytes[HEADER.len()..])?;
            part.through = *newest;
            part.bytes = from + (bytes.len() - HEADER.len()) as u64;
            part.records += positions.len() as u64;
        }
        let frame = Frame::moved(one.number, &one.moved(&part));
        let place = segments.staging.append(&frame, Wake::Nobody, true).map_err(io::Error::other)?;
        let mut state = one.state();
        (state.part, state.places) = (Part { said_at: Some(place.start), ..part }, places);
        drop(state);
        Ok(Position(place.end))
    }

    /// Writes after the bytes that count; what an interrupted attempt left is written over.
    fn append_part(&self, one: &Match, counted: u64, bytes: &[u8]) -> io::Result<()> {
        let name = part_name(one.id);
        let file = if counted == 0 {
            let file = self.shared.files.create(&name)?;
            file.write_at(0, &HEADER)?;
            file
        } else {
            self.shared.files.open(&name)?
        };
        let from = counted.max(HEADER.len() as u64);
        file.truncate(from)?;
        file.write_at(from, bytes)?;
        file.sync()?;
        if counted == 0 { self.shared.files.sync_folder("parts") } else { Ok(()) }
    }

    /// The match is over: it becomes one file, and nothing else is left of it.
    fn file_away(&mut self, one: &Arc<Match>) -> io::Result<()> {
        let (end, checkpoints) = {
            let mut state = one.state();
            (state.end, std::mem::take(&mut state.checkpoints))
        };
        match history::file(&self.shared, one) {
            Ok(file) => {
                let name = Ended::name(end, one.id);
                put(&self.shared, (Ended::FOLDER, &name), &file, Sync::Yes)?;
                self.ended.insert(end, one.id, file.len() as u64);
            }
            // It cannot be read today and will not be tomorrow: said, and not in the way of everything else.
            Err(error) => tracing::error!(id = %one.id, %error, "the journal of a match that is over is lost"),
        }
        for kept in checkpoints {
            self.remove(&kept)?;
        }
        self.shared.files.remove(&part_name(one.id))?;
        self.shared.catalog.remove(one.id);
        Ok(())
    }
}

/// What a checkpoint's name says of it, in the order in which one is newer than another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) incarnation: u32,
    pub(super) tick: u64,
    /// Records before it.
    pub(super) records: u64,
}

impl Mark {
    pub(super) fn name(self, id: MatchId) -> String {
        let Mark { incarnation, tick, records } = self;
        format!("{id}-{incarnation:08x}-{tick:016x}-{records:016x}.ckp")
    }

    pub(super) fn parse(name: &str) -> Option<(MatchId, Mark)> {
        let mut parts = name.strip_suffix(".ckp")?.split('-');
        let id = parts.next()?.parse().ok()?;
        let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
        let incarnation = u32::try_from(number()?).ok()?;
        Some((id, Mark { incarnation, tick: number()?, records: number()? }))
    }
}

/// Whether a file is to survive loss of power.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sync {
    Yes,
    /// It survives the end of the process, and is found damaged or missing after more than that.
    No,
}

/// Writes a file that is there whole or not at all.
fn put(shared: &Shared, (folder, name): (&str, &str), bytes: &[u8], sync: Sync) -> io::Result<()> {
    let unfinished = format!("{folder}/{name}.new");
    let file = shared.files.create(&unfinished)?;
    file.write_at(0, bytes)?;
    if sync == Sync::Yes {
        file.sync()?;
    }
    shared.files.rename(&unfinished, &format!("{folder}/{name}"))?;
    if sync == Sync::Yes { shared.files.sync_folder(folder) } else { Ok(()) }
}

//! A match's records, read back: first those that were moved to a file of their own, then those in the log, found by
//! walking back from the newest.

use std::sync::Arc;

use bytes::Bytes;

use super::Shared;
use super::files::{File, FileSystem};
use super::frame::{Payload, Read};
use super::matches::{Match, Part, Places};
use super::segments::Segments;
use crate::journal::file::{DamageKind, FRAME_HEADER, HEADER, Writer, first_record, first_size};
use crate::journal::memory::MAX_IDLE_RUN;
use crate::journal::record::{IdleRun, Record};
use crate::journal::{JournalError, Records, wire};

/// Where the moved part of a match stands.
pub(super) fn part_name(id: stadion_protocol::MatchId) -> String {
    format!("parts/{id}.stj")
}

/// The records of a match in the log, newer than `after`, up to `newest`: where the frames of the newest `most` begin, in
/// order.
pub(super) fn positions(segments: &Segments, newest: u64, after: u64, most: u64) -> Result<Vec<u64>, JournalError> {
    let mut positions = Vec::new();
    let mut at = newest;
    while at > after && (positions.len() as u64) < most {
        positions.push(at);
        let previous = segments.frame(at, |frame| frame.previous)?;
        if previous >= at {
            return Err(JournalError::Damaged(format!("the frame at position {at} follows one after it")));
        }
        at = previous;
    }
    positions.reverse();
    Ok(positions)
}

/// The record whose frame begins here.
pub(super) fn record_at(segments: &Segments, position: u64) -> Result<Record, JournalError> {
    let body = |frame: Read<'_>| match frame.payload() {
        Some(Payload::Record(body)) => wire::decode_record(body).ok(),
        _ => None,
    };
    segments
        .frame(position, body)?
        .ok_or_else(|| JournalError::Damaged(format!("the frame at position {position} holds no record")))
}

/// The first record of a match: its setup.
pub(super) fn first(shared: &Arc<Shared>, this: &Match) -> Result<Record, JournalError> {
    let _reading = shared.reading();
    let (position, moved, appended) = {
        let state = this.state();
        (state.first, state.part, state.records > 0)
    };
    if !appended {
        return Err(JournalError::Damaged("it has no setup".to_owned()));
    }
    if moved.records == 0 {
        return record_at(&shared.segments, position);
    }
    let part = PartFile::open(&*shared.files, this)?;
    let from = HEADER.len() as u64;
    let size = first_size(&part.bytes(from, from + FRAME_HEADER as u64)?).map_err(damaged)?;
    let frame = part.bytes(from, (from + size as u64).min(moved.bytes))?;
    Ok(first_record(&frame).map_err(damaged)?.0)
}

/// The file that the moved part of a match stands in.
struct PartFile {
    of: stadion_protocol::MatchId,
    file: Arc<dyn File>,
}

impl PartFile {
    fn open(files: &dyn FileSystem, this: &Match) -> Result<PartFile, JournalError> {
        let failed = |error: std::io::Error| PartFile::failed(this.id, &error);
        Ok(PartFile { of: this.id, file: files.open(&part_name(this.id)).map_err(failed)? })
    }

    /// What stands from one byte to another.
    fn bytes(&self, from: u64, to: u64) -> Result<Vec<u8>, JournalError> {
        let size = usize::try_from(to.saturating_sub(from)).expect("a file fits in memory");
        let mut bytes = vec![0; size];
        let read = self.file.read_at(from, &mut bytes).map_err(|error| PartFile::failed(self.of, &error))?;
        if read < size {
            let of = self.of;
            let what = format!("the older part of match {of} has {read} of {size} bytes from byte {from} on");
            return Err(JournalError::Damaged(what));
        }
        Ok(bytes)
    }

    fn failed(of: stadion_protocol::MatchId, error: &std::io::Error) -> JournalError {
        JournalError::Damaged(format!("the older part of match {of}: {error}"))
    }
}

/// The records of the moved part after the first `skip`.
fn moved_records(
    files: &dyn FileSystem,
    this: &Match,
    (moved, places): (&Part, &Places),
    skip: u64,
) -> Result<impl Iterator<Item = Result<Record, JournalError>> + Send + use<>, JournalError> {
    let (before, from) = places.near(skip).unwrap_or((0, HEADER.len() as u64));
    let bytes = if skip < moved.records { PartFile::open(files, this)?.bytes(from, moved.bytes)? } else { Vec::new() };
    let mut at = 0;
    for _ in before..skip.min(moved.records) {
        if at < bytes.len() {
            at += first_size(&bytes[at..]).map_err(damaged)?;
        }
    }
    Ok(std::iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        Some(first_record(rest).map_err(damaged).map(|(record, size)| {
            at += size;
            record
        }))
    }))
}

#[allow(clippy::needless_pass_by_value, reason = "map_err hands errors over by value")]
fn damaged(damage: DamageKind) -> JournalError {
    JournalError::Damaged(damage.to_string())
}

/// Records after the first `skip`, read as they are asked for; uneventful ticks that are not appended yet come last. What
/// is read grows with what is asked for, not with what is skipped.
pub(super) fn records(shared: &Arc<Shared>, this: &Arc<Match>, skip: u64) -> Result<Records, JournalError> {
    let reading = shared.reading();
    let (newest, moved, held, count, places) = {
        let state = this.state();
        (state.newest, state.part, state.idle, state.records, state.places.clone())
    };
    let wanted = count.saturating_sub(skip.max(moved.records));
    let positions = positions(&shared.segments, newest, moved.through, wanted)?;
    let from_part = moved_records(&*shared.files, this, (&moved, &places), skip)?;
    let shared = Arc::clone(shared);
    let from_log = positions.into_iter().map(move |position| record_at(&shared.segments, position));
    let mut failed = false;
    let until_error = move |record: Result<Record, JournalError>| {
        let given = (!failed).then_some(record);
        failed = matches!(given, Some(Err(_)));
        let _ = &reading;
        given
    };
    let held = held.map(|run| Ok(Record::Idle(run)));
    Ok(Box::new(from_part.chain(from_log).chain(held).map_while(until_error)))
}

/// The whole match so far as a `.stj` file, uneventful ticks folded.
pub(super) fn file(shared: &Arc<Shared>, this: &Arc<Match>) -> Result<Bytes, JournalError> {
    let mut folding = Folding::default();
    for record in records(shared, this, 0)? {
        folding.append(&record?)?;
    }
    folding.finish()
}

/// Writes a file in which runs that follow one another are one.
#[derive(Default)]
struct Folding {
    writer: Writer,
    run: Option<IdleRun>,
}

impl Folding {
    fn append(&mut self, record: &Record) -> Result<(), JournalError> {
        let Record::Idle(next) = record else {
            self.flush()?;
            return self.writer.append(record);
        };
        let grown = self.run.and_then(|run| run.followed_by(next)).filter(|run| run.count <= MAX_IDLE_RUN);
        if grown.is_none() {
            self.flush()?;
        }
        self.run = Some(grown.unwrap_or(*next));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        self.run.take().map_or(Ok(()), |run| self.writer.append(&Record::Idle(run)))
    }

    fn finish(mut self) -> Result<Bytes, JournalError> {
        self.flush()?;
        Ok(Bytes::from(self.writer.into_bytes()))
    }
}

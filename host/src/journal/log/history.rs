//! A match's records, read back: first those that were moved to a file of their own, then those in the log, found by
//! walking back from the newest.

use std::sync::Arc;

use bytes::Bytes;

use super::Shared;
use super::files::FileSystem;
use super::frame::{Payload, Read};
use super::matches::{Match, Part};
use super::segments::Segments;
use crate::journal::file::{HEADER, Reader, Writer};
use crate::journal::memory::MAX_IDLE_RUN;
use crate::journal::record::{IdleRun, Record};
use crate::journal::{JournalError, Records, wire};

/// Where the moved part of a match stands.
pub(super) fn part_name(id: stadion_protocol::MatchId) -> String {
    format!("parts/{id}.stj")
}

/// The records of a match in the log, newer than `after`, up to `newest`: where their frames begin, in order.
pub(super) fn positions(segments: &Segments, newest: u64, after: u64) -> Result<Vec<u64>, JournalError> {
    let mut positions = Vec::new();
    let mut at = newest;
    while at > after {
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

/// The moved part of a match as it stands in its file.
pub(super) fn part(files: &dyn FileSystem, this: &Match, part: &Part) -> Result<Vec<u8>, JournalError> {
    if part.records == 0 {
        return Ok(HEADER.to_vec());
    }
    let failed = |error: std::io::Error| JournalError::Damaged(format!("the older part of match {}: {error}", this.id));
    let file = files.open(&part_name(this.id)).map_err(failed)?;
    let size = usize::try_from(part.bytes).expect("a file fits in memory");
    let mut bytes = vec![0; size];
    let read = file.read_at(0, &mut bytes).map_err(failed)?;
    if read < size {
        return Err(JournalError::Damaged(format!("the older part of match {} has {read} of {size} bytes", this.id)));
    }
    Ok(bytes)
}

/// Records after the first `skip`, read as they are asked for; uneventful ticks that are not appended yet come last.
pub(super) fn records(shared: &Arc<Shared>, this: &Arc<Match>, skip: u64) -> Result<Records, JournalError> {
    let reading = shared.reading();
    let (newest, moved, held) = {
        let state = this.state();
        (state.newest, state.part, state.idle)
    };
    let positions = positions(&shared.segments, newest, moved.through)?;
    let from_part = if skip < moved.records {
        let bytes = part(&*shared.files, this, &moved)?;
        let damaged = |error: crate::journal::Damage| JournalError::Damaged(error.to_string());
        let records = Reader::new(&bytes).map_err(damaged)?.map(|record| record.map_err(damaged));
        records.skip(usize::try_from(skip).unwrap_or(usize::MAX)).collect()
    } else {
        Vec::new()
    };
    let skip = usize::try_from(skip.saturating_sub(moved.records)).unwrap_or(usize::MAX);
    let shared = Arc::clone(shared);
    let from_log = positions.into_iter().skip(skip).map(move |position| record_at(&shared.segments, position));
    let mut failed = false;
    let until_error = move |record: Result<Record, JournalError>| {
        let given = (!failed).then_some(record);
        failed = matches!(given, Some(Err(_)));
        let _ = &reading;
        given
    };
    let held = held.map(|run| Ok(Record::Idle(run)));
    Ok(Box::new(from_part.into_iter().chain(from_log).chain(held).map_while(until_error)))
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

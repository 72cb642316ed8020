//! `.stj`: one match in one file.
//!
//! ```text
//!   file   = magic "STADIONJ" | format: u16 LE = 2 | reserved: u16 LE = 0 | frame*
//!   frame  = length: u32 LE | CRC-32C over length and body: u32 LE | body (length bytes)
//!   body   = kind: u8 | postcard
//! ```
//!
//! The first frame is the setup, the last of a match that is over is its end; a file without one is a match that was
//! still running. Format 1 knew no resumed, swapped and skipped, wrote settings by position, and was never released.
//!
//! ```text
//!   setup ( tick | idle | resumed | swapped | skipped )* [ gap ] [ end ]
//!
//!   resumed, swapped   name the tick before them        skipped   names the tick that follows, run again
//! ```
//!
//! Whatever does not read is [`Damage`], with the place where it begins.

use super::crc::crc32c;
use super::record::Record;
use super::{JournalError, wire};

/// The largest encoded record. A full tick is 4,096 events; their bytes are bounded by the mailbox of a match (1 MiB).
pub const MAX_RECORD_BYTES: usize = 8 << 20;

/// The first bytes of a file.
pub const HEADER: [u8; 12] = *b"STADIONJ\x02\0\0\0";

/// Length and checksum.
pub(super) const FRAME_HEADER: usize = 8;

/// A file that cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("damaged at byte {offset} (record {record}): {what}")]
pub struct Damage {
    /// Where the unreadable frame begins.
    pub offset: usize,
    /// How many records were read before it.
    pub record: usize,
    /// What is wrong.
    pub what: DamageKind,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamageKind {
    /// Not a journal, or one of a format that this build does not know.
    #[error("this is no journal of format 2")]
    NoJournal,
    /// The file ends within a record.
    #[error("the file ends in mid-record")]
    Truncated,
    /// A frame says that it is longer than any may be.
    #[error("a record claims {0} bytes")]
    TooLong(u32),
    /// The checksum differs: flipped bits.
    #[error("the checksum differs")]
    Checksum,
    /// The checksum holds, the content does not.
    #[error("{0}")]
    Content(String),
    /// A record stands where it may not: no setup first, a tick out of order, anything after the end.
    #[error("{0}")]
    Order(&'static str),
}

/// Writes the bytes of a file.
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Default for Writer {
    fn default() -> Writer {
        Writer { bytes: HEADER.to_vec() }
    }
}

impl Writer {
    /// Appends a record.
    pub fn append(&mut self, record: &Record) -> Result<(), JournalError> {
        let start = self.bytes.len();
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.extend_from_slice(&[0; FRAME_HEADER]);
        let mut bytes = wire::encode_record(record, bytes);
        let size = bytes.len() - start - FRAME_HEADER;
        if size > MAX_RECORD_BYTES {
            bytes.truncate(start);
            self.bytes = bytes;
            return Err(JournalError::TooLarge { size, limit: MAX_RECORD_BYTES });
        }
        let length = u32::try_from(size).expect("bounded above").to_le_bytes();
        let sum = crc32c(&[&length, &bytes[start + FRAME_HEADER..]]);
        bytes[start..start + 4].copy_from_slice(&length);
        bytes[start + 4..start + FRAME_HEADER].copy_from_slice(&sum.to_le_bytes());
        self.bytes = bytes;
        Ok(())
    }

    /// Takes back everything after the first `length` bytes; `length` must be one that [`Writer::len`] gave.
    pub fn truncate(&mut self, length: usize) {
        debug_assert!(length >= HEADER.len());
        self.bytes.truncate(length);
    }

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing but the header is there.
    pub fn is_empty(&self) -> bool {
        self.bytes.len() == HEADER.len()
    }

    /// The file, for good.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads the records of a file in order and checks that the order is one that a host writes. After the first error it
/// yields nothing more.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    record: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Setup,
    Ticks { next: u64 },
    Gap,
    Over,
    Failed,
}

impl<'a> Reader<'a> {
    /// Opens a file.
    pub fn new(bytes: &'a [u8]) -> Result<Reader<'a>, Damage> {
        if bytes.starts_with(&HEADER) {
            Ok(Reader { bytes, offset: HEADER.len(), record: 0, state: State::Setup })
        } else {
            Err(Damage { offset: 0, record: 0, what: DamageKind::NoJournal })
        }
    }

    /// The ticks up to this one are not in the file: what stands behind the setup follows on it. For after the setup.
    pub fn pass_to(&mut self, tick: u64) {
        if let State::Ticks { next } = &mut self.state {
            *next = tick.saturating_add(1);
        }
    }

    /// Where the next frame begins.
    pub fn offset(&self) -> usize {
        self.offset
    }

    fn read(&mut self) -> Result<Record, DamageKind> {
        let (record, size) = first_record(&self.bytes[self.offset..])?;
        self.state = self.state.after(&record).map_err(DamageKind::Order)?;
        self.offset += size;
        self.record += 1;
        Ok(record)
    }
}

/// The record in the frame at the beginning of these bytes, and how long the frame is.
pub(super) fn first_record(bytes: &[u8]) -> Result<(Record, usize), DamageKind> {
    let size = first_size(bytes)?;
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(DamageKind::Truncated)?;
    let (sum, _) = rest.split_first_chunk::<4>().ok_or(DamageKind::Truncated)?;
    let body = bytes.get(FRAME_HEADER..size).ok_or(DamageKind::Truncated)?;
    if crc32c(&[length, body]) != u32::from_le_bytes(*sum) {
        return Err(DamageKind::Checksum);
    }
    let record = wire::decode_record(body).map_err(|bad| DamageKind::Content(bad.to_string()))?;
    Ok((record, size))
}

/// How long the frame at the beginning of these bytes is, its header included. What is in it was not looked at.
pub(super) fn first_size(bytes: &[u8]) -> Result<usize, DamageKind> {
    let (length, _) = bytes.split_first_chunk::<4>().ok_or(DamageKind::Truncated)?;
    let size = u32::from_le_bytes(*length);
    if size as usize > MAX_RECORD_BYTES { Err(DamageKind::TooLong(size)) } else { Ok(FRAME_HEADER + size as usize) }
}

impl State {
    fn after(self, record: &Record) -> Result<State, &'static str> {
        match (self, record) {
            (State::Setup, Record::Setup(_)) => Ok(State::Ticks { next: 1 }),
            (State::Setup, _) => Err("the first record is no setup"),
            (_, Record::Setup(_)) => Err("a second setup"),
            (State::Ticks { next }, Record::Tick(tick)) if tick.input.number == next => {
                Ok(State::Ticks { next: next + 1 })
            }
            (State::Ticks { next }, Record::Idle(run)) if run.first == next && run.count > 0 => run
                .first
                .checked_add(u64::from(run.count))
                .map(|next| State::Ticks { next })
                .ok_or("tick numbers overflow"),
            (State::Ticks { next }, Record::Gap(gap)) if gap.first == next => Ok(State::Gap),
            (State::Ticks { next }, Record::End(end)) if end.tick.checked_add(1) == Some(next) => Ok(State::Over),
            (State::Ticks { next }, Record::Resumed(new)) if new.tick.checked_add(1) == Some(next) => Ok(self),
            (State::Ticks { next }, Record::Swapped(swap)) if swap.tick.checked_add(1) == Some(next) => Ok(self),
            (State::Ticks { next }, Record::Skipped(skip)) if skip.tick == next => Ok(self),
            (State::Gap, Record::End(_)) => Ok(State::Over),
            (State::Over | State::Failed, _) => Err("a record after the end"),
            _ => Err("a tick out of order"),
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Record, Damage>;

    fn next(&mut self) -> Option<Result<Record, Damage>> {
        if self.state == State::Failed || self.offset == self.bytes.len() {
            return None;
        }
        let (offset, record) = (self.offset, self.record);
        Some(self.read().map_err(|what| {
            self.state = State::Failed;
            Damage { offset, record, what }
        }))
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;

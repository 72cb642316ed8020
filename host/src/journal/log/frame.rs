//! The bytes of a log.
//!
//! ```text
//!   segment = magic "STADIONL" | format: u16 LE = 1 | reserved: u16 LE = 0 | base: u64 LE | CRC-32C of these: u32 LE | block*
//!   block   = magic "SBLK" | length: u32 LE | synced: u64 LE | CRC-32C of these and the position: u32 LE | frame*
//!   frame   = length: varint | CRC-32C of length and body: u32 LE | body
//!   body    = match number: varint | position of the match's frame before: varint | payload
//!   payload = kind: u8 | postcard      a record as in a .stj file, or: 32 opened, 33 moved, 34 torn
//! ```
//!
//! A *position* counts bytes from the beginning of the log over all segments, headers of blocks included, headers of
//! segments not; a segment is named after the position of its first byte. A block is what was written at once; *synced*
//! is the position up to which everything was known to survive loss of power when it was written, so that a hole can be
//! told from a tail that never was durable. Varints are LEB128.

use serde::{Deserialize, Serialize};
use stadion_protocol::MatchId;
use stadion_protocol::contract::Durability;

use crate::journal::crc::crc32c;
use crate::journal::file::MAX_RECORD_BYTES;
use crate::journal::record::Record;
use crate::journal::wire;

pub(super) const SEGMENT_HEADER: usize = 24;
pub(super) const BLOCK_HEADER: usize = 20;

const SEGMENT_MAGIC: &[u8; 12] = b"STADIONL\x01\0\0\0";
const BLOCK_MAGIC: &[u8; 4] = b"SBLK";
const KIND_OPENED: u8 = 32;
const KIND_MOVED: u8 = 33;
const KIND_TORN: u8 = 34;

/// The most bytes of a frame: a record and two numbers.
const MAX_BODY_BYTES: usize = MAX_RECORD_BYTES + 16;

/// A match begins: its number stands for it from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Opened {
    pub(super) id: [u8; 16],
    pub(super) level: Durability,
}

/// A match goes on, and what stood before is in a file of its own. Not in the chain of its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moved {
    pub(super) id: [u8; 16],
    pub(super) level: Durability,
    /// Position of the newest frame that was moved.
    pub(super) through: u64,
    /// Bytes of the file that count.
    pub(super) bytes: u64,
    /// Records in them.
    pub(super) records: u64,
}

/// The log was opened after a loss of power: there were these holes, from position to position, in what had not been
/// synced. A hole that shows later is damage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Torn {
    pub(super) holes: Vec<(u64, u64)>,
}

/// What a frame says.
#[derive(Debug)]
pub(super) enum Payload<'a> {
    Opened(MatchId, Opened),
    Moved(MatchId, Moved),
    Torn(Torn),
    /// Not decoded yet.
    Record(&'a [u8]),
}

/// A frame ready for the log.
#[derive(Debug)]
pub(super) struct Frame {
    head: [u8; 9],
    head_size: usize,
    body: Vec<u8>,
}

impl Frame {
    pub(super) fn record(number: u32, previous: u64, record: &Record) -> Result<Frame, crate::journal::JournalError> {
        let body = wire::encode_record(record, numbers(number, previous));
        if body.len() > MAX_RECORD_BYTES {
            let (size, limit) = (body.len(), MAX_RECORD_BYTES);
            return Err(crate::journal::JournalError::TooLarge { size, limit });
        }
        Ok(Frame::new(body))
    }

    pub(super) fn opened(number: u32, opened: &Opened) -> Frame {
        let mut body = numbers(number, 0);
        body.push(KIND_OPENED);
        Frame::new(wire::encode_after(opened, body))
    }

    pub(super) fn moved(number: u32, moved: &Moved) -> Frame {
        let mut body = numbers(number, 0);
        body.push(KIND_MOVED);
        Frame::new(wire::encode_after(moved, body))
    }

    /// Of no match.
    pub(super) fn torn(torn: &Torn) -> Frame {
        let mut body = numbers(0, 0);
        body.push(KIND_TORN);
        Frame::new(wire::encode_after(torn, body))
    }

    fn new(body: Vec<u8>) -> Frame {
        let mut head = [0; 9];
        let size = varint(body.len() as u64, &mut head);
        let sum = crc32c(&[&head[..size], &body]);
        head[size..size + 4].copy_from_slice(&sum.to_le_bytes());
        Frame { head, head_size: size + 4, body }
    }

    pub(super) fn size(&self) -> usize {
        self.head_size + self.body.len()
    }

    pub(super) fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.head[..self.head_size]);
        to.extend_from_slice(&self.body);
    }
}

fn numbers(number: u32, previous: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    for value in [u64::from(number), previous] {
        let mut coded = [0; 10];
        let size = varint(value, &mut coded);
        bytes.extend_from_slice(&coded[..size]);
    }
    bytes
}

/// Writes a varint; says how many bytes it took.
fn varint(mut value: u64, to: &mut [u8]) -> usize {
    let mut size = 0;
    loop {
        let byte = (value & 0x7F) as u8;
        value >>= 7;
        to[size] = if value == 0 { byte } else { byte | 0x80 };
        size += 1;
        if value == 0 {
            return size;
        }
    }
}

/// Reads a varint: the value and what follows it.
fn take_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7F).checked_shl(7 * at as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}

/// A frame that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read<'a> {
    pub(super) number: u32,
    pub(super) previous: u64,
    payload: &'a [u8],
    /// All its bytes.
    pub(super) size: usize,
}

/// Bytes that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoFrame {
    /// It goes on for so many bytes in all, more than there are.
    Longer(usize),
    /// Its bytes differ from what was written; the next frame begins after so many, if the length is right.
    Damaged(usize),
    /// Not even its length can be read.
    Unreadable,
}

impl<'a> Read<'a> {
    /// The frame at the beginning of these bytes.
    pub(super) fn first_of(bytes: &'a [u8]) -> Result<Read<'a>, NoFrame> {
        let (length, rest) = take_varint(bytes).ok_or(NoFrame::Unreadable)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= MAX_BODY_BYTES);
        let length = length.ok_or(NoFrame::Unreadable)?;
        let coded = bytes.len() - rest.len();
        let size = coded + 4 + length;
        if bytes.len() < size {
            return Err(NoFrame::Longer(size));
        }
        let (sum, rest) = rest.split_first_chunk::<4>().ok_or(NoFrame::Longer(size))?;
        let body = &rest[..length];
        if crc32c(&[&bytes[..coded], body]) != u32::from_le_bytes(*sum) {
            return Err(NoFrame::Damaged(size));
        }
        let numbers = || {
            let (number, rest) = take_varint(body)?;
            let (previous, payload) = take_varint(rest)?;
            Some(Read { number: u32::try_from(number).ok()?, previous, payload, size })
        };
        numbers().ok_or(NoFrame::Damaged(size))
    }

    pub(super) fn payload(&self) -> Option<Payload<'a>> {
        let (&kind, body) = self.payload.split_first()?;
        Some(match kind {
            KIND_OPENED => {
                let opened: Opened = wire::decode(body).ok()?;
                Payload::Opened(MatchId(opened.id), opened)
            }
            KIND_MOVED => {
                let moved: Moved = wire::decode(body).ok()?;
                Payload::Moved(MatchId(moved.id), moved)
            }
            KIND_TORN => Payload::Torn(wire::decode(body).ok()?),
            _ => Payload::Record(self.payload),
        })
    }
}

/// The first bytes of a segment.
pub(super) fn segment_header(base: u64) -> [u8; SEGMENT_HEADER] {
    let mut header = [0; SEGMENT_HEADER];
    header[..12].copy_from_slice(SEGMENT_MAGIC);
    header[12..20].copy_from_slice(&base.to_le_bytes());
    let sum = crc32c(&[&header[..20]]);
    header[20..].copy_from_slice(&sum.to_le_bytes());
    header
}

/// Fills in the header for which a block's first bytes were left free.
pub(super) fn seal_block(block: &mut [u8], position: u64, synced: u64) {
    let length = u32::try_from(block.len() - BLOCK_HEADER).expect("a block is bounded");
    block[..4].copy_from_slice(BLOCK_MAGIC);
    block[4..8].copy_from_slice(&length.to_le_bytes());
    block[8..16].copy_from_slice(&synced.to_le_bytes());
    let sum = crc32c(&[&block[..16], &position.to_le_bytes()]);
    block[16..BLOCK_HEADER].copy_from_slice(&sum.to_le_bytes());
}

/// A block's header that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Bytes of its frames.
    pub(super) length: usize,
    pub(super) synced: u64,
}

impl Block {
    /// The header at the beginning of these bytes, if a block was written at this position.
    pub(super) fn first_of(bytes: &[u8], position: u64) -> Option<Block> {
        let header = bytes.first_chunk::<BLOCK_HEADER>()?;
        let (fields, sum) = header.split_last_chunk::<4>()?;
        if !header.starts_with(BLOCK_MAGIC) || crc32c(&[fields, &position.to_le_bytes()]) != u32::from_le_bytes(*sum) {
            return None;
        }
        let length = u32::from_le_bytes(*header[4..].first_chunk()?) as usize;
        Some(Block { length, synced: u64::from_le_bytes(*header[8..].first_chunk()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::testing::{idle, tick};

    #[test]
    fn frames_read_back_and_every_flipped_bit_is_found() {
        let mut bytes = Vec::new();
        Frame::record(700, 1 << 40, &tick(3)).unwrap().write(&mut bytes);
        let read = Read::first_of(&bytes).unwrap();
        assert_eq!((read.number, read.previous, read.size), (700, 1 << 40, bytes.len()));
        let Some(Payload::Record(body)) = read.payload() else { panic!("no record") };
        assert_eq!(wire::decode_record(body).unwrap(), tick(3));
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Read::first_of(&bytes).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_run_of_idle_ticks_takes_forty_bytes_at_most() {
        // The 300th match of a host, an hour in at 20 Hz, in the second gigabyte of its log.
        let run = Frame::record(300, 1_500_000_000, &idle(72_000, 3)).unwrap();
        assert!(run.size() <= 40, "{} bytes", run.size());
    }

    #[test]
    fn a_block_is_known_only_where_it_was_written() {
        let mut bytes = vec![0; BLOCK_HEADER];
        seal_block(&mut bytes, 77, 7);
        assert_eq!(Block::first_of(&bytes, 77), Some(Block { length: 0, synced: 7 }));
        assert_eq!(Block::first_of(&bytes, 78), None);
    }
}

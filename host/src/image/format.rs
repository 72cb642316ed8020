//! The bytes of an image: frozen, versioned, little-endian. Checkpoints on disk hold them; the checkpoint's hash tells
//! damage, this reads whatever it is given without a panic.
//!
//! ```text
//!   "STIM" │ format u16 │ memories u16 │ digest of the baseline, 16 bytes
//!   each memory:  size u32 (64 KiB pages) │ runs │ 0 u32 │ 0 u32
//!   a run:        first page u32 (4 KiB pages) │ pages u32, at least 1 │ their bytes
//!   slots:        count u32 │ each: slot u32, value u64
//! ```
//! Runs and slots ascend. Pages and slots that are not named are those of the baseline.

use super::{PAGE_BYTES, PAGES_PER_WASM_PAGE};

/// The format that is written and read here.
pub const FORMAT: u16 = 1;

const MAGIC: [u8; 4] = *b"STIM";

/// Bytes that are not an image of this format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an image: {0}")]
pub struct BadImage(&'static str);

/// The state of a guest at the end of a tick. See the module for its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image<'a> {
    bytes: &'a [u8],
}

impl<'a> Image<'a> {
    /// Reads an image, all the way to its last byte.
    pub fn parse(bytes: &'a [u8]) -> Result<Image<'a>, BadImage> {
        let image = Image { bytes };
        let mut parts = image.parts()?;
        while parts.next()?.is_some() {}
        Ok(image)
    }

    /// As it is kept.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What [`Writer`] wrote.
    pub(super) fn written(bytes: &'a [u8]) -> Image<'a> {
        debug_assert!(Image::parse(bytes).is_ok());
        Image { bytes }
    }

    /// What is in it, in order.
    pub(super) fn parts(&self) -> Result<Parts<'a>, BadImage> {
        let mut rest = Bytes(self.bytes);
        if rest.take(MAGIC.len())? != MAGIC {
            return Err(BadImage("it begins with other bytes"));
        }
        if rest.u16()? != FORMAT {
            return Err(BadImage("it is of another format"));
        }
        let memories = rest.u16()?;
        let baseline = *rest.take(16)?.first_chunk().expect("16 bytes were taken");
        Ok(Parts { rest, baseline, memories, at: At::Memory(0) })
    }
}

/// A piece of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// What follows, up to the next of these, is about this memory; its size in wasm's pages.
    Memory { memory: u16, size: u32 },
    /// Bytes at an address.
    Run { address: u32, bytes: &'a [u8] },
    /// The value of a slot.
    Slot { slot: u32, value: u64 },
}

/// Reads an image piece by piece.
pub(super) struct Parts<'a> {
    rest: Bytes<'a>,
    /// Digest of the baseline that the image is of.
    pub(super) baseline: [u8; 16],
    /// How many memories it has.
    pub(super) memories: u16,
    at: At,
}

enum At {
    /// Before this memory, or before the slots.
    Memory(u16),
    /// In this memory, with so many pages, before its first page that may come.
    Runs { memory: u16, pages: u64, next: u64 },
    /// In the slots: how many are left, and the first that may come.
    Slots { left: u32, next: u64 },
}

impl<'a> Parts<'a> {
    /// The next piece; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Part<'a>>, BadImage> {
        match self.at {
            At::Memory(memory) if memory == self.memories => {
                self.at = At::Slots { left: self.rest.u32()?, next: 0 };
                self.next()
            }
            At::Memory(memory) => {
                let size = self.rest.u32()?;
                let pages = u64::from(size) * PAGES_PER_WASM_PAGE as u64;
                self.at = At::Runs { memory, pages, next: 0 };
                Ok(Some(Part::Memory { memory, size }))
            }
            At::Runs { memory, pages, next } => self.run(memory, pages, next),
            At::Slots { left: 0, .. } if self.rest.0.is_empty() => Ok(None),
            At::Slots { left: 0, .. } => Err(BadImage("it has bytes past its end")),
            At::Slots { left, next } => {
                let (slot, value) = (self.rest.u32()?, self.rest.u64()?);
                if u64::from(slot) < next {
                    return Err(BadImage("its slots do not ascend"));
                }
                self.at = At::Slots { left: left - 1, next: u64::from(slot) + 1 };
                Ok(Some(Part::Slot { slot, value }))
            }
        }
    }

    fn run(&mut self, memory: u16, pages: u64, next: u64) -> Result<Option<Part<'a>>, BadImage> {
        let (first, count) = (self.rest.u32()?, self.rest.u32()?);
        if count == 0 {
            self.at = At::Memory(memory + 1);
            return self.next();
        }
        let end = u64::from(first) + u64::from(count);
        if u64::from(first) < next || end > pages {
            return Err(BadImage("its runs overlap or lie outside of the memory"));
        }
        self.at = At::Runs { memory, pages, next: end };
        let length = (count as usize).checked_mul(PAGE_BYTES).ok_or(BadImage("a run is too long"))?;
        let address = u64::from(first) * PAGE_BYTES as u64;
        let address = u32::try_from(address).map_err(|_| BadImage("a run lies past 4 GiB"))?;
        Ok(Some(Part::Run { address, bytes: self.rest.take(length)? }))
    }
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], BadImage> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(BadImage("it is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn u16(&mut self) -> Result<u16, BadImage> {
        Ok(u16::from_le_bytes(*self.take(2)?.first_chunk().expect("2 bytes were taken")))
    }

    fn u32(&mut self) -> Result<u32, BadImage> {
        Ok(u32::from_le_bytes(*self.take(4)?.first_chunk().expect("4 bytes were taken")))
    }

    fn u64(&mut self) -> Result<u64, BadImage> {
        Ok(u64::from_le_bytes(*self.take(8)?.first_chunk().expect("8 bytes were taken")))
    }
}

/// Writes an image. Order of calls: `begin`, then for each memory `memory`, its pages ascending, `end_memory`, then `slots`.
pub(super) struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
    /// Where the open run's count stands, and the page that would continue it.
    run: Option<(usize, u32)>,
}

impl<'a> Writer<'a> {
    pub(super) fn begin(bytes: &'a mut Vec<u8>, baseline: [u8; 16], memories: u16) -> Writer<'a> {
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&memories.to_le_bytes());
        bytes.extend_from_slice(&baseline);
        Writer { bytes, run: None }
    }

    pub(super) fn memory(&mut self, size: u32) {
        self.u32(size);
    }

    /// One page, appended to the run before where it continues it.
    pub(super) fn page(&mut self, number: u32, page: &[u8]) {
        match self.run {
            Some((count_at, next)) if next == number => {
                let count = self.bytes[count_at..].first_chunk_mut().expect("a count was written there");
                *count = (u32::from_le_bytes(*count) + 1).to_le_bytes();
                self.run = Some((count_at, number + 1));
            }
            _ => {
                self.u32(number);
                self.run = Some((self.bytes.len(), number + 1));
                self.u32(1);
            }
        }
        self.bytes.extend_from_slice(page);
    }

    pub(super) fn end_memory(&mut self) {
        self.run = None;
        self.u32(0);
        self.u32(0);
    }

    pub(super) fn slots(self, slots: &[(u32, u64)]) -> &'a [u8] {
        let mut writer = self;
        writer.u32(u32::try_from(slots.len()).expect("slots are bounded far below 2^32"));
        for (slot, value) in slots {
            writer.u32(*slot);
            writer.bytes.extend_from_slice(&value.to_le_bytes());
        }
        writer.bytes
    }

    fn u32(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::begin(&mut bytes, [7; 16], 2);
        writer.memory(2);
        for (number, fill) in [(1, 1), (2, 2), (31, 3)] {
            writer.page(number, &[fill; PAGE_BYTES]);
        }
        writer.end_memory();
        writer.memory(0);
        writer.end_memory();
        writer.slots(&[(0, 5), (9, u64::MAX)]);
        bytes
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = sample();
        let mut parts = Image::parse(&bytes).unwrap().parts().unwrap();
        assert_eq!((parts.baseline, parts.memories), ([7; 16], 2));
        let mut read = Vec::new();
        while let Some(part) = parts.next().unwrap() {
            read.push(part);
        }
        let run = [[1; PAGE_BYTES], [2; PAGE_BYTES]].concat();
        let expected = [
            Part::Memory { memory: 0, size: 2 },
            Part::Run { address: 4096, bytes: &run },
            Part::Run { address: 31 * 4096, bytes: &[3; PAGE_BYTES] },
            Part::Memory { memory: 1, size: 0 },
            Part::Slot { slot: 0, value: 5 },
            Part::Slot { slot: 9, value: u64::MAX },
        ];
        assert_eq!(read, expected);
    }

    /// The first bytes of the format, spelled out: checkpoints on disk depend on them.
    #[test]
    fn the_format_is_frozen() {
        let bytes = sample();
        assert_eq!(bytes[..8], [b'S', b'T', b'I', b'M', 1, 0, 2, 0]);
        assert_eq!(bytes[24..36], [2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(hex::encode(blake3::hash(&bytes).as_bytes()), FROZEN);
    }

    const FROZEN: &str = "394e6ba88992fb91d2bc785942bb57c84045a7204ddaaaaa63f7e28941d3695b";

    #[test]
    fn damage_is_an_answer_and_never_a_panic() {
        let whole = sample();
        for length in (0..whole.len()).step_by(97).chain(whole.len() - 64..whole.len()) {
            assert!(Image::parse(&whole[..length]).is_err(), "cut at {length}");
        }
        assert!(Image::parse(&[&whole[..], &[0]].concat()).is_err());
        for at in (0..64).chain(whole.len() - 64..whole.len()) {
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                let _ = Image::parse(&flipped);
            }
        }
        for (at, byte) in [(0, b'X'), (4, 2), (24, 1), (28, 40)] {
            let mut wrong = whole.clone();
            wrong[at] = byte;
            assert!(Image::parse(&wrong).is_err(), "byte {at}");
        }
    }
}

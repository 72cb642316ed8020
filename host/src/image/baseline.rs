//! A fresh instance: what images are compared with and put back onto. The same on every machine and in every compilation of
//! a component, or else it has no image checkpoints.

use wasmtime::Result;

use super::access::Access;
use super::{PAGE_BYTES, pages};

/// A page that nobody wrote.
const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

/// Memories and slots after instantiation, before any call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Baseline {
    pub(super) memories: Vec<Memory>,
    pub(super) slots: Vec<u64>,
}

/// One linear memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    /// Its size, in wasm's pages.
    pub(super) size: u32,
    /// Its bytes up to the last page that is not all zero.
    pub(super) bytes: Vec<u8>,
}

impl Baseline {
    /// Copies what an instance holds: a fresh one's baseline, or at publish what `prepare` left. The instance is of no use after
    /// it: its memories are given back.
    pub(crate) fn read(mut access: Access<'_>) -> Result<Baseline> {
        let access = &mut access;
        let memories =
            (0..access.layout().memories).map(|memory| Memory::read(access, memory)).collect::<Result<_>>()?;
        Ok(Baseline { memories, slots: access.slots()? })
    }

    /// What an image names its baseline by.
    pub(crate) fn digest(&self) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        for memory in &self.memories {
            hasher.update(&memory.size.to_le_bytes());
            hasher.update(&(memory.bytes.len() as u64).to_le_bytes());
            hasher.update(&memory.bytes);
        }
        for slot in &self.slots {
            hasher.update(&slot.to_le_bytes());
        }
        *hasher.finalize().as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes")
    }
}

impl Memory {
    fn read(access: &mut Access<'_>, memory: u16) -> Result<Memory> {
        let size = access.size(memory)?;
        let (mut bytes, mut read) = (Vec::new(), Vec::new());
        access.read(memory, |address, stretch| {
            let mut pages = stretch.chunks_exact(PAGE_BYTES);
            let used = pages.rposition(|page| page != ZEROS).map_or(0, |last| (last + 1) * PAGE_BYTES);
            if used > 0 {
                bytes.resize(address, 0);
                bytes.extend_from_slice(&stretch[..used]);
            }
            read.push(stretch.as_ptr_range());
        })?;
        read.into_iter().for_each(pages::give_back);
        Ok(Memory { size, bytes })
    }

    /// The page at an address.
    pub(super) fn page(&self, address: usize) -> &[u8] {
        self.bytes.get(address..address + PAGE_BYTES).unwrap_or(&ZEROS)
    }
}

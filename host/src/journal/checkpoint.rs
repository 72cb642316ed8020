//! A state from which a match may go on without the ticks before it: what the guest is, and what its host knows beside it.
//!
//! ```text
//!   magic "STADIONC" | format: u16 LE = 1 | reserved: u16 LE = 0 | BLAKE3 of what follows | postcard
//! ```
//!
//! Checkpoints stand beside the records and in no chain: a match without them is the same match, only slower to restore.

use serde::{Deserialize, Serialize};

use super::chain::Link;
use super::wire;

const HEADER: [u8; 12] = *b"STADIONC\x01\0\0\0";
const HASH: usize = 32;

/// A state between two ticks.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The session that it was taken of.
    pub incarnation: u32,
    /// The newest tick that it contains.
    pub tick: u64,
    /// The chain after everything that it contains.
    pub chain: Link,
    /// How the guest was taken.
    pub kind: CheckpointKind,
    /// The host's side of the match, as `life` wrote it.
    pub host: Vec<u8>,
    /// The guest: an image, or what it saved.
    pub guest: Vec<u8>,
}

/// How a guest was taken. New ways are added at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckpointKind {
    /// Memories and globals, byte for byte.
    Image,
    /// What `save` gave, for `load`.
    State,
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkpoint")
            .field("incarnation", &self.incarnation)
            .field("tick", &self.tick)
            .field("chain", &self.chain)
            .field("kind", &self.kind)
            .field("host_bytes", &self.host.len())
            .field("guest_bytes", &self.guest.len())
            .finish()
    }
}

impl Checkpoint {
    /// About how much memory it takes.
    pub fn size(&self) -> usize {
        self.host.len() + self.guest.len() + size_of::<Checkpoint>()
    }
}

/// A checkpoint as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// How many records of the match stand before it.
    pub(super) records: u64,
    pub(super) checkpoint: Checkpoint,
}

impl Kept {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes.extend_from_slice(&[0; HASH]);
        let mut bytes = wire::encode_after(self, bytes);
        let hash = blake3::hash(&bytes[HEADER.len() + HASH..]);
        bytes[HEADER.len()..HEADER.len() + HASH].copy_from_slice(hash.as_bytes());
        bytes
    }

    /// `None`: damaged, or of another format.
    pub(super) fn decode(bytes: &[u8]) -> Option<Kept> {
        let (hash, body) = bytes.strip_prefix(&HEADER)?.split_first_chunk::<HASH>()?;
        (blake3::hash(body) == *hash).then(|| wire::decode(body).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_reads_back_and_every_flipped_bit_is_found() {
        let checkpoint = Checkpoint {
            incarnation: 2,
            tick: 3,
            chain: Link([4; 16]),
            kind: CheckpointKind::State,
            host: vec![5],
            guest: vec![6, 7],
        };
        let bytes = Kept { records: 8, checkpoint: checkpoint.clone() }.encode();
        let read = Kept::decode(&bytes).unwrap();
        assert_eq!((read.records, read.checkpoint), (8, checkpoint));
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Kept::decode(&bytes).is_none(), "bit {bit}");
        }
    }
}

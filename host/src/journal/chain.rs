//! The hash chain of a match. Two runs of the same journal that have the same link after a tick were given the same and
//! asked for the same, up to that tick.
//!
//! A link is the first 16 bytes of BLAKE3 (keyless) over: a tag byte, the link before it, and the record's content as
//! postcard 1 (<https://postcard.jamesmunns.com/wire-format>) in field order.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::record::{EndRecord, Fact, SetupRecord, SwappedRecord, TickRecord};
use super::wire;
use crate::model::{Output, TickInput, Wake};

/// A point of the chain.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link(pub [u8; 16]);

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const TAG_SETUP: u8 = 0;
const TAG_TICK: u8 = 1;
const TAG_END: u8 = 2;
const TAG_SWAPPED: u8 = 3;

/// Hash of what a step asked for, in the order in which it asked.
pub fn outputs(outputs: &[Output]) -> [u8; 16] {
    if outputs.is_empty() {
        return [0; 16];
    }
    hash(&wire::encode(outputs))
}

/// The chain after tick 0.
pub fn first(setup: &SetupRecord) -> Link {
    link(TAG_SETUP, Link::default(), &wire::encode(setup))
}

/// The chain after a tick.
pub fn next(tick: &TickRecord) -> Link {
    after_tick(
        tick.previous,
        &TickContent {
            incarnation: tick.incarnation,
            input: &tick.input,
            facts: &tick.facts,
            wake: tick.wake,
            outputs: tick.outputs,
        },
    )
}

/// The chain after the end.
pub fn last(end: &EndRecord) -> Link {
    link(TAG_END, end.previous, &wire::encode_end_content(end))
}

/// The chain after a swap.
pub fn after_swap(swap: &SwappedRecord) -> Link {
    link(
        TAG_SWAPPED,
        swap.previous,
        &wire::encode(&(swap.incarnation, swap.tick, swap.version, &swap.by, swap.wake, swap.outputs)),
    )
}

/// What a tick adds to the chain.
#[derive(Serialize)]
pub struct TickContent<'a> {
    /// Which session ran it.
    pub incarnation: u32,
    /// As given to the guest.
    pub input: &'a TickInput,
    /// See [`TickRecord::facts`].
    pub facts: &'a [(u16, Fact)],
    /// What the step answered.
    pub wake: Wake,
    /// See [`outputs`].
    pub outputs: [u8; 16],
}

/// The chain after a tick with this content.
pub fn after_tick(previous: Link, content: &TickContent<'_>) -> Link {
    link(TAG_TICK, previous, &wire::encode(content))
}

fn link(tag: u8, previous: Link, content: &[u8]) -> Link {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[tag]).update(&previous.0).update(content);
    Link(short(hasher.finalize()))
}

fn hash(bytes: &[u8]) -> [u8; 16] {
    short(blake3::hash(bytes))
}

fn short(hash: blake3::Hash) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&hash.as_bytes()[..16]);
    short
}

//! Recursion, most of the way to where the stack ends.

use std::hint::black_box;

use super::{Part, Tick};

/// A frame of this function takes some 100 bytes of the 512 KiB of stack.
const DEEPEST: u32 = 3_000;

#[derive(Default)]
pub(crate) struct Nasty {
    deepest: u32,
}

impl Part for Nasty {
    fn step(&mut self, tick: &Tick, said: &[u8], out: &mut Vec<u8>) {
        let depth = DEEPEST - u32::from(said.first().copied().unwrap_or(0));
        self.deepest = self.deepest.max(depth);
        out.extend(dig(depth, tick.number).to_le_bytes());
        out.extend(self.deepest.to_le_bytes());
    }
}

#[inline(never)]
fn dig(depth: u32, number: u64) -> u64 {
    if depth == 0 {
        return number;
    }
    let local = black_box([number ^ u64::from(depth); 2]);
    let below = dig(depth - 1, number.rotate_left(7));
    below.wrapping_mul(31).wrapping_add(local[0]).wrapping_add(black_box(local)[1])
}

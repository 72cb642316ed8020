//! Allocations of all sizes, made and freed: their addresses are shown.

use super::{Part, Tick};

#[derive(Default)]
pub(crate) struct Nasty {
    blocks: Vec<Box<[u8]>>,
}

impl Part for Nasty {
    fn step(&mut self, tick: &Tick, said: &[u8], out: &mut Vec<u8>) {
        for byte in said {
            let size = usize::from(*byte) * if byte % 16 == 0 { 300 } else { 3 } + 1;
            self.blocks.push(vec![*byte; size].into_boxed_slice());
            if self.blocks.len() > 60 {
                let victim = usize::from(*byte) % self.blocks.len();
                self.blocks.swap_remove(victim);
            }
        }
        if tick.number % 50 == 0 {
            self.blocks.truncate(5);
        }
        for block in &self.blocks {
            out.extend((block.as_ptr() as usize as u32).to_le_bytes());
            out.push(block[block.len() - 1]);
        }
    }
}

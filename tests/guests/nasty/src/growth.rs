//! Takes all the memory that there is, says how much it was, and gives back what it can.

use super::{Part, Tick};

#[derive(Default)]
pub(crate) struct Nasty {
    hoard: Vec<Vec<u8>>,
}

impl Part for Nasty {
    fn step(&mut self, tick: &Tick, said: &[u8], out: &mut Vec<u8>) {
        let wanted = 1000 * (said.len() + 1);
        loop {
            let mut block: Vec<u8> = Vec::new();
            if block.try_reserve_exact(wanted).is_err() {
                break;
            }
            block.push(tick.number.to_le_bytes()[0]);
            self.hoard.push(block);
            if self.hoard.len() % 200 == 0 && tick.number % 5 != 0 {
                break;
            }
        }
        out.extend((self.hoard.len() as u32).to_le_bytes());
        out.extend((core::arch::wasm32::memory_size::<0>() as u32).to_le_bytes());
        out.extend(tick.number.to_le_bytes());
        out.extend(self.hoard.iter().map(|block| block[0]));
        if tick.number % 10 == 0 {
            self.hoard.clear();
        }
    }
}

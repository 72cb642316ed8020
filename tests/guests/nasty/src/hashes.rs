//! Hash maps with random states: their order is shown.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::{Part, Tick};

#[derive(Default)]
pub(crate) struct Nasty {
    kept: HashMap<u64, Vec<u8>>,
}

impl Part for Nasty {
    fn step(&mut self, tick: &Tick, said: &[u8], out: &mut Vec<u8>) {
        for byte in said {
            self.kept.entry(u64::from(*byte) * 7 % 97).or_default().push(*byte);
        }
        if tick.number % 16 == 0 {
            self.kept.retain(|key, _| key % 3 != tick.number / 16 % 3);
        }
        let fresh: HashSet<u64> = (tick.number..tick.number + 12).collect();
        fresh.iter().for_each(|number| out.extend(number.to_le_bytes()));
        out.extend(RandomState::new().hash_one(tick.number).to_le_bytes());
        for (key, bytes) in &self.kept {
            out.push(key.to_le_bytes()[0]);
            out.extend(bytes);
        }
    }
}

//! Every clock and every source of randomness that a standard library has.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant, SystemTime};

use super::{Part, Tick};

pub(crate) struct Nasty {
    begun: Instant,
    seen: Duration,
}

impl Default for Nasty {
    fn default() -> Nasty {
        Nasty { begun: Instant::now(), seen: Duration::ZERO }
    }
}

impl Part for Nasty {
    fn step(&mut self, tick: &Tick, said: &[u8], out: &mut Vec<u8>) {
        let before = Instant::now();
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        out.extend(unix.as_nanos().to_le_bytes());
        out.extend(self.begun.elapsed().as_nanos().to_le_bytes());
        out.extend(tick.time.to_le_bytes());
        self.seen += before.elapsed();
        out.extend(self.seen.as_nanos().to_le_bytes());
        // A state of a hash map's takes new random bytes once for each thread, and counts on from there.
        for _ in 0..said.len() % 5 {
            out.extend(RandomState::new().build_hasher().finish().to_le_bytes());
        }
    }
}

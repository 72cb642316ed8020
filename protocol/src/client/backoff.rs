//! Pauses between attempts, and the randomness in them.

use std::time::Duration;

/// Exponential backoff with jitter: 200 ms doubled each time up to a limit, of which a random half to whole is waited, so
/// that clients of a restarted host do not come back all at once.
#[derive(Debug)]
pub(super) struct Backoff {
    failures: u32,
    longest: Duration,
    rng: SplitMix64,
}

const FIRST: Duration = Duration::from_millis(200);

impl Backoff {
    pub(super) fn new(seed: u64, longest: Duration) -> Backoff {
        Backoff { failures: 0, longest, rng: SplitMix64(seed) }
    }

    /// The pause before the next attempt.
    pub(super) fn next(&mut self) -> Duration {
        let full = FIRST.saturating_mul(1 << self.failures.min(16)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        let half = u64::try_from(full.as_nanos() / 2).unwrap_or(u64::MAX / 2);
        Duration::from_nanos(half + self.rng.next() % (half + 1))
    }

    /// An attempt succeeded.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): jitter needs no more.
#[derive(Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_limit_and_start_again_after_a_success() {
        let limit = Duration::from_secs(4);
        let mut backoff = Backoff::new(1, limit);
        for full_ms in [200, 400, 800, 1_600, 3_200, 4_000, 4_000] {
            let pause = backoff.next();
            assert!(
                pause >= Duration::from_millis(full_ms / 2) && pause <= Duration::from_millis(full_ms),
                "{pause:?}"
            );
        }
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}

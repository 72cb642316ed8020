//! Counters. They cost a few nanoseconds a tick and are read without stopping anybody.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use stadion_protocol::contract::MatchUsage;

/// Steps between two powers of two: a reading is at most a quarter too high.
const STEPS: usize = 4;

/// From 1 us to over an hour.
const BUCKETS: usize = 32 * STEPS;

/// Durations counted in buckets of microseconds that grow by the factor 2^(1/4), roughly.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { buckets: [const { AtomicU64::new(0) }; BUCKETS] }
    }
}

impl Histogram {
    /// Counts a duration.
    pub fn record(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket(us)].fetch_add(1, Relaxed);
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Relaxed)).sum()
    }

    /// The duration that `permille` of a thousand stay under; zero when nothing was counted.
    pub fn permille(&self, permille: u64) -> Duration {
        let rank = (self.count() * permille).div_ceil(1_000);
        let mut seen = 0;
        for (at, bucket) in self.buckets.iter().enumerate() {
            seen += bucket.load(Relaxed);
            if seen >= rank && seen > 0 {
                return Duration::from_micros(upper_us(at));
            }
        }
        Duration::ZERO
    }

    /// Starts counting anew. What is counted meanwhile may be lost.
    pub fn reset(&self) {
        self.buckets.iter().for_each(|bucket| bucket.store(0, Relaxed));
    }
}

fn bucket(us: u64) -> usize {
    let us = us.max(1);
    let power = us.ilog2() as usize;
    let step = if power >= 2 { (us >> (power - 2)) as usize & (STEPS - 1) } else { 0 };
    (power * STEPS + step).min(BUCKETS - 1)
}

fn upper_us(bucket: usize) -> u64 {
    let (power, step) = (bucket / STEPS, bucket % STEPS);
    if power < 2 { 2 << power } else { ((STEPS + step + 1) as u64) << (power - 2) }
}

/// Counters of one shard.
#[derive(Debug, Default)]
pub struct ShardStats {
    /// How late ticks with a deadline began.
    pub lateness: Histogram,
    /// How long steps took from being handed in to their result, waiting for slices included.
    pub step: Histogram,
    /// Steps that used up a slice and did not return in it, and how often.
    pub slices: AtomicU64,
    /// Steps that finished in the slow lane.
    pub slow: AtomicU64,
    /// Turns of the loop: how often the shard woke up or went on.
    pub turns: AtomicU64,
    /// Time in turns, nanoseconds; the rest of the time it slept. Never starts anew: it is read as a difference.
    pub busy_ns: AtomicU64,
    /// Matches that came from another shard.
    pub moved_in: AtomicU64,
}

impl ShardStats {
    /// Starts counting anew. What is counted meanwhile may be lost.
    pub fn reset(&self) {
        self.lateness.reset();
        self.step.reset();
        [&self.slices, &self.slow, &self.turns].into_iter().for_each(|counter| counter.store(0, Relaxed));
    }
}

/// Counters of one match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatchStats {
    /// Checkpoints that were kept.
    pub checkpoints: u64,
    /// CPU time of the steps since the newest one: about what bringing the match back takes.
    pub replay_debt: Duration,
    /// Ticks that were sealed.
    pub ticks: u64,
    /// Periods that passed without a tick.
    pub skipped: u64,
    /// The latest that a tick began after its deadline.
    pub worst_lateness: Duration,
    /// Sum over all ticks.
    pub total_lateness: Duration,
    /// How late its ticks began.
    pub lateness: Spread,
    /// The longest from handing in a tick to its result.
    pub worst_step: Duration,
    /// Sum over all ticks.
    pub total_step: Duration,
    /// CPU time of all steps.
    pub total_cpu: Duration,
    /// Slices that were used up.
    pub slices: u64,
    /// The longest stretch of a step without a yield.
    pub longest_slice: Duration,
    /// Steps that finished in the slow lane.
    pub slow: u64,
    /// How often it went to another shard.
    pub moves: u32,
    /// Linear memory of the guest after its newest step, bytes.
    pub memory_bytes: u64,
    /// The most linear memory that it had after a step, bytes.
    pub peak_memory_bytes: u64,
    /// CPU time of the newest step.
    pub step_cpu: Duration,
    /// Messages of its players that it took.
    pub messages_in: u64,
    /// Bytes of those.
    pub bytes_in: u64,
    /// Messages to its players, counted for each receiver.
    pub messages_out: u64,
    /// Bytes of those.
    pub bytes_out: u64,
    /// Bytes of its journal.
    pub journal_bytes: u64,
}

impl MatchStats {
    /// As the contract tells it.
    pub fn usage(&self) -> MatchUsage {
        MatchUsage {
            cpu: self.total_cpu,
            peak_memory_bytes: self.peak_memory_bytes,
            ticks: self.ticks,
            messages_in: self.messages_in,
            bytes_in: self.bytes_in,
            messages_out: self.messages_out,
            bytes_out: self.bytes_out,
            journal_bytes: self.journal_bytes,
            worst_lateness: self.worst_lateness,
            total_lateness: self.total_lateness,
            worst_step: self.worst_step,
            total_step: self.total_step,
            slices: self.slices,
            longest_slice: self.longest_slice,
            recovery_estimate: self.replay_debt,
        }
    }
}

/// Powers of two of a [`Spread`]: from 64 us to 4 s.
const SPREAD_POWERS: usize = 17;

/// The lowest power that is told apart.
const SPREAD_FROM: u32 = 6;

/// A histogram small enough for every match to have one: each reading is at most a quarter too high, and none is below
/// 80 us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread([u32; SPREAD_POWERS * STEPS]);

impl Default for Spread {
    fn default() -> Spread {
        Spread([0; SPREAD_POWERS * STEPS])
    }
}

impl Spread {
    /// Counts a duration.
    pub fn record(&mut self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1 << SPREAD_FROM);
        let at = bucket(us) - SPREAD_FROM as usize * STEPS;
        let count = &mut self.0[at.min(SPREAD_POWERS * STEPS - 1)];
        *count = count.saturating_add(1);
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Spread) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count = count.saturating_add(more));
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|count| u64::from(*count)).sum()
    }

    /// The duration that `permille` of a thousand stay under; zero when nothing was counted.
    pub fn permille(&self, permille: u64) -> Duration {
        let rank = (self.count() * permille).div_ceil(1_000);
        let mut seen = 0;
        for (at, count) in self.0.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank && seen > 0 {
                return Duration::from_micros(upper_us(at + SPREAD_FROM as usize * STEPS));
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_at_most_a_quarter_too_high() {
        for us in [1u64, 2, 3, 4, 5, 7, 100, 999, 1_000_000, 3_600_000_000] {
            let upper = upper_us(bucket(us));
            assert!(upper > us && upper <= (us + us / 4 + 1).max(4), "{us} reads {upper}");
        }
    }

    #[test]
    fn a_spread_reads_like_a_histogram() {
        let (mut all, mut half) = (Spread::default(), Spread::default());
        (1..=500).for_each(|ms| half.record(Duration::from_millis(ms)));
        all.merge(&half);
        (501..=1_000).for_each(|ms| all.record(Duration::from_millis(ms)));
        assert_eq!(all.count(), 1_000);
        for (permille, ms) in [(500, 500), (990, 990), (1_000, 1_000)] {
            let (read, truth) = (all.permille(permille), Duration::from_millis(ms));
            assert!(read >= truth && read <= truth.mul_f64(1.26), "{permille}: {read:?}");
        }
        let mut quick = Spread::default();
        quick.record(Duration::ZERO);
        quick.record(Duration::from_secs(3_600));
        assert_eq!(quick.permille(500), Duration::from_micros(80));
        assert!(quick.permille(1_000) >= Duration::from_secs(7), "beyond the last bucket is the last bucket");
    }

    #[test]
    fn permilles_follow_what_was_counted() {
        let histogram = Histogram::default();
        (1..=1_000).for_each(|us| histogram.record(Duration::from_micros(us)));
        assert!(histogram.permille(500) >= Duration::from_micros(500));
        assert!(histogram.permille(500) <= Duration::from_micros(640));
        assert!(histogram.permille(990) >= Duration::from_micros(990));
    }
}

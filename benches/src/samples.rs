//! Durations of one row, and their percentiles.

use std::time::Duration;

use crate::clock;
use crate::report::Row;

/// What one row measured, in the order of the runs.
#[derive(Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    /// Room for this many, so that growing is never part of what is measured.
    pub(crate) fn with_capacity(runs: u32) -> Samples {
        Samples(Vec::with_capacity(runs as usize))
    }

    /// Adds one run.
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Runs `operation` and keeps the time it took, unless it failed.
    pub(crate) fn time<T, E>(&mut self, operation: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let before = clock::now();
        let done = operation()?;
        self.0.push(before.elapsed());
        Ok(done)
    }

    /// The row of these samples; `None` without any.
    pub(crate) fn row(mut self, name: &'static str) -> Option<Row> {
        self.0.sort_unstable();
        let runs = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        Some(Row { name, p50_us: percentile(&self.0, 50)?, p99_us: percentile(&self.0, 99)?, runs })
    }
}

/// The same of figures that were measured elsewhere, microseconds; 0 without any.
pub(crate) fn percentile_us(us: &[f64], percent: usize) -> f64 {
    let mut sorted = us.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100);
    rank.checked_sub(1).and_then(|at| sorted.get(at)).copied().unwrap_or(0.0)
}

/// Nearest rank (the smallest value that at least `percent` of 100 samples do not exceed), microseconds to the nanosecond.
fn percentile(sorted: &[Duration], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    let sample = sorted.get(rank.checked_sub(1)?)?;
    Some(sample.as_nanos() as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_micros).collect();
        for (percent, expect) in [(1, 2.0), (50, 100.0), (99, 198.0), (100, 200.0)] {
            assert_eq!(percentile(&sorted, percent), Some(expect), "p{percent}");
        }
        assert_eq!(percentile(&sorted[..1], 99), Some(1.0));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_failed_run_leaves_no_sample() {
        let mut samples = Samples::default();
        assert_eq!(samples.time(|| Err::<(), _>("no")), Err("no"));
        assert!(samples.row("none").is_none());
    }
}

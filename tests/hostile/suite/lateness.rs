//! How late ticks came to those who wait for them. Pure: from what was heard to figures.
//!
//! A canary tells its player the match time of each tick. The earliest that any tick came in a quiet stretch is what is
//! possible; everything later than that is late. A deadline that no tick told of (a period that was skipped, a packet that was
//! lost) counts as late until the next tick that came, and one that nothing followed until the end of the window: a host that
//! stands still cannot hide that by saying nothing.

use std::fmt;
use std::time::Duration;

/// A tick as its player heard of it, both in nanoseconds: match time, and when it was heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    pub(crate) time: u64,
    pub(crate) at: u64,
}

/// What one canary's player heard in a window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Track {
    /// The last of the window before.
    pub(crate) before: Option<Heard>,
    /// In order of arrival.
    pub(crate) heard: Vec<Heard>,
}

/// Edges of the histogram, milliseconds.
const EDGES_MS: [u64; 8] = [1, 2, 5, 10, 20, 50, 100, 200];

/// What the row's bound allows: so many times the baseline, or so much more.
const TIMES: f64 = 2.0;
const MORE_MS: f64 = 2.0;

/// Latenesses of many ticks, milliseconds, in order of size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lateness(Vec<f64>);

impl Track {
    /// The earliest that a tick came, as the difference of the two clocks.
    pub(crate) fn anchor(&self) -> Option<i64> {
        self.heard.iter().map(|heard| offset(*heard)).min()
    }

    /// How fast match time goes by, as a part of real time; exactly 1 for a rate that is kept.
    pub(crate) fn pace(&self) -> Option<f64> {
        let (first, last) = (self.heard.first()?, self.heard.last()?);
        (last.at > first.at).then(|| (last.time - first.time) as f64 / (last.at - first.at) as f64)
    }

    /// How late each deadline of the window was met, nanoseconds. `period`: between two ticks; `until`: the window's end.
    pub(crate) fn late(&self, anchor: i64, period: u64, until: u64) -> Vec<u64> {
        let late = |deadline: u64, at: u64| {
            let due = i64::try_from(deadline).unwrap() + anchor;
            u64::try_from(i64::try_from(at).unwrap() - due).unwrap_or(0)
        };
        let mut found = Vec::with_capacity(self.heard.len());
        let mut last = self.before.map(|heard| heard.time);
        for heard in &self.heard {
            let first = last.map_or(heard.time, |last| last + period);
            found.extend(
                (first..=heard.time).step_by(usize::try_from(period).unwrap()).map(|time| late(time, heard.at)),
            );
            last = last.max(Some(heard.time));
        }
        // What is due by now and has not come.
        let waits = last.into_iter().flat_map(|last| (1..).map(move |n| last + n * period));
        found.extend(waits.map(|time| late(time, until)).take_while(|late| *late > period));
        found
    }
}

fn offset(heard: Heard) -> i64 {
    i64::try_from(heard.at).unwrap() - i64::try_from(heard.time).unwrap()
}

impl Lateness {
    pub(crate) fn of(nanoseconds: impl IntoIterator<Item = u64>) -> Lateness {
        let mut ms: Vec<f64> = nanoseconds.into_iter().map(|ns| Duration::from_nanos(ns).as_secs_f64() * 1e3).collect();
        ms.sort_by(f64::total_cmp);
        Lateness(ms)
    }

    /// The lateness that this share of the ticks does not exceed, milliseconds.
    pub(crate) fn at(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((share * last as f64).round() as usize).copied().unwrap_or(0.0)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.at(0.99)
    }

    /// The p99 that is allowed beside a hostile guest, when this is what it is without one.
    pub(crate) fn allowed_p99(&self) -> f64 {
        (self.p99() * TIMES).max(self.p99() + MORE_MS)
    }
}

/// The histogram.
impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut from = 0;
        for edge in EDGES_MS {
            let to = self.0.partition_point(|late| *late < edge as f64);
            write!(f, "<{edge} ms: {:<7}", to - from)?;
            from = to;
        }
        write!(f, "more: {}", self.0.len() - from)
    }
}

#[test]
fn a_period_that_was_skipped_is_late_until_the_next_tick() {
    const MS: u64 = 1_000_000;
    let heard = |time, at| Heard { time: time * MS, at: at * MS };
    let track = Track { before: Some(heard(0, 100)), heard: vec![heard(50, 150), heard(200, 310), heard(250, 350)] };
    let late: Vec<u64> = track.late(100 * 1_000_000, 50 * MS, 380 * MS).iter().map(|ns| ns / MS).collect();
    assert_eq!(late, [0, 110, 60, 10, 0], "those due at 100 and 150 came with the one at 200");
    assert!((track.pace().unwrap() - 1.0).abs() < 1e-9, "200 ms of the match in 200 ms");
    let silent: Vec<u64> = track.late(100 * 1_000_000, 50 * MS, 560 * MS).iter().map(|ns| ns / MS).collect();
    assert_eq!(silent[5..], [160, 110, 60], "and nothing came of those due since");
}

#[test]
fn the_bound_is_the_greater_of_two() {
    let of_ms = |ms: u64| Lateness::of([ms * 1_000_000]);
    assert_eq!((of_ms(1).allowed_p99(), of_ms(10).allowed_p99()), (3.0, 20.0));
}

//! When a connection's quality is worth telling its match. Reports are journaled and wake event-driven matches, so only
//! notable changes are told, and rarely.

use std::time::Duration;

use stadion_protocol::Moment;

use super::transport::Path;
use crate::link::FromPlayer;

/// How often the path is looked at.
pub(super) const SAMPLE_EVERY: Duration = Duration::from_secs(2);

/// The least time between two reports.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Changes of round trip and jitter below this are not felt by players.
const NOTABLE_MS: u16 = 10;

/// Changes of loss below this are noise.
const NOTABLE_PERMILLE: u16 = 10;

/// One connection's quality over time. A good connection (no delay, no loss) is what a match assumes, so it is never
/// reported.
#[derive(Debug, Default)]
pub(super) struct QualityWatch {
    last_sample: Option<Path>,
    jitter_ms: f32,
    told: Quality,
    told_at: Option<Moment>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Quality {
    round_trip_ms: u16,
    jitter_ms: u16,
    loss_permille: u16,
}

impl QualityWatch {
    /// Takes a sample, every [`SAMPLE_EVERY`]; gives the report that is due.
    pub(super) fn sample(&mut self, now: Moment, path: Path) -> Option<FromPlayer> {
        let before = self.last_sample.unwrap_or(path);
        let difference = path.round_trip.abs_diff(before.round_trip).as_secs_f32() * 1e3;
        // The estimator of RFC 3550 section 6.4.1: a sixteenth of the newest difference.
        self.jitter_ms += (difference - self.jitter_ms) / 16.0;
        let quiet = self.told_at.is_some_and(|told| now.since(told) < REPORT_EVERY);
        if !quiet {
            // Loss is counted since the last sample that was not inside the quiet time, for a longer window.
            self.last_sample = Some(path);
        } else if let Some(last) = &mut self.last_sample {
            last.round_trip = path.round_trip;
        }
        let quality = Quality {
            round_trip_ms: whole_ms(path.round_trip),
            jitter_ms: self.jitter_ms.round() as u16,
            loss_permille: loss_permille(before, path),
        };
        if quiet || !quality.differs(self.told) {
            return None;
        }
        (self.told, self.told_at) = (quality, Some(now));
        let Quality { round_trip_ms, jitter_ms, loss_permille } = quality;
        Some(FromPlayer::Quality { round_trip_ms, jitter_ms, loss_permille })
    }
}

impl Quality {
    /// By more than a threshold and, for times, by more than a quarter.
    fn differs(self, other: Quality) -> bool {
        let time = |a: u16, b: u16| a.abs_diff(b) >= NOTABLE_MS.max(b / 4);
        time(self.round_trip_ms, other.round_trip_ms)
            || time(self.jitter_ms, other.jitter_ms)
            || self.loss_permille.abs_diff(other.loss_permille) >= NOTABLE_PERMILLE
    }
}

fn whole_ms(time: Duration) -> u16 {
    u16::try_from(time.as_millis()).unwrap_or(u16::MAX)
}

fn loss_permille(before: Path, now: Path) -> u16 {
    let sent = now.sent_packets.saturating_sub(before.sent_packets);
    let lost = now.lost_packets.saturating_sub(before.lost_packets).min(sent);
    // Of too few packets a share says nothing.
    if sent < 20 { 0 } else { u16::try_from(lost * 1000 / sent).unwrap_or(1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(round_trip_ms: u64, sent_packets: u64, lost_packets: u64) -> Path {
        Path { round_trip: Duration::from_millis(round_trip_ms), sent_packets, lost_packets }
    }

    fn at(seconds: u64) -> Moment {
        Moment(0) + Duration::from_secs(seconds)
    }

    #[test]
    fn a_good_connection_is_never_reported() {
        let mut watch = QualityWatch::default();
        assert!((0..100).all(|n| watch.sample(at(2 * n), path(3 + n % 3, 40 * n, 0)).is_none()));
    }

    #[test]
    fn a_slow_connection_is_reported_once() {
        let mut watch = QualityWatch::default();
        let reports: Vec<_> = (0..100).filter_map(|n| watch.sample(at(2 * n), path(80 + n % 3, 40 * n, 0))).collect();
        assert!(
            matches!(reports[..], [FromPlayer::Quality { round_trip_ms: 80, loss_permille: 0, .. }]),
            "{reports:?}"
        );
    }

    #[test]
    fn a_wild_connection_is_reported_every_ten_seconds_at_most() {
        let mut watch = QualityWatch::default();
        let reports = (0..60).filter(|n| watch.sample(at(2 * n), path(20 + 100 * (n % 2), 40 * n, n * n)).is_some());
        assert!((2..=12).contains(&reports.count()));
    }

    #[test]
    fn loss_is_told_when_it_comes_and_when_it_goes() {
        let mut watch = QualityWatch::default();
        assert!(watch.sample(at(0), path(5, 0, 0)).is_none());
        let lossy = watch.sample(at(2), path(5, 100, 10));
        assert!(matches!(lossy, Some(FromPlayer::Quality { loss_permille: 100, .. })), "{lossy:?}");
        let reports: Vec<_> = (2..20).filter_map(|n| watch.sample(at(2 * n), path(5, 100 * n, 10))).collect();
        assert!(matches!(reports.last(), Some(FromPlayer::Quality { loss_permille: 0, .. })), "{reports:?}");
    }
}

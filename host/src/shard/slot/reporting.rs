//! How much a match reports to its owner. What is over is dropped here, beside the match: the game does not learn of it, and
//! its record is the same whatever came of its reports.

use std::time::Duration;

use stadion_protocol::Moment;

/// Reports of a match at once ..
const BURST: u64 = 64;

/// .. and each second after that: more than owners look at, less than what hurts the store with a thousand matches.
const REPORTS_A_SECOND: u64 = 8;

/// What is dropped is told in the match's log that often, at most.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// A token bucket in thousandths of a report.
#[derive(Debug)]
pub(super) struct ReportAllowance {
    used_millis: u64,
    at: Moment,
    dropped: u64,
    told_at: Option<Moment>,
}

/// Whether a report is passed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reported {
    /// It is.
    Yes,
    /// It is dropped; `tell`: the author is to be told of so many.
    No { tell: Option<u64> },
}

impl ReportAllowance {
    pub(super) fn new(now: Moment) -> ReportAllowance {
        ReportAllowance { used_millis: 0, at: now, dropped: 0, told_at: None }
    }

    /// Takes one, if there is one.
    pub(super) fn take(&mut self, now: Moment) -> Reported {
        let passed = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        if passed > 0 {
            self.used_millis = self.used_millis.saturating_sub(passed.saturating_mul(REPORTS_A_SECOND));
            self.at = now;
        }
        if self.used_millis + 1_000 <= BURST * 1_000 {
            self.used_millis += 1_000;
            return Reported::Yes;
        }
        self.dropped += 1;
        let due = self.told_at.is_none_or(|told_at| now.since(told_at) >= TELL_EVERY);
        let tell = due.then(|| {
            self.told_at = Some(now);
            std::mem::take(&mut self.dropped)
        });
        Reported::No { tell }
    }
}

/// What the author is told.
pub(super) fn dropped_text(dropped: u64) -> String {
    format!("{dropped} reports were dropped: more than {REPORTS_A_SECOND} a second, {BURST} at once")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_reports_at_its_rate_and_its_author_is_told_of_the_rest() {
        let start = Moment(0);
        let mut allowance = ReportAllowance::new(start);
        let at = |ms: u64| start + Duration::from_millis(ms);
        for _ in 0..BURST {
            assert_eq!(allowance.take(at(0)), Reported::Yes);
        }
        assert_eq!(allowance.take(at(0)), Reported::No { tell: Some(1) });
        assert_eq!(allowance.take(at(100)), Reported::No { tell: None });
        assert_eq!(allowance.take(at(125)), Reported::Yes);
        let passed = (0..60_000).filter(|ms| allowance.take(at(1_000 + ms)) == Reported::Yes).count();
        assert!((480..=490).contains(&passed), "{passed}");
        assert!(matches!(allowance.take(at(61_000 - 1)), Reported::No { tell: None }));
        assert!(dropped_text(3).starts_with("3 reports"));
    }
}

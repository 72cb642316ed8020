//! The one place of the binary that reads clocks.
#![allow(clippy::disallowed_methods, reason = "the driver's clock: everything else is told the time")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Now, for measuring spans.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Seconds since the Unix epoch, for people.
pub(crate) fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

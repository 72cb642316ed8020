//! The one place where this crate reads a clock: a benchmark is a driver.

use std::time::Instant;

/// Now, monotonic.
#[allow(clippy::disallowed_methods, reason = "a benchmark measures real time; this is its only clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

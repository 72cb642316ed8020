//! The one place of the binary that reads a clock.
#![allow(clippy::disallowed_methods, reason = "the driver's clock: everything else is told the time")]

use std::time::Instant;

/// Now, for measuring spans.
pub(crate) fn now() -> Instant {
    Instant::now()
}

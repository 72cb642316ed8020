//! The one place of the runtime that reads clocks. Everything else is handed a [`Moment`].
#![allow(clippy::disallowed_methods, reason = "this module is the driver's clock")]

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stadion_protocol::Moment;

/// When this process first asked for the time.
static ORIGIN: OnceLock<Instant> = OnceLock::new();

/// Now. Monotonic; about 22 ns.
pub fn now() -> Moment {
    let origin = *ORIGIN.get_or_init(Instant::now);
    Moment(u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

/// Unix time, nanoseconds.
pub fn unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

//! The two clocks that meter a guest. Nothing that a guest or a match can observe comes from here.

use std::time::Duration;

/// CPU time of this thread, nanoseconds (about 370 ns to read: only at yields).
#[cfg(unix)]
pub(crate) fn thread_cpu_ns() -> u64 {
    nanos(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime))
}

/// Monotonic time, nanoseconds (about 22 ns to read).
#[cfg(unix)]
pub(crate) fn monotonic_ns() -> u64 {
    nanos(rustix::time::clock_gettime(rustix::time::ClockId::Monotonic))
}

#[cfg(unix)]
fn nanos(time: rustix::time::Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// Without a thread clock, time on the wall stands in for CPU time.
#[cfg(not(unix))]
pub(crate) fn thread_cpu_ns() -> u64 {
    monotonic_ns()
}

/// Monotonic time, nanoseconds.
#[cfg(not(unix))]
#[allow(clippy::disallowed_methods, reason = "this module is the clock of sessions")]
pub(crate) fn monotonic_ns() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    as_ns(START.get_or_init(Instant::now).elapsed())
}

/// A duration as nanoseconds; the longest one stands for ever.
pub(super) fn as_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

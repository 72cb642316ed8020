//! What only the operating system can do for a thread. Where it cannot, threads run as they are.

/// Lets the calling thread wake within a microsecond of a deadline; Linux adds 50 by default.
#[cfg(target_os = "linux")]
pub(crate) fn exact_timers() {
    const SLACK_NS: std::num::NonZeroU64 = std::num::NonZeroU64::new(1_000).expect("not zero");
    if let Err(error) = rustix::thread::set_current_timer_slack(Some(SLACK_NS)) {
        tracing::warn!(%error, "timer slack stays as it is: ticks will be later");
    }
}

/// Leaves most of a core to shards and gateway, and still gets on.
#[cfg(target_os = "linux")]
pub(crate) fn background_priority() {
    const NICE: i32 = 5;
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "a thread in the background keeps its priority: matches will be later while it runs");
    }
}

/// Gives way to every other thread of the machine at once: under `SCHED_IDLE` whoever wakes takes the core, where a thread
/// that is only nice keeps it to the end of its turn, milliseconds later (sched(7)). On Linux, both are those of threads.
#[cfg(target_os = "linux")]
pub(super) fn low_priority() {
    const NICE: i32 = 19;
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "the slow lane keeps its priority: long steps will cost others more");
    }
    if let Err(error) = idle_policy() {
        tracing::warn!(%error, "the slow lane is only nice: long steps will cost others more");
    }
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the system call has no safe wrapper here")]
fn idle_policy() -> std::io::Result<()> {
    // SAFETY: all zeros is a valid `sched_param`: the priority 0, the only one that `SCHED_IDLE` takes.
    let param: libc::sched_param = unsafe { std::mem::zeroed() };
    // SAFETY: `param` outlives the call, which only reads it; pid 0 is the calling thread.
    let done = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const param) };
    if done == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// Nothing to ask for here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn exact_timers() {}

/// Not possible for a single thread here.
#[cfg(not(target_os = "linux"))]
pub(super) fn low_priority() {}

/// Not possible for a single thread here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn background_priority() {}

//! What only the operating system can do for a thread. Where it cannot, threads run as they are.
//!
//! On Linux a thread that wakes does not take the core from another one before that has had its turn: three milliseconds by
//! default, and the kernel looks at its own tick, every four often. Since 6.12 a thread may ask for shorter turns
//! (`sched_setattr(2)`, `sched_runtime`): it needs no privilege for that, gets no more of the core in all, and goes before
//! whoever has longer ones. So turns are the shorter the less a thread may be late: the epoch, then shards and gateway.
//! A slice of two epochs beside a ticker without that took 3.9 ms, with it 1.8 ms (6.18, 250 Hz).

use std::time::Duration;

/// The epoch's: the shortest that there are. A guest's slice ends when this thread has run, and it may have to on that
/// guest's core.
pub(crate) const EPOCH_TURN: Duration = Duration::from_micros(100);

/// Of shards and the gateway: together on one core, neither waits long for the other.
pub(crate) const TICK_TURN: Duration = Duration::from_micros(500);

/// Lets the calling thread wake within a microsecond of a deadline; Linux adds 50 by default.
#[cfg(target_os = "linux")]
pub(crate) fn exact_timers() {
    const SLACK_NS: std::num::NonZeroU64 = std::num::NonZeroU64::new(1_000).expect("not zero");
    if let Err(error) = rustix::thread::set_current_timer_slack(Some(SLACK_NS)) {
        tracing::warn!(%error, "timer slack stays as it is: ticks will be later");
    }
}

/// Asks for turns of this length for the calling thread and those that it starts. Kernels that know no such thing ignore it.
#[cfg(target_os = "linux")]
pub(crate) fn turns_of(length: Duration) {
    if let Err(error) = linux::change(|wanted| wanted.runtime = u64::try_from(length.as_nanos()).unwrap_or(0)) {
        tracing::debug!(%error, "turns stay as long as the system has them");
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

/// Leaves the core to every other thread of the machine, with turns as long as they are by default.
///
/// Nice, and no more, where whoever has shorter turns goes before it at once: `SCHED_IDLE` is hardly given the time to die in,
/// and a process that is killed is gone when its last thread is. Kernels without turns of one's own let a nice thread
/// keep the core for milliseconds; only there it is `SCHED_IDLE` (sched(7)).
#[cfg(target_os = "linux")]
pub(crate) fn low_priority() {
    const NICE: i32 = 19;
    let changed = linux::change(|wanted| {
        let knows_turns = wanted.runtime != 0;
        let policy = if knows_turns { libc::SCHED_OTHER } else { libc::SCHED_IDLE };
        (wanted.policy, wanted.nice, wanted.runtime) = (policy.cast_unsigned(), NICE, 0);
    });
    if let Err(error) = changed {
        tracing::warn!(%error, "the slow lane keeps its priority: long steps will cost others more");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{Error, Result};

    /// `struct sched_attr` as it is since Linux 3.14; the kernel takes longer and shorter ones.
    #[repr(C)]
    #[derive(Debug, Default)]
    pub(super) struct Attributes {
        size: u32,
        pub(super) policy: u32,
        flags: u64,
        pub(super) nice: i32,
        priority: u32,
        /// Of a thread of the ordinary policies: the length of its turns, nanoseconds. 0: the system's; as an answer: this kernel
        /// knows none (before 6.12).
        pub(super) runtime: u64,
        deadline: u64,
        period: u64,
    }

    const SIZE: u32 = size_of::<Attributes>() as u32;

    /// Changes how the calling thread is scheduled, and leaves the rest as it is.
    #[expect(unsafe_code, reason = "the system calls have no safe wrapper")]
    pub(super) fn change(what: impl FnOnce(&mut Attributes)) -> Result<()> {
        let mut attributes = Attributes::default();
        // SAFETY: `attributes` has the `SIZE` bytes that the kernel may write, any of which make a valid value; pid 0 is the
        // calling thread.
        let got = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, SIZE, 0) };
        if got != 0 {
            return Err(Error::last_os_error());
        }
        what(&mut attributes);
        (attributes.size, attributes.flags) = (SIZE, 0);
        // SAFETY: `attributes` outlives the call, which reads the `size` bytes it says it has.
        let set = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
        if set == 0 { Ok(()) } else { Err(Error::last_os_error()) }
    }
}

/// Nothing to ask for here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn exact_timers() {}

/// Nothing to ask for here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn turns_of(_: Duration) {}

/// Not possible for a single thread here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn low_priority() {}

/// Not possible for a single thread here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn background_priority() {}

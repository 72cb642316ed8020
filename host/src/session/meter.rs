//! What a call into a guest costs: budget, slices, CPU time.
//!
//! A call runs in slices. When the epoch deadline passes, wasmtime calls [`Meter::slice_over`], which charges the slice
//! and either lets the guest yield (its future is then pending) or ends the call. The thread clock is read only there
//! and when a slice is resumed: a step that fits one slice costs two readings of the monotonic clock.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use stadion_protocol::contract::Description;

use super::clock::{as_ns, monotonic_ns, thread_cpu_ns};
use super::faults::Stop;

/// One epoch, nanoseconds: the pace of [`crate::engine::Ticker`].
const EPOCH_NS: u64 = 1_000_000;

/// What one call may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepBudget {
    /// Epochs (1 ms) after which a call yields; a slice lasts between `slice - 1` and `slice` ms.
    pub slice: u64,
    /// CPU time of one `step`.
    pub step: Duration,
    /// CPU time of instantiating and `start`, of `save`, and of `load`.
    pub start: Duration,
}

impl StepBudget {
    /// The usual slice.
    pub const SLICE: u64 = 2;

    /// CPU time for starting, saving and loading: an endless loop there is answered within a second.
    pub const START: Duration = Duration::from_millis(500);

    /// The budget that a version declares.
    pub fn of(description: &Description) -> StepBudget {
        let step = Duration::from_micros(u64::from(description.step_us));
        StepBudget { slice: Self::SLICE, step, start: Self::START }
    }
}

/// What a session uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of the last call; of a call that fit one slice, its time on the wall.
    pub cpu: Duration,
    /// How often the last call yielded.
    pub yields: u32,
    /// The longest stretch of the last call without a yield: well past the slice means that the guest held its thread
    /// in one instruction, such as a huge `memory.fill`.
    pub longest_slice: Duration,
    /// Linear memory of the guest, bytes.
    pub memory_bytes: u64,
}

/// The running account of one session's current call. Shared by the store's callback and the future around it, which
/// run on one thread at a time.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    budget_ns: AtomicU64,
    slice: AtomicU64,
    started_ns: AtomicU64,
    resumed_ns: AtomicU64,
    used_ns: AtomicU64,
    longest_ns: AtomicU64,
    yields: AtomicU32,
}

impl Meter {
    /// Opens the account of a call.
    pub(crate) fn begin(&self, budget: Duration, slice: u64) {
        self.budget_ns.store(as_ns(budget), Relaxed);
        self.slice.store(slice, Relaxed);
        self.used_ns.store(0, Relaxed);
        self.longest_ns.store(0, Relaxed);
        self.yields.store(0, Relaxed);
        self.started_ns.store(monotonic_ns(), Relaxed);
    }

    /// The epoch deadline passed: charges the slice. `Ok` is the length of the next one.
    pub(crate) fn slice_over(&self) -> Result<u64, Stop> {
        let used = self.charge();
        self.yields.fetch_add(1, Relaxed);
        if used >= self.budget_ns.load(Relaxed) {
            return Err(Stop::OverBudget);
        }
        Ok(self.slice.load(Relaxed))
    }

    /// The call returned: charges the rest.
    pub(crate) fn end(&self) {
        self.charge();
    }

    /// The cost of the call so far.
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            cpu: Duration::from_nanos(self.used_ns.load(Relaxed)),
            yields: self.yields.load(Relaxed),
            longest_slice: Duration::from_nanos(self.longest_ns.load(Relaxed)),
            memory_bytes: 0,
        }
    }

    /// Runs a call, stamping the thread's clock whenever a slice is resumed (maybe on another thread).
    pub(crate) async fn run<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        let result = poll_fn(|cx| {
            if self.yields.load(Relaxed) > 0 {
                self.resumed_ns.store(thread_cpu_ns(), Relaxed);
            }
            call.as_mut().poll(cx)
        })
        .await;
        self.end();
        result
    }

    /// Adds the slice that ends now, and returns what the call has used. The first slice is charged by the wall, but no
    /// longer than it was meant to be: a thread that lost its core for a while is not the guest's fault.
    fn charge(&self) -> u64 {
        let (spent, stretch) = if self.yields.load(Relaxed) == 0 {
            let wall = monotonic_ns().saturating_sub(self.started_ns.load(Relaxed));
            (wall.min((self.slice.load(Relaxed) + 1) * EPOCH_NS), wall)
        } else {
            let cpu = thread_cpu_ns().saturating_sub(self.resumed_ns.load(Relaxed));
            (cpu, cpu)
        };
        self.longest_ns.fetch_max(stretch, Relaxed);
        self.used_ns.fetch_add(spent, Relaxed) + spent
    }
}

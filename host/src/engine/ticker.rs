//! The epoch, which makes guests yield, and the thread that advances it whatever else happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::EngineWeak;

use crate::os;
use crate::session::monotonic_ns;

/// One epoch. A late turn makes slices longer, never a guest's budget: that is counted in CPU time.
pub(super) const EPOCH: Duration = Duration::from_millis(1);

const EPOCH_NS: u64 = EPOCH.as_nanos() as u64;

/// The milliseconds of the monotonic clock: whoever sees one first advances the epoch, by one however many nobody saw. So it
/// may be advanced from any number of threads, and no slice is shorter for it.
#[derive(Debug, Default)]
pub(crate) struct Epochs {
    newest: AtomicU64,
}

impl Epochs {
    /// Notes the time. May be called in a signal's handler: it reads a clock, and is two atomic changes.
    pub(super) fn pass(&self, engine: &wasmtime::Engine) {
        let now = monotonic_ns() / EPOCH_NS;
        let newest = self.newest.load(Relaxed);
        if newest < now && self.newest.compare_exchange(newest, now, Relaxed, Relaxed).is_ok() {
            engine.increment_epoch();
        }
    }

    /// When the next one begins, by the monotonic clock.
    pub(super) fn next() -> Duration {
        Duration::from_nanos((monotonic_ns() / EPOCH_NS + 1) * EPOCH_NS)
    }

    #[cfg(test)]
    pub(super) fn newest(&self) -> u64 {
        self.newest.load(Relaxed)
    }
}

/// Epochs advance as long as this lives. Without one, only guests of threads with an [alarm](super::alarm) are interrupted.
#[derive(Debug)]
pub struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(super) fn start(engine: EngineWeak, epochs: Arc<Epochs>) -> std::io::Result<Ticker> {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::Builder::new().name("epoch-ticker".to_owned()).spawn(move || {
            os::exact_timers();
            os::turns_of(os::EPOCH_TURN);
            while !told.load(Relaxed) {
                let Some(engine) = engine.upgrade() else { return };
                epochs.pass(&engine);
                drop(engine);
                thread::sleep(Epochs::next().saturating_sub(Duration::from_nanos(monotonic_ns())));
            }
        })?;
        Ok(Ticker { stop, thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            // A ticker cannot panic; if it did, there is nothing left to stop.
            let _ = thread.join();
        }
    }
}

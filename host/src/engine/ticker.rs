//! The thread that advances the engine's epoch: what makes guests yield.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::EngineWeak;

use crate::os;

/// One epoch. A late turn makes slices longer, never a guest's budget: that is counted in CPU time.
const EPOCH: Duration = Duration::from_millis(1);

/// Epochs advance as long as this lives. Without one, no guest is ever interrupted.
#[derive(Debug)]
pub struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(super) fn start(engine: EngineWeak) -> std::io::Result<Ticker> {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::Builder::new().name("epoch-ticker".to_owned()).spawn(move || {
            os::exact_timers();
            os::turns_of(os::EPOCH_TURN);
            while !told.load(Relaxed) {
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
                drop(engine);
                thread::sleep(EPOCH);
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

//! Many stories, on all cores.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::plan::Plan;
use crate::world::{Broken, Told, tell};

/// Broken promises that are kept of one run; more say nothing new.
const MOST_BROKEN: usize = 10;

/// What came of many stories.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Sums over all that went well.
    pub told: Told,
    /// Those that did not, by seed; at most ten.
    pub broken: Vec<Broken>,
}

/// Tells the stories of these seeds; `progress` is told how many are done. Stops early once enough are broken.
pub fn run(seeds: Range<u64>, plan: Plan, progress: &(dyn Fn(u64) + Sync)) -> Outcome {
    let (next, done) = (AtomicU64::new(seeds.start), AtomicU64::new(0));
    let outcome = Mutex::new(Outcome::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || outcome.lock().unwrap_or_else(PoisonError::into_inner).broken.len() >= MOST_BROKEN {
                return;
            }
            let story = catch_unwind(AssertUnwindSafe(|| tell(seed, plan))).unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let what = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
                Err(Broken { seed, at_ms: 0, what: format!("panicked: {what}") })
            });
            outcome.lock().unwrap_or_else(PoisonError::into_inner).note(story);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    let mut outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.broken.sort_by_key(|broken| broken.seed);
    outcome
}

impl Outcome {
    fn note(&mut self, story: Result<Told, Broken>) {
        match story {
            Ok(told) => {
                let Told { inputs, messages, crashes, naps, welcomes, reloads, devices, requests, repeated } = told;
                self.told.inputs += inputs;
                self.told.messages += messages;
                self.told.crashes += crashes;
                self.told.naps += naps;
                self.told.welcomes += welcomes;
                self.told.reloads += reloads;
                self.told.devices += devices;
                self.told.requests += requests;
                self.told.repeated += repeated;
            }
            Err(broken) => self.broken.push(broken),
        }
    }
}

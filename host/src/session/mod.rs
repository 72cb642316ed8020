//! One sandboxed run of a match: a store, an instance, and calls into it that can be suspended.
//!
//! ```text
//!   start ──▶ Ready ──step, save──▶ Entered ──returned──▶ Ready
//!   load  ──▶                          └──trapped, cut, dropped in mid-call──▶ never entered again
//! ```
//!
//! The futures here are polled by hand on a shard: `Pending` means exactly that a slice is used up, and a session may be
//! resumed on another thread. They may be dropped at any point. **Invariant:** what a session puts out depends on its
//! setup and ticks alone; clocks only decide whether a call is ended.

mod backend;
mod bindings;
mod clock;
mod convert;
mod describe;
mod faults;
mod image;
mod kept;
mod link;
mod log;
mod meter;
mod outputs;
mod quota;
mod seats;
mod start;
mod state;
mod storage;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use serde::{Deserialize, Serialize};
use wasmtime::Store;
use wasmtime::component::Instance;

pub(crate) use self::bindings::exports::stadion::game as exports;
pub(crate) use self::bindings::stadion::game::types::Description as WireDescription;
pub(crate) use self::clock::{monotonic_ns, thread_cpu_ns};
pub(crate) use self::describe::{MEMORY_BYTES as DESCRIBE_MEMORY_BYTES, NotDescribed, describe};
pub(crate) use self::faults::cut;
pub use self::faults::{REPORT_BYTES, StartFault, StepFault, TrapReport};
use self::faults::{Stage, fault};
pub use self::image::{ImageError, SessionState};
pub(crate) use self::image::{NotPrepared, baseline, prepare};
pub(crate) use self::link::add_contract;
pub(crate) use self::log::Stream;
use self::meter::Meter;
pub use self::meter::{StepBudget, Usage};
pub use self::seats::{SeatState, Seats};
pub(crate) use self::state::{MAX_HANDLES, MAX_INSTANCES, MAX_MEMORIES, MAX_TABLES, State};
use crate::engine::LoadedVersion;
use crate::model::{Asked, MatchTime, Stepped, TickInput};

/// Polls a call to its end where nobody waits for the next slice: pending means that a slice is over, and the call's budget
/// bounds how often that happens.
pub(crate) fn finish<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = call.as_mut().poll(&mut context) {
            return done;
        }
        std::thread::yield_now();
    }
}

/// Room for what a call carries besides the guest's own bytes, in the fuel that bounds host memory.
const FUEL_SLACK: usize = 64 * 1024;

/// A session: the sandboxed instance in which a match runs now. See the module for its life.
pub struct Session {
    store: Store<State>,
    instance: Instance,
    game: exports::game::Guest,
    version: Arc<LoadedVersion>,
    meter: Arc<Meter>,
    budget: StepBudget,
    /// Whether a call is in flight or failed. A guest that was cut in the middle of a call has broken data.
    entered: bool,
}

/// What `save` gives and `load` takes: the guest's bytes, and what the host must carry over so that the loaded session
/// answers as the saved one would have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Match time of the save.
    pub time: MatchTime,
    /// As the guest wrote them.
    pub bytes: Vec<u8>,
    /// Who sits where.
    pub seats: Seats,
    /// Requests numbered so far.
    pub requests: u64,
    /// Those without an answer.
    pub open_requests: u32,
    /// Bytes drawn from WASI random so far.
    pub random_position: u64,
}

impl Saved {
    /// As a journal keeps it.
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("encoding into memory cannot fail for plain data")
    }

    /// What [`Saved::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Option<Saved> {
        postcard::take_from_bytes(bytes).ok().filter(|(_, rest)| rest.is_empty()).map(|(saved, _)| saved)
    }
}

impl Session {
    /// Runs one tick. What the guest asked for comes back only if it returned.
    pub async fn step(&mut self, tick: &TickInput) -> Result<Stepped, StepFault> {
        self.enter()?;
        self.store.data_mut().begin(tick);
        let events: Vec<_> = tick.events.iter().map(convert::event).collect();
        let input = bindings::stadion::game::types::Tick {
            number: tick.number,
            time: tick.time,
            skipped: tick.skipped,
            events: &events,
        };
        self.meter.begin(self.budget.step, self.budget.slice);
        self.store.set_epoch_deadline(self.budget.slice);
        let result = self.meter.run(self.game.call_step(&mut self.store, input)).await;
        let wake = self.left(result)?;
        Ok(Stepped { wake: convert::wake(wake), outputs: self.store.data_mut().finish() })
    }

    /// Asks the guest for its state. The match then goes on in a fresh session made by [`Session::load`].
    pub async fn save(&mut self) -> Result<Saved, StepFault> {
        let Some(indices) = self.version.state() else {
            return Err(StepFault::Host("this version does not export `state`".to_owned()));
        };
        let largest = self.store.data().limits.saved_bytes;
        let state = indices
            .load(&mut self.store, &self.instance)
            .map_err(|error| StepFault::Host(format!("the `state` interface: {error}")))?;
        self.enter()?;
        self.store.data_mut().begin_call();
        self.store.set_hostcall_fuel(usize::try_from(largest).unwrap_or(usize::MAX).saturating_add(FUEL_SLACK));
        self.meter.begin(self.budget.start, self.budget.slice);
        self.store.set_epoch_deadline(self.budget.slice);
        let result = self.meter.run(state.call_save(&mut self.store)).await;
        let bytes = self.left(result)?;
        self.store.set_hostcall_fuel(start::call_fuel(&self.store.data().limits));
        if bytes.len() as u64 > largest {
            self.entered = true;
            return Err(StepFault::OverQuota(format!("{} bytes saved; at most {largest}", bytes.len())));
        }
        self.store.data_mut().finish();
        Ok(self.carried(bytes))
    }

    /// What the last call used, and the memory that the guest holds.
    pub fn usage(&self) -> Usage {
        Usage { memory_bytes: self.store.data().memory.used, ..self.meter.usage() }
    }

    /// What calls may use from now on.
    pub fn set_budget(&mut self, budget: StepBudget) {
        self.budget = budget;
    }

    /// What the match has asked of the world outside so far.
    pub(crate) fn asked(&self) -> Asked {
        self.store.data().quota.asked()
    }

    /// The version that runs.
    pub fn version(&self) -> &Arc<LoadedVersion> {
        &self.version
    }

    /// What the host carries over beside these bytes of the guest.
    pub(crate) fn carried(&self, bytes: Vec<u8>) -> Saved {
        let state = self.store.data();
        Saved {
            time: state.time,
            bytes,
            seats: state.seats.clone(),
            requests: state.quota.next_request,
            open_requests: state.quota.open_requests,
            random_position: state.random.position(),
        }
    }

    /// Takes note that the guest is being entered. Dropping the call's future leaves the note in place.
    fn enter(&mut self) -> Result<(), StepFault> {
        if std::mem::replace(&mut self.entered, true) {
            return Err(StepFault::Host("the session is over: a call into it did not return".to_owned()));
        }
        Ok(())
    }

    /// The call is over: the session is ready again, or never.
    fn left<T>(&mut self, result: wasmtime::Result<T>) -> Result<T, StepFault> {
        match result {
            Ok(value) => {
                self.entered = false;
                Ok(value)
            }
            Err(error) => {
                let state = self.store.data_mut();
                state.finish();
                Err(fault(&error, Stage::Call, state.log.last_words()))
            }
        }
    }
}

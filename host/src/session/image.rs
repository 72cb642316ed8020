//! A session as an image of its guest's memory and the host's state beside it, and a session made of them.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmtime::Store;

use super::faults::{StartFault, StepFault, fault};
use super::meter::{Meter, StepBudget};
use super::quota::Quota;
use super::seats::Seats;
use super::start::{call_fuel, instantiate, new_store};
use super::state::{Phase, State};
use super::{Session, describe};
use crate::engine::LoadedVersion;
use crate::image::{Access, Baseline, Image, ImageArena, restore, take};
use crate::model::{MatchTime, Setup};
use crate::wasi::Handles;

/// What a session holds on the host's side at the end of a tick: with the guest's image, all there is. Quotas count within
/// a tick, so there is nothing of them here but the requests that are open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionState {
    time: MatchTime,
    seats: Seats,
    requests: u64,
    open_requests: u32,
    random_position: u64,
    handles: Handles,
}

/// Why there is no image, or no session of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The version has no image checkpoints; its description says why.
    #[error("this version has no image checkpoints")]
    NotOffered,
    /// A call into the session did not return: there is no state to keep.
    #[error("the session is over: a call into it did not return")]
    Over,
    /// The image or the state beside it cannot be of this version.
    #[error("{0}")]
    Unfit(String),
    /// A fresh instance could not be had.
    #[error(transparent)]
    Start(#[from] StartFault),
    /// The guest's memory could not be reached. The session is over.
    #[error("the guest's memory could not be reached: {0}")]
    Access(String),
}

impl Session {
    /// The host's state, which belongs beside an image of the same moment.
    pub fn state(&self) -> SessionState {
        let state = self.store.data();
        SessionState {
            time: state.time,
            seats: state.seats.clone(),
            requests: state.quota.next_request,
            open_requests: state.quota.open_requests,
            random_position: state.random.position(),
            handles: state.handles.clone(),
        }
    }

    /// Takes an image between two calls: some 0.1 ms for each MiB that the guest has written, on the calling thread. The
    /// session goes on as if nothing had been; after [`ImageError::Access`] it is over.
    pub fn image<'a>(&mut self, arena: &'a mut ImageArena) -> Result<Image<'a>, ImageError> {
        let version = Arc::clone(&self.version);
        let images = version.images().ok_or(ImageError::NotOffered)?;
        if self.entered {
            return Err(ImageError::Over);
        }
        let baseline = images.baseline(&version)?;
        self.entered = true;
        let mut access = Access::open(&mut self.store, self.instance, images.access());
        let image = take(&mut access, baseline, arena).map_err(unreachable)?;
        self.between_calls();
        Ok(image)
    }

    /// Goes on from an image and the state beside it, in a fresh instance of the same version; maybe compiled anew.
    pub async fn from_image(
        version: &Arc<LoadedVersion>,
        setup: &Setup,
        image: &Image<'_>,
        state: SessionState,
        budget: StepBudget,
    ) -> Result<Session, ImageError> {
        let images = version.images().ok_or(ImageError::NotOffered)?;
        if !state.handles.is_whole() || state.seats.count() != usize::from(setup.seats) {
            return Err(ImageError::Unfit("the state beside the image is not of this match".to_owned()));
        }
        let mut session = Session::fresh(version, State::of(setup), budget).await?;
        let mut access = Access::open(&mut session.store, session.instance, images.access());
        restore(&mut access, image, &state.handles).map_err(|error| ImageError::Unfit(format!("{error:#}")))?;
        session.store.data_mut().resume(setup, state);
        session.between_calls();
        Ok(session)
    }

    /// An instance that was not called yet.
    async fn fresh(version: &Arc<LoadedVersion>, state: State, budget: StepBudget) -> Result<Session, StartFault> {
        let (mut store, meter): (Store<State>, Arc<Meter>) = new_store(version, state);
        meter.begin(budget.start, budget.slice);
        store.set_epoch_deadline(budget.slice);
        let (instance, game) = match meter.run(instantiate(version, &mut store)).await {
            Ok(made) => made,
            Err(failed) => {
                let state = store.data_mut();
                state.finish();
                return Err(fault(&failed.0, failed.1, state.log.last_words()).into());
            }
        };
        let version = Arc::clone(version);
        Ok(Session { store, instance, game, version, meter, budget, entered: true })
    }

    /// The guest may be called again, with the bounds of a call.
    fn between_calls(&mut self) {
        let fuel = call_fuel(&self.store.data().limits);
        self.store.set_hostcall_fuel(fuel);
        self.entered = false;
    }
}

impl State {
    /// Takes over what the session had that the image is of. What the fresh instance printed is nobody's.
    fn resume(&mut self, setup: &Setup, state: SessionState) {
        self.begin_call();
        self.finish();
        self.time = state.time;
        self.seats = state.seats;
        self.quota = Quota::carried(state.requests, state.open_requests);
        self.random = crate::wasi::Random::new(setup.seed);
        self.random.advance_to(state.random_position);
    }
}

/// What a fresh instance of a version holds, with as much memory as a match of it or as `describe` has.
pub(crate) async fn baseline(version: &Arc<LoadedVersion>, memory_bytes: u64) -> Result<Baseline, ImageError> {
    let images = version.images().ok_or(ImageError::NotOffered)?;
    let mut state = State::of(&describe::no_match(memory_bytes));
    state.phase = Phase::Describe;
    let budget = StepBudget::of(version.description());
    let mut session = Session::fresh(version, state, budget).await?;
    let access = Access::open(&mut session.store, session.instance, images.access());
    Baseline::read(access).map_err(unreachable)
}

/// What `image.prepare` may use: what is done once for all matches may take its time.
const PREPARE_BUDGET: Duration = Duration::from_secs(5);

/// Why there is nothing to begin with but a fresh instance.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotPrepared {
    /// It ran past [`PREPARE_BUDGET`]. On a faster machine it would not have: such a version is not accepted.
    TooSlow,
    /// For its developer.
    Because(String),
}

/// Calls `image.prepare` in a fresh instance, which can learn nothing and ask for nothing, and answers what it left.
pub(crate) async fn prepare(version: &Arc<LoadedVersion>, memory_bytes: u64) -> Result<Baseline, NotPrepared> {
    let because = |reason: &dyn std::fmt::Display| NotPrepared::Because(reason.to_string());
    let (Some(images), Some(prepare)) = (version.images(), version.image()) else {
        return Err(NotPrepared::Because("it has no image checkpoints, which this needs".to_owned()));
    };
    let mut state = State::of(&describe::no_match(memory_bytes));
    state.phase = Phase::Prepare;
    let budget = StepBudget { start: PREPARE_BUDGET, ..StepBudget::of(version.description()) };
    let mut session = Session::fresh(version, state, budget).await.map_err(|fault| because(&fault))?;
    let prepare = prepare
        .load(&mut session.store, &session.instance)
        .map_err(|error| NotPrepared::Because(format!("the `image` interface: {error}")))?;
    session.store.data_mut().begin_call();
    session.meter.begin(budget.start, budget.slice);
    session.store.set_epoch_deadline(budget.slice);
    let result = session.meter.run(prepare.call_prepare(&mut session.store)).await;
    match session.left(result) {
        Ok(()) => {}
        Err(StepFault::OverBudget) => return Err(NotPrepared::TooSlow),
        Err(fault) => return Err(because(&fault)),
    }
    let held = session.store.data().handles.held().count();
    if held > 0 {
        let reason = format!("prepare left {held} open handles (it printed, or asked for something to wait for)");
        return Err(NotPrepared::Because(reason));
    }
    let access = Access::open(&mut session.store, session.instance, images.access());
    Baseline::read(access).map_err(|error| because(&error))
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function value with map_err")]
fn unreachable(error: wasmtime::Error) -> ImageError {
    ImageError::Access(format!("{error:#}"))
}

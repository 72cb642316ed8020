//! Making a session: store, instance, first call. This is the path that counts in microseconds.

use std::sync::Arc;

use stadion_protocol::contract::MAX_DOCUMENT_BYTES;
use wasmtime::component::Instance;
use wasmtime::{Store, UpdateDeadline};

use super::bindings::stadion::game::types::Wake;
use super::faults::{Stage, StartFault, fault};
use super::meter::{Meter, StepBudget};
use super::quota::Quota;
use super::state::{MAX_HANDLES, State};
use super::{FUEL_SLACK, Saved, Session, convert, exports};
use crate::engine::LoadedVersion;
use crate::model::{Asked, Limits, Setup, Stepped};

impl Session {
    /// Starts a match: tick 0.
    pub async fn start(
        version: &Arc<LoadedVersion>,
        setup: &Setup,
        budget: StepBudget,
    ) -> Result<(Session, Stepped), StartFault> {
        Session::start_after(version, setup, Asked::default(), budget).await
    }

    /// Starts a game anew in a match whose instances before have asked for this.
    pub async fn start_after(
        version: &Arc<LoadedVersion>,
        setup: &Setup,
        asked: Asked,
        budget: StepBudget,
    ) -> Result<(Session, Stepped), StartFault> {
        let mut state = State::of(setup);
        state.quota = Quota::carried(asked.requests, asked.open);
        let (mut store, meter) = new_store(version, state);
        meter.begin(budget.start, budget.slice);
        store.set_epoch_deadline(budget.slice);
        let result = meter
            .run(async {
                let (instance, game) = instantiate(version, &mut store).await?;
                let answer = game.call_start(&mut store, convert::setup(setup)).await.map_err(Failed::in_call)?;
                Ok((instance, game, answer))
            })
            .await;
        Session::started(version, store, meter, budget, result)
    }

    /// Goes on from what `save` gave, in a fresh instance, maybe of another version.
    pub async fn load(
        version: &Arc<LoadedVersion>,
        setup: &Setup,
        saved: &Saved,
        budget: StepBudget,
    ) -> Result<(Session, Stepped), StartFault> {
        let Some(state) = version.state() else {
            return Err(StartFault::Host("this version does not export `state`".to_owned()));
        };
        let (mut store, meter) = new_store(version, resumed_state(setup, saved));
        meter.begin(budget.start, budget.slice);
        store.set_epoch_deadline(budget.slice);
        let result = meter
            .run(async {
                let (instance, game) = instantiate(version, &mut store).await?;
                let guest = state.load(&mut store, &instance).map_err(Failed::in_instantiate)?;
                let setup = convert::setup(setup);
                let answer =
                    guest.call_load(&mut store, setup, saved.time, &saved.bytes).await.map_err(Failed::in_call)?;
                Ok((instance, game, answer))
            })
            .await;
        Session::started(version, store, meter, budget, result)
    }

    fn started(
        version: &Arc<LoadedVersion>,
        mut store: Store<State>,
        meter: Arc<Meter>,
        budget: StepBudget,
        result: Result<Started, Failed>,
    ) -> Result<(Session, Stepped), StartFault> {
        let (instance, game, answer) = match result {
            Ok(started) => started,
            Err(Failed(error, stage)) => {
                let state = store.data_mut();
                state.finish();
                return Err(fault(&error, stage, state.log.last_words()).into());
            }
        };
        let wake = answer.map_err(|mut refusal| {
            super::faults::cut(&mut refusal, super::REPORT_BYTES);
            StartFault::Refused(refusal)
        })?;
        let stepped = Stepped { wake: convert::wake(wake), outputs: store.data_mut().finish() };
        let version = Arc::clone(version);
        Ok((Session { store, instance, game, version, meter, budget, entered: false }, stepped))
    }
}

type Started = (Instance, exports::game::Guest, Result<Wake, String>);

/// An error and the stage in which it came up.
pub(super) struct Failed(pub(super) wasmtime::Error, pub(super) Stage);

impl Failed {
    pub(super) fn in_instantiate(error: wasmtime::Error) -> Failed {
        Failed(error, Stage::Instantiate)
    }

    pub(super) fn in_call(error: wasmtime::Error) -> Failed {
        Failed(error, Stage::Call)
    }
}

/// A store with every bound in place.
pub(super) fn new_store(version: &LoadedVersion, state: State) -> (Store<State>, Arc<Meter>) {
    let fuel = call_fuel(&state.limits);
    let mut store = Store::new(version.engine(), state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(fuel);
    store.set_max_component_handles(MAX_HANDLES);
    let meter = Arc::new(Meter::default());
    let account = Arc::clone(&meter);
    store.epoch_deadline_callback(move |_| Ok(account.slice_over().map(UpdateDeadline::Yield)?));
    (store, meter)
}

pub(super) async fn instantiate(
    version: &LoadedVersion,
    store: &mut Store<State>,
) -> Result<(Instance, exports::game::Guest), Failed> {
    let instance = version.instance_pre().instantiate_async(&mut *store).await.map_err(Failed::in_instantiate)?;
    let game = version.game().load(&mut *store, &instance).map_err(Failed::in_instantiate)?;
    Ok((instance, game))
}

/// The most that one host call may make the host hold: the largest legal argument and some room.
pub(super) fn call_fuel(limits: &Limits) -> usize {
    let largest = limits.reliable_bytes.max(limits.unreliable_bytes) as usize;
    largest.max(MAX_DOCUMENT_BYTES).saturating_add(FUEL_SLACK)
}

fn resumed_state(setup: &Setup, saved: &Saved) -> State {
    let mut state = State::of(setup);
    state.time = saved.time;
    state.seats = saved.seats.clone();
    state.random.advance_to(saved.random_position);
    state.quota = Quota::carried(saved.requests, saved.open_requests);
    state
}

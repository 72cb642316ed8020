//! Asking a component what it is. Runs in the compile child only: nothing of the host is reachable from it.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;
use wasmtime::component::Instance;

use super::StepBudget;
use super::bindings::stadion::game::types as wit;
use super::faults::{Stage, StepFault, fault};
use super::start::new_store;
use super::state::{Phase, State};
use crate::engine::LoadedVersion;
use crate::model::{Limits, Setup};

/// What instantiating and `describe` may use together.
const BUDGET: Duration = Duration::from_millis(500);

/// Memory while `describe` runs: the largest that a version may ask for.
pub(crate) const MEMORY_BYTES: u64 = crate::engine::MAX_MEMORY_BYTES;

/// The largest description, bytes: schema and settings.
const DESCRIPTION_BYTES: u32 = 256 * 1024;

/// Why a component did not describe itself.
#[derive(Debug)]
pub(crate) enum NotDescribed {
    /// An export has the wrong type, or is missing.
    Contract(String),
    /// It trapped or ran too long.
    Fault(StepFault),
}

/// Calls `describe` in a fresh instance, after checking the types of everything that will ever be called.
pub(crate) async fn describe(version: &Arc<LoadedVersion>) -> Result<wit::Description, NotDescribed> {
    let mut state = State::of(&no_match(MEMORY_BYTES));
    state.phase = Phase::Describe;
    let (mut store, meter) = new_store(version, state);
    meter.begin(BUDGET, StepBudget::SLICE);
    store.set_epoch_deadline(StepBudget::SLICE);
    let result = meter.run(ask(version, &mut store)).await;
    result.map_err(|failed| match failed {
        NotAnswered::Contract(message) => NotDescribed::Contract(message),
        NotAnswered::Failed(error, stage) => {
            let state = store.data_mut();
            state.finish();
            NotDescribed::Fault(fault(&error, stage, state.log.last_words()))
        }
    })
}

enum NotAnswered {
    Contract(String),
    Failed(wasmtime::Error, Stage),
}

async fn ask(version: &LoadedVersion, store: &mut Store<State>) -> Result<wit::Description, NotAnswered> {
    let instance = version
        .instance_pre()
        .instantiate_async(&mut *store)
        .await
        .map_err(|error| NotAnswered::Failed(error, Stage::Instantiate))?;
    let game = check_exports(version, store, &instance)
        .map_err(|error| NotAnswered::Contract(format!("an export does not fit the contract: {error:#}")))?;
    game.call_describe(store).await.map_err(|error| NotAnswered::Failed(error, Stage::Call))
}

fn check_exports(
    version: &LoadedVersion,
    store: &mut Store<State>,
    instance: &Instance,
) -> wasmtime::Result<super::exports::game::Guest> {
    if let Some(state) = version.state() {
        state.load(&mut *store, instance)?;
    }
    if let Some(image) = version.image() {
        image.load(&mut *store, instance)?;
    }
    version.game().load(store, instance)
}

/// The setup of a session that plays no match.
pub(super) fn no_match(memory_bytes: u64) -> Setup {
    Setup {
        match_id: String::new(),
        seed: [0; 4],
        started_unix_ns: 0,
        rate: 0,
        seats: 0,
        parameters: Vec::new(),
        limits: Limits {
            memory_bytes,
            unreliable_bytes: 0,
            reliable_bytes: DESCRIPTION_BYTES,
            sends_per_tick: 0,
            send_bytes_per_tick: 0,
            requests_open: 0,
            saved_bytes: 0,
        },
    }
}

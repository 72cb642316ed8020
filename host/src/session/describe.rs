//! Asking a component what it is. Runs in the compile child only: nothing of the host is reachable from it.

use std::sync::Arc;
use std::time::Duration;

use super::bindings::stadion::game::types as wit;
use super::faults::{StepFault, fault};
use super::start::{Failed, instantiate, new_store};
use super::state::{Phase, State};
use super::StepBudget;
use crate::engine::LoadedVersion;
use crate::model::{Limits, Setup};

/// What `describe` may use.
const BUDGET: Duration = Duration::from_millis(500);

/// Memory while `describe` runs: the largest that a version may ask for.
const MEMORY_BYTES: u64 = crate::engine::MAX_MEMORY_BYTES;

/// The largest description, bytes: schema and settings.
const DESCRIPTION_BYTES: u32 = 256 * 1024;

/// Why a component did not describe itself.
#[derive(Debug)]
pub(crate) struct NotDescribed(pub(crate) StepFault);

/// Calls `describe` in a fresh instance.
pub(crate) async fn describe(version: &Arc<LoadedVersion>) -> Result<wit::Description, NotDescribed> {
    let mut state = State::of(&no_match());
    state.phase = Phase::Pure;
    let (mut store, meter) = new_store(version, state);
    meter.begin(BUDGET, StepBudget::SLICE);
    store.set_epoch_deadline(StepBudget::SLICE);
    let result = meter
        .run(async {
            let (_, game) = instantiate(version, &mut store).await?;
            game.call_describe(&mut store).await.map_err(Failed::in_call)
        })
        .await;
    result.map_err(|Failed(error, stage)| {
        let state = store.data_mut();
        state.finish();
        NotDescribed(fault(&error, stage, state.log.last_words()))
    })
}

fn no_match() -> Setup {
    Setup {
        match_id: String::new(),
        seed: [0; 4],
        started_unix_ns: 0,
        rate: 0,
        seats: 0,
        parameters: Vec::new(),
        limits: Limits {
            memory_bytes: MEMORY_BYTES,
            unreliable_bytes: 0,
            reliable_bytes: DESCRIPTION_BYTES,
            sends_per_tick: 0,
            send_bytes_per_tick: 0,
            requests_open: 0,
            saved_bytes: 0,
        },
    }
}

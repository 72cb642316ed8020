//! Versions ready to run: fetched, verified and loaded once, however many matches ask at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use stadion_protocol::VersionId;
use stadion_protocol::contract::{Artifact, Artifacts, CreateError};
use tokio::sync::OnceCell;

use crate::artifact::VerifyingKeys;
use crate::dormant::Library;
use crate::engine::{CodeSettings, Engine, LoadedVersion};

/// Versions kept at hand. Matches hold on to theirs, so that forgetting one costs a load and no match.
const MAX_KEPT: usize = 256;

type Cell = Arc<OnceCell<Arc<LoadedVersion>>>;

pub(super) struct Versions {
    engine: Engine,
    artifacts: Arc<dyn Artifacts>,
    keys: VerifyingKeys,
    cells: Mutex<Cells>,
}

#[derive(Default)]
struct Cells {
    by_id: HashMap<VersionId, (Cell, u64)>,
    /// Counts uses: the one longest unused is forgotten.
    clock: u64,
}

impl Versions {
    pub(super) fn new(engine: Engine, artifacts: Arc<dyn Artifacts>, keys: VerifyingKeys) -> Versions {
        Versions { engine, artifacts, keys, cells: Mutex::default() }
    }

    /// The version, loaded. Those who ask while it is being loaded wait for the same one; a failure is not remembered.
    pub(super) async fn get(&self, id: VersionId) -> Result<Arc<LoadedVersion>, CreateError> {
        let cell = self.cell(id);
        cell.get_or_try_init(|| self.load(id)).await.cloned()
    }

    /// Those that are there, the one used last first.
    pub(super) fn loaded(&self) -> Vec<VersionId> {
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let there = cells.by_id.iter().filter(|(_, (cell, _))| cell.initialized());
        let mut there: Vec<(u64, VersionId)> = there.map(|(id, (_, used))| (*used, *id)).collect();
        drop(cells);
        there.sort_unstable_by_key(|(used, _)| std::cmp::Reverse(*used));
        there.into_iter().map(|(_, id)| id).collect()
    }

    /// For threads that may block. They fetch what is not loaded only if the host was made in an async runtime.
    pub(super) fn library(self: Arc<Versions>) -> Box<Library> {
        let runtime = tokio::runtime::Handle::try_current().ok();
        Box::new(move |id| {
            let runtime = runtime.as_ref().ok_or("there is no runtime to fetch it in")?;
            runtime.block_on(self.get(id)).map_err(|error| error.to_string())
        })
    }

    /// The signed artifact of a version, for another process.
    pub(super) async fn artifact(&self, id: VersionId) -> Result<Artifact, CreateError> {
        Ok(self.artifacts.fetch(id).await?)
    }

    /// Whose artifacts are run.
    pub(super) fn keys(&self) -> &VerifyingKeys {
        &self.keys
    }

    /// What they are compiled for.
    pub(super) fn code(&self) -> CodeSettings {
        self.engine.code()
    }

    /// Slots of the pool that are taken.
    pub(super) fn sessions(&self) -> u32 {
        u32::try_from(self.engine.sessions()).unwrap_or(u32::MAX)
    }

    async fn load(&self, id: VersionId) -> Result<Arc<LoadedVersion>, CreateError> {
        let artifact = self.artifacts.fetch(id).await?;
        let (engine, keys) = (self.engine.clone(), self.keys.clone());
        let load = tokio::task::spawn_blocking(move || engine.load(&artifact, &keys));
        let loaded = load.await.map_err(|_| CreateError::BadArtifact("loading it failed".to_owned()))?;
        let version = loaded.map_err(|bad| CreateError::BadArtifact(bad.to_string()))?;
        if version.id() != id {
            return Err(CreateError::BadArtifact(format!("it is of version {}", version.id())));
        }
        Ok(version)
    }

    fn cell(&self, id: VersionId) -> Cell {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.clock += 1;
        let now = cells.clock;
        let entry = cells.by_id.entry(id).or_default();
        entry.1 = now;
        let cell = Arc::clone(&entry.0);
        if cells.by_id.len() > MAX_KEPT {
            let oldest = cells.by_id.iter().min_by_key(|(_, (_, used))| *used).map(|(id, _)| *id);
            oldest.map(|id| cells.by_id.remove(&id));
        }
        cell
    }
}

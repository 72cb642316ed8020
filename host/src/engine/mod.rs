//! The wasm engine of a host process: one configuration, one pool, one linker, and the versions loaded into it.
//!
//! **Invariant.** Nothing is loaded that is not a signed artifact of this very engine configuration: see
//! [`crate::artifact`].

mod alarm;
mod cache;
mod config;
mod cpu;
mod manners;
mod pool;
#[cfg(target_os = "linux")]
mod stacks;
mod ticker;
mod version;

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use stadion_protocol::contract::Artifact;
use wasmtime::component::{Component, Linker};

pub(crate) use self::alarm::Alarm;
use self::cache::VersionCache;
pub use self::config::{CodeSettings, EngineConfig, Sessions, allowed_features};
pub use self::cpu::CpuBaseline;
pub(crate) use self::manners::Manners;
pub(crate) use self::pool::swap_is_on;
pub use self::pool::{NoSuchLayout, PoolLayout, PoolSize, StackGuards, TABLE_ELEMENTS};
use self::ticker::Epochs;
pub use self::ticker::Ticker;
pub use self::version::LoadedVersion;
pub use crate::artifact::{BadArtifact, VerifyingKeys};
use crate::session::State;

/// The most linear memory that a version may ask for, bytes, in every pool layout.
pub const MAX_MEMORY_BYTES: u64 = 256 << 20;

/// Raised when the meaning of compiled code changes in a way that wasmtime's own hash does not see.
const CODE_FORMAT: &str = "stadion code 2";

/// An engine could not be made, or refused a component.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Wasmtime did not accept the configuration on this machine.
    #[error("the engine cannot run on this machine: {0}")]
    Unsupported(String),
    /// The component does not fit the contract, or could not be compiled.
    #[error("{0}")]
    Component(String),
    /// A thread could not be started.
    #[error("the epoch ticker: {0}")]
    Ticker(#[from] std::io::Error),
}

/// A handle to the engine; clones share it.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasmtime: wasmtime::Engine,
    epochs: Arc<Epochs>,
    linker: Linker<State>,
    code: CodeSettings,
    pool: Option<PoolSize>,
    compatibility: [u8; 32],
    versions: Mutex<VersionCache>,
}

impl Engine {
    /// Makes an engine, reserves its pool, and logs what was decided.
    pub fn new(config: EngineConfig) -> Result<Engine, EngineError> {
        let unsupported = |error: wasmtime::Error| EngineError::Unsupported(format!("{error:#}"));
        let (wasmtime, pool) = pooled(config).map_err(unsupported)?;
        let mut linker = Linker::new(&wasmtime);
        crate::session::add_contract(&mut linker).map_err(unsupported)?;
        crate::wasi::add_to_linker(&mut linker).map_err(unsupported)?;
        let compatibility = compatibility(&wasmtime, config.code);
        if let Some(pool) = pool {
            log_pool(config.code, pool);
        }
        let versions = Mutex::new(VersionCache::default());
        Ok(Engine(Arc::new(Inner {
            wasmtime,
            epochs: Arc::default(),
            linker,
            code: config.code,
            pool,
            compatibility,
            versions,
        })))
    }

    /// Loads a version, or finds it already loaded. Milliseconds the first time: not for a shard.
    pub fn load(&self, artifact: &Artifact, keys: &VerifyingKeys) -> Result<Arc<LoadedVersion>, BadArtifact> {
        let manifest = crate::artifact::verify(artifact, keys, self)?;
        let key = *blake3::hash(&artifact.manifest).as_bytes();
        if let Some(version) = self.versions().get(&key) {
            return Ok(version);
        }
        let component = crate::artifact::component(artifact, &manifest, &self.0.wasmtime)?;
        let unloadable = |error: wasmtime::Error| BadArtifact::Unloadable(format!("{error:#}"));
        let description = Arc::new(manifest.description);
        let mut version =
            LoadedVersion::link(&self.0.linker, &component, manifest.version, description).map_err(unloadable)?;
        if let Some(layout) = &manifest.image_layout {
            version.open_images(&component, layout).map_err(unloadable)?;
        }
        let version = Arc::new(version);
        version.read_baseline();
        self.versions().put(key, Arc::clone(&version));
        Ok(version)
    }

    /// Starts the thread that advances epochs. One for each engine.
    pub fn start_ticker(&self) -> Result<Ticker, EngineError> {
        Ok(Ticker::start(self.0.wasmtime.weak(), Arc::clone(&self.0.epochs))?)
    }

    /// A timer of the calling thread, whose guests it interrupts where it is armed.
    pub(crate) fn alarm(&self) -> Alarm {
        Alarm::of_this_thread(&self.0.wasmtime, &self.0.epochs)
    }

    /// Hash of everything that compiled code depends on: what `manifest.engine` must be.
    pub fn compatibility(&self) -> [u8; 32] {
        self.0.compatibility
    }

    /// What compiled code depends on.
    pub fn code(&self) -> CodeSettings {
        self.0.code
    }

    /// How many sessions fit; an engine without a pool says 1.
    pub fn capacity(&self) -> u32 {
        self.0.pool.map_or(1, |pool| pool.sessions)
    }

    /// What was decided about the pool; `None` without one.
    pub fn pool_size(&self) -> Option<PoolSize> {
        self.0.pool
    }

    /// Sessions that hold a slot of the pool now.
    pub fn sessions(&self) -> u64 {
        self.0.wasmtime.pooling_allocator_metrics().map_or(0, |metrics| metrics.component_instances())
    }

    /// Linear memories in use now: back to zero once every session is gone.
    pub fn memories(&self) -> usize {
        self.0.wasmtime.pooling_allocator_metrics().map_or(0, |metrics| metrics.memories())
    }

    pub(crate) fn linker(&self) -> &Linker<State> {
        &self.0.linker
    }

    /// Compiles a component: the compile child only, its cost has no bound.
    pub(crate) fn compile(&self, component: &[u8]) -> Result<Component, EngineError> {
        Component::from_binary(&self.0.wasmtime, component)
            .map_err(|error| EngineError::Component(format!("{error:#}")))
    }

    fn versions(&self) -> std::sync::MutexGuard<'_, VersionCache> {
        // The cache is whole between its calls, so a panic elsewhere does not spoil it.
        self.0.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("code", &self.0.code).field("pool", &self.0.pool).finish_non_exhaustive()
    }
}

/// An engine of wasmtime's and its pool, whose stacks are one mapping where the kernel can have that.
fn pooled(config: EngineConfig) -> wasmtime::Result<(wasmtime::Engine, Option<PoolSize>)> {
    #[cfg(target_os = "linux")]
    if config.sessions != Sessions::OnDemand && stacks::can_merge() {
        let (settings, pool) = config::wasmtime_config(config, StackGuards::Within)?;
        let engine = wasmtime::Engine::new(&settings)?;
        match stacks::merge(&engine, pool.map_or(0, |pool| pool.sessions)) {
            Ok(()) => return Ok((engine, pool)),
            Err(why) => tracing::warn!(%why, "each stack keeps a guard of its own: fewer sessions fit"),
        }
    }
    let (settings, pool) = config::wasmtime_config(config, StackGuards::Mapped)?;
    Ok((wasmtime::Engine::new(&settings)?, pool))
}

fn log_pool(code: CodeSettings, pool: PoolSize) {
    tracing::info!(
        layout = code.layout.name(),
        cpu = code.cpu.name(),
        sessions = pool.sessions,
        max_map_count = pool.max_map_count,
        pagemap_scan = pool.pagemap_scan,
        "session pool: {} sessions at most{}",
        pool.sessions,
        if pool.max_map_count.is_some() { "; raise vm.max_map_count for more" } else { "" },
    );
}

fn compatibility(engine: &wasmtime::Engine, code: CodeSettings) -> [u8; 32] {
    let mut hasher = HashBytes(blake3::Hasher::new());
    CODE_FORMAT.hash(&mut hasher);
    code.layout.name().hash(&mut hasher);
    code.cpu.name().hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    *hasher.0.finalize().as_bytes()
}

/// Collects what a `Hash` feeds into a hash that is wide enough to rely on.
struct HashBytes(blake3::Hasher);

impl Hasher for HashBytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        u64::from_le_bytes(*self.0.finalize().as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes"))
    }
}

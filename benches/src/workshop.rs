//! A game made ready for a host in this process: compiled, signed with a key of this run, loaded.

use std::sync::Arc;

use anyhow::Context;
use ed25519_dalek::{Signer, SigningKey};
use stadion_host::artifact::encode_manifest;
use stadion_host::engine::{CodeSettings, Engine, EngineConfig, LoadedVersion, Sessions, VerifyingKeys};
use stadion_host::model::{Limits, Setup};
use stadion_protocol::VersionId;
use stadion_protocol::contract::{Artifact, ArtifactManifest, Description, SIGNING_CONTEXT};

/// Signs what this process alone will check: any key does.
const KEY: [u8; 32] = [7; 32];

/// A game as a host sees it.
pub struct Workshop {
    /// The host's engine, with a pool.
    pub engine: Engine,
    /// The signed artifact.
    pub artifact: Artifact,
    /// Which version it is.
    pub version: VersionId,
    /// What the signature is checked with.
    pub keys: VerifyingKeys,
    /// The component that was compiled.
    pub component: Vec<u8>,
    /// Ready to be started.
    pub loaded: Arc<LoadedVersion>,
}

impl Workshop {
    /// Compiles an upload for an engine with this many slots.
    pub fn open(wasm: &[u8], slots: u32) -> anyhow::Result<Workshop> {
        let config = EngineConfig { sessions: Sessions::Pooled(Some(slots)), ..EngineConfig::default() };
        let engine = Engine::new(config)?;
        let shop = Shop::new(&engine)?;
        let Made { artifact, version, component, .. } = shop.make(wasm)?;
        let loaded = engine.load(&artifact, &shop.keys)?;
        Ok(Workshop { engine, artifact, version, keys: shop.keys, component, loaded })
    }
}

/// Makes artifacts for one engine.
pub(crate) struct Shop {
    code: CodeSettings,
    key: SigningKey,
    /// What the signatures are checked with.
    pub(crate) keys: VerifyingKeys,
}

/// A game that was made.
pub(crate) struct Made {
    pub(crate) artifact: Artifact,
    pub(crate) version: VersionId,
    pub(crate) description: Description,
    pub(crate) component: Vec<u8>,
}

impl Shop {
    pub(crate) fn new(engine: &Engine) -> anyhow::Result<Shop> {
        let key = SigningKey::from_bytes(&KEY);
        let keys = VerifyingKeys::new([key.verifying_key().to_bytes()])?;
        Ok(Shop { code: engine.code(), key, keys })
    }

    /// Compiles and signs an upload.
    pub(crate) fn make(&self, wasm: &[u8]) -> anyhow::Result<Made> {
        let compiled = stadion_host::compile::in_process(self.code, wasm).context("compiling the game")?;
        let manifest = encode_manifest(&compiled.manifest);
        let signature = self.key.sign(&[SIGNING_CONTEXT, &manifest].concat()).to_bytes();
        let artifact = Artifact { manifest: manifest.into(), signature, code: compiled.code };
        let ArtifactManifest { version, description, .. } = compiled.manifest;
        Ok(Made { artifact, version, description, component: compiled.component.to_vec() })
    }
}

/// A match of four seats in which nobody has arrived.
pub fn setup() -> Setup {
    Setup {
        match_id: "00000000000000000000000000".to_owned(),
        seed: [1, 2, 3, 4],
        started_unix_ns: 1_700_000_000_000_000_000,
        rate: 20,
        seats: 4,
        parameters: Vec::new(),
        limits: Limits {
            memory_bytes: 16 << 20,
            unreliable_bytes: 8 << 10,
            reliable_bytes: 64 << 10,
            sends_per_tick: 1_024,
            send_bytes_per_tick: 1 << 20,
            requests_open: 16,
            saved_bytes: 16 << 20,
        },
    }
}

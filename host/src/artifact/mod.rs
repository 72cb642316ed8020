//! Signed artifacts: checking who made them, and turning them into code. Native code from anywhere else is never run.
//!
//! The order is fixed: signature over the very bytes of the manifest, then the engine, then the hash of the code, and only
//! then is that same buffer deserialized.
#![allow(unsafe_code, reason = "deserializing native code is unsafe by nature: here its signature is checked first")]

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use ed25519_dalek::{Signature, VerifyingKey};
use stadion_protocol::contract::{Artifact, ArtifactManifest, SIGNING_CONTEXT};
use wasmtime::component::Component;

use crate::engine::Engine;

/// The manifest format that this host reads.
pub const MANIFEST_FORMAT: u32 = 2;

/// The public keys whose artifacts a host runs. Clones are one and the same set.
#[derive(Clone, Debug, Default)]
pub struct VerifyingKeys(Arc<RwLock<Vec<VerifyingKey>>>);

impl VerifyingKeys {
    /// From Ed25519 public keys (RFC 8032); several while a key is being rotated.
    pub fn new(keys: impl IntoIterator<Item = [u8; 32]>) -> Result<VerifyingKeys, BadKey> {
        let set = VerifyingKeys::default();
        set.replace(keys)?;
        Ok(set)
    }

    /// Runs artifacts of these keys and of no others from now on; what is loaded already stays.
    pub fn replace(&self, keys: impl IntoIterator<Item = [u8; 32]>) -> Result<(), BadKey> {
        let keys = keys.into_iter().map(|key| VerifyingKey::from_bytes(&key).map_err(|_| BadKey));
        let keys = keys.collect::<Result<_, _>>()?;
        // Replaced as a whole: nobody can find half of it.
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    fn present(&self) -> RwLockReadGuard<'_, Vec<VerifyingKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// As they were given.
    pub fn to_bytes(&self) -> Vec<[u8; 32]> {
        self.present().iter().map(VerifyingKey::to_bytes).collect()
    }

    fn accept(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        self.present().iter().any(|key| key.verify_strict(message, &signature).is_ok())
    }
}

/// Not the bytes of an Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 public key")]
pub struct BadKey;

/// Why an artifact is not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadArtifact {
    /// None of our keys signed this manifest.
    #[error("its signature is not one of ours")]
    Signature,
    /// The signed bytes are not a manifest.
    #[error("its manifest cannot be read: {0}")]
    Manifest(String),
    /// It is for another format, engine, layout or CPU baseline: publish the version again.
    #[error("it was compiled for another engine ({0}); publish the version again")]
    Engine(String),
    /// The code is not the code that was signed.
    #[error("its code is not what was signed")]
    Code,
    /// Wasmtime does not accept it.
    #[error("it cannot be loaded: {0}")]
    Unloadable(String),
}

/// The bytes that are signed and hashed for a manifest.
pub fn encode_manifest(manifest: &ArtifactManifest) -> Vec<u8> {
    postcard::to_allocvec(manifest).expect("a manifest holds only plain data, and memory is there")
}

/// Checks everything about an artifact except that its code loads.
pub(crate) fn verify(
    artifact: &Artifact,
    keys: &VerifyingKeys,
    engine: &Engine,
) -> Result<ArtifactManifest, BadArtifact> {
    let message = [SIGNING_CONTEXT, &artifact.manifest].concat();
    if !keys.accept(&message, &artifact.signature) {
        return Err(BadArtifact::Signature);
    }
    let manifest: ArtifactManifest =
        postcard::from_bytes(&artifact.manifest).map_err(|error| BadArtifact::Manifest(error.to_string()))?;
    if manifest.format != MANIFEST_FORMAT {
        return Err(BadArtifact::Engine(format!("manifest format {}", manifest.format)));
    }
    let cpu = engine.code().cpu.name();
    if manifest.cpu != cpu {
        return Err(BadArtifact::Engine(format!("it is for {}, this host runs {cpu}", manifest.cpu)));
    }
    if manifest.engine != engine.compatibility() {
        return Err(BadArtifact::Engine("another build or pool layout".to_owned()));
    }
    Ok(manifest)
}

/// Turns a verified artifact's code into a component.
pub(crate) fn component(
    artifact: &Artifact,
    manifest: &ArtifactManifest,
    engine: &wasmtime::Engine,
) -> Result<Component, BadArtifact> {
    if *blake3::hash(&artifact.code).as_bytes() != manifest.code {
        return Err(BadArtifact::Code);
    }
    // SAFETY: `manifest` was signed by our control plane, which signs only what our own compile child made, and its hash
    // was just compared over this same immutable buffer.
    let component = unsafe { Component::deserialize(engine, &artifact.code) };
    component.map_err(|error| BadArtifact::Unloadable(format!("{error:#}")))
}

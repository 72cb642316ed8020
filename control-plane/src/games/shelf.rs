//! Signed artifacts and the components that they were compiled from, as blobs.
//!
//! ```text
//!   versions/<version>/component              what was compiled
//!   artifacts/<engine>/<version>/code         native code for one engine
//!   artifacts/<engine>/<version>/manifest     signature (64 bytes), then the signed manifest; written last
//! ```
//! An engine is named by its compatibility hash. Where there is no artifact for the present engine, it is compiled from
//! the component when a host asks for it: an upgrade of the engine needs nobody to publish again.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use stadion_protocol::VersionId;
use stadion_protocol::contract::{
    Artifact, ArtifactManifest, ArtifactUnavailable, Artifacts, CompileError, Compiled, Compiler, Pending, StageSink,
};

use crate::keys::{Keys, SignedBy};

/// Blob storage failed.
#[derive(Debug, thiserror::Error)]
#[error("blob storage: {0}")]
pub(crate) struct BlobError(String);

impl BlobError {
    /// A blob that does not read.
    pub(crate) fn damaged(what: String) -> BlobError {
        BlobError(what)
    }
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> BlobError {
        BlobError(error.to_string())
    }
}

/// Where hosts get artifacts. Built before host and control plane, and given to both.
pub struct ArtifactShelf {
    blobs: Arc<dyn ObjectStore>,
    keys: Arc<Keys>,
    compiler: Arc<dyn Compiler>,
    engine: [u8; 32],
    /// One recompilation at a time: after an upgrade, matches of many versions start at once.
    recompiling: tokio::sync::Mutex<()>,
}

impl ArtifactShelf {
    /// Over blob storage, for the engine whose compatibility hash this is.
    pub fn new(
        blobs: Arc<dyn ObjectStore>,
        keys: Arc<Keys>,
        compiler: Arc<dyn Compiler>,
        expected_engine: [u8; 32],
    ) -> ArtifactShelf {
        ArtifactShelf { blobs, keys, compiler, engine: expected_engine, recompiling: tokio::sync::Mutex::default() }
    }

    pub(crate) fn blobs(&self) -> &Arc<dyn ObjectStore> {
        &self.blobs
    }

    pub(crate) async fn compile(&self, wasm: Bytes) -> Result<Compiled, CompileError> {
        self.compiler.compile(wasm).await
    }

    pub(crate) async fn compile_telling(&self, wasm: Bytes, tell: StageSink) -> Result<Compiled, CompileError> {
        self.compiler.compile_telling(wasm, tell).await
    }

    /// Whether a compilation was made by the engine that hosts run.
    pub(crate) fn fits(&self, manifest: &ArtifactManifest) -> bool {
        manifest.engine == self.engine
    }

    /// Signs a compilation and keeps it with its component.
    pub(crate) async fn keep(&self, version: VersionId, compiled: Compiled) -> Result<Artifact, BlobError> {
        self.blobs.put(&component_path(version), compiled.component.into()).await?;
        // A component that was made of a core module has other bytes than the upload that names the version.
        let manifest = ArtifactManifest { version, ..compiled.manifest };
        let manifest = postcard::to_allocvec(&manifest).map_err(|error| BlobError(error.to_string()))?;
        let signature = self.keys.sign_artifact(&manifest);
        let signed = [&signature[..], &manifest].concat();
        self.blobs.put(&self.artifact_path(version, "code"), compiled.code.clone().into()).await?;
        self.blobs.put(&self.artifact_path(version, "manifest"), signed.into()).await?;
        Ok(Artifact { manifest: manifest.into(), signature, code: compiled.code })
    }

    /// Forgets a version that was not published after all. Failing to leaves bytes that nothing refers to.
    pub(crate) async fn discard(&self, version: VersionId) {
        for path in
            [self.artifact_path(version, "manifest"), self.artifact_path(version, "code"), component_path(version)]
        {
            if let Err(error) = self.blobs.delete(&path).await
                && !matches!(error, object_store::Error::NotFound { .. })
            {
                tracing::warn!(%path, %error, "a blob of an unpublished version stays behind");
            }
        }
    }

    /// The component of a version.
    pub(crate) async fn component(&self, version: VersionId) -> Result<Option<Bytes>, BlobError> {
        self.read(&component_path(version)).await
    }

    async fn stored(&self, version: VersionId) -> Result<Option<Artifact>, BlobError> {
        let Some(mut signed) = self.read(&self.artifact_path(version, "manifest")).await? else { return Ok(None) };
        let Some(code) = self.read(&self.artifact_path(version, "code")).await? else { return Ok(None) };
        if signed.len() < 64 {
            return Err(BlobError(format!("the manifest of version {version} is cut off")));
        }
        let head = signed.split_to(64);
        let signature = head[..].try_into().expect("64 bytes were split off");
        let signature = match self.keys.signer_of_artifact(&signed, &signature) {
            SignedBy::Present => signature,
            SignedBy::Previous => self.sign_anew(version, &signed, signature).await,
            // Of a key whose time is over: no host accepts it.
            SignedBy::Nobody => return Ok(None),
        };
        Ok(Some(Artifact { manifest: signed, signature, code }))
    }

    /// With the present key in the place of the one before, whose time will be over. That it could not be kept is said and
    /// harms nobody yet: the next to ask tries again.
    async fn sign_anew(&self, version: VersionId, manifest: &[u8], before: [u8; 64]) -> [u8; 64] {
        let signature = self.keys.sign_artifact(manifest);
        let signed = [&signature[..], manifest].concat();
        match self.blobs.put(&self.artifact_path(version, "manifest"), signed.into()).await {
            Ok(_) => signature,
            Err(error) => {
                tracing::warn!(%version, %error, "an artifact keeps its signature of the previous key for now");
                before
            }
        }
    }

    async fn fetch_or_compile(&self, version: VersionId) -> Result<Artifact, ArtifactUnavailable> {
        let storage = |error: BlobError| ArtifactUnavailable::Storage(error.0);
        if let Some(artifact) = self.stored(version).await.map_err(storage)? {
            return Ok(artifact);
        }
        let _one_at_a_time = self.recompiling.lock().await;
        if let Some(artifact) = self.stored(version).await.map_err(storage)? {
            return Ok(artifact);
        }
        let component = self.component(version).await.map_err(storage)?.ok_or(ArtifactUnavailable::Unknown(version))?;
        tracing::info!(%version, "compiling for this engine");
        let compiled = self.compile(component).await.map_err(|error| {
            tracing::warn!(%version, %error, "a published version does not compile for this engine");
            ArtifactUnavailable::Storage(format!("version {version} could not be compiled for this engine: {error}"))
        })?;
        if !self.fits(&compiled.manifest) {
            return Err(ArtifactUnavailable::Storage("the compiler is of another engine than the host".to_owned()));
        }
        self.keep(version, compiled).await.map_err(storage)
    }

    async fn read(&self, path: &Path) -> Result<Option<Bytes>, BlobError> {
        match self.blobs.get(path).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn artifact_path(&self, version: VersionId, file: &str) -> Path {
        Path::from(format!("artifacts/{}/{version}/{file}", hex::encode(self.engine)))
    }
}

impl Artifacts for ArtifactShelf {
    fn fetch(&self, version: VersionId) -> Pending<'_, Result<Artifact, ArtifactUnavailable>> {
        Box::pin(self.fetch_or_compile(version))
    }
}

fn component_path(version: VersionId) -> Path {
    Path::from(format!("versions/{version}/component"))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};
    use stadion_protocol::contract::SIGNING_CONTEXT;

    use std::time::Duration;

    use super::*;
    use crate::clock::SystemRng;
    use crate::keys::{KeyLives, KeyUse};
    use crate::model::UnixMs;
    use crate::testing::{FakeCompiler, wasm};

    fn shelf(blobs: &Arc<dyn ObjectStore>, keys: &Arc<Keys>, engine: [u8; 32]) -> (ArtifactShelf, Arc<FakeCompiler>) {
        let compiler = Arc::new(FakeCompiler::of_engine(engine));
        (ArtifactShelf::new(blobs.clone(), keys.clone(), compiler.clone(), engine), compiler)
    }

    #[tokio::test]
    async fn what_is_kept_is_fetched_with_a_signature_that_verifies() {
        let (blobs, keys) = (crate::blobs::in_memory(), Arc::new(Keys::in_memory(&SystemRng)));
        let (shelf, _) = shelf(&blobs, &keys, [1; 32]);
        let version = VersionId([9; 32]);
        let compiled = shelf.compile(wasm("one")).await.unwrap();
        shelf.keep(version, compiled).await.unwrap();
        let artifact = shelf.fetch(version).await.unwrap();
        let manifest: ArtifactManifest = postcard::from_bytes(&artifact.manifest).unwrap();
        assert_eq!(manifest.version, version);
        let signed = [SIGNING_CONTEXT, &artifact.manifest].concat();
        let verifier = VerifyingKey::from_bytes(&keys.artifact_verifiers()[0]).unwrap();
        assert!(verifier.verify(&signed, &Signature::from_bytes(&artifact.signature)).is_ok());
    }

    #[tokio::test]
    async fn after_a_change_of_keys_artifacts_are_signed_anew_and_later_compiled_anew() {
        const LIVES: KeyLives =
            KeyLives { tokens: Duration::ZERO, refresh: Duration::ZERO, artifacts: Duration::from_secs(1) };
        let (blobs, keys) = (crate::blobs::in_memory(), Arc::new(Keys::in_memory(&SystemRng)));
        let (shelf, compiler) = shelf(&blobs, &keys, [1; 32]);
        let [asked_for, left] = [VersionId([8; 32]), VersionId([9; 32])];
        for version in [asked_for, left] {
            shelf.keep(version, shelf.compile(wasm("one")).await.unwrap()).await.unwrap();
        }
        let before = shelf.fetch(asked_for).await.unwrap();
        keys.rotate(KeyUse::Artifacts, UnixMs(0), &LIVES, &SystemRng).unwrap();
        let anew = shelf.fetch(asked_for).await.unwrap();
        assert!(anew.manifest == before.manifest && anew.signature != before.signature);
        assert_eq!(keys.signer_of_artifact(&anew.manifest, &anew.signature), SignedBy::Present);
        let compiled = compiler.compiled();
        assert!(keys.retire(UnixMs(1000), &LIVES));
        assert_eq!(shelf.fetch(asked_for).await.unwrap().signature, anew.signature);
        assert_eq!(compiler.compiled(), compiled, "what was signed anew is good");
        let late = shelf.fetch(left).await.unwrap();
        assert_eq!(keys.signer_of_artifact(&late.manifest, &late.signature), SignedBy::Present);
        assert_eq!(compiler.compiled(), compiled + 1);
    }

    #[tokio::test]
    async fn a_new_engine_compiles_once_from_the_component() {
        let (blobs, keys) = (crate::blobs::in_memory(), Arc::new(Keys::in_memory(&SystemRng)));
        let (old, _) = shelf(&blobs, &keys, [1; 32]);
        let version = VersionId([9; 32]);
        let compiled = old.compile(wasm("one")).await.unwrap();
        old.keep(version, compiled).await.unwrap();

        let (new, compiler) = shelf(&blobs, &keys, [2; 32]);
        for artifact in [new.fetch(version).await.unwrap(), new.fetch(version).await.unwrap()] {
            let manifest: ArtifactManifest = postcard::from_bytes(&artifact.manifest).unwrap();
            assert_eq!((manifest.engine, manifest.version), ([2; 32], version));
        }
        assert_eq!(compiler.compiled(), 1);
        assert!(matches!(new.fetch(VersionId([8; 32])).await, Err(ArtifactUnavailable::Unknown(_))));
    }
}

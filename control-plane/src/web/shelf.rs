//! Bundles as blobs, each bound to one version of one game.
//!
//! ```text
//!   web/<game>/<slot>/<bundle>.tar     as it was sent, named by its hash
//!   web/<game>/<slot>/contents         where each file lies in it, and its policy (JSON); written last
//! ```
//! A file is served as a range of the tar: two blobs a bundle, whatever it holds, and nothing is copied. A version's bundle
//! may be replaced, as authors work on their pages: the newest counts, and the one before goes.

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use stadion_protocol::{GameName, VersionId};
use tokio::sync::{Mutex, Semaphore};

use super::pack::{self, Files, PackError, PackLimits, PackedFile};
use super::policy::{Policy, PolicyError};
use crate::games::{BlobError, Received, UploadError, receive};

/// What to say to those who come while too many bundles are under way.
const RETRY_AFTER_S: u32 = 2;

/// Why there is no new bundle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleError {
    /// See [`PackError`].
    #[error(transparent)]
    Pack(#[from] PackError),
    /// See [`PolicyError`].
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// It did not come whole, or there are too many.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// See [`BlobError`].
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

/// Where a version's bundle lies, in blobs and in links: the first 16 digits of the version's id. Two versions of one game
/// that begin alike would share it; it takes their author to make them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot(String);

impl Slot {
    /// Digits of a slot.
    const DIGITS: usize = 16;

    /// As it stands in a link.
    pub(crate) fn parse(text: &str) -> Option<Slot> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        (digits && text.len() == Slot::DIGITS).then(|| Slot(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<VersionId> for Slot {
    fn from(version: VersionId) -> Slot {
        Slot(version.to_string()[..Slot::DIGITS].to_owned())
    }
}

/// A bundle's table of contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contents {
    /// The first 16 digits of the tar's SHA-256.
    pub(crate) bundle: String,
    /// How its files are served.
    pub(crate) policy: Policy,
    /// What it holds.
    pub(crate) files: Files,
}

/// What a [`WebShelf`] stands on.
pub(crate) struct WebShelfParts {
    pub(crate) blobs: Arc<dyn ObjectStore>,
    pub(crate) limits: PackLimits,
    /// Bundles received at once; past it, 429.
    pub(crate) at_once: u32,
}

/// See the module.
pub(crate) struct WebShelf {
    parts: WebShelfParts,
    admitted: Semaphore,
    /// One at a time is written: of two for the same version, one must be the newest.
    keeping: Mutex<()>,
}

impl WebShelf {
    pub(crate) fn new(parts: WebShelfParts) -> WebShelf {
        let admitted = Semaphore::new(parts.at_once as usize);
        WebShelf { parts, admitted, keeping: Mutex::default() }
    }

    /// Takes a tar as the bundle of a version, in place of the one before. The same one again changes nothing.
    pub(crate) async fn keep(
        &self,
        game: &GameName,
        slot: &Slot,
        policy: Policy,
        body: axum::body::Body,
    ) -> Result<Contents, BundleError> {
        policy.check()?;
        let _admitted = self.admitted.try_acquire().map_err(|_| UploadError::Busy { retry_after_s: RETRY_AFTER_S })?;
        let received = receive(body, self.parts.limits.bytes).await?;
        let limits = self.parts.limits;
        let (contents, tar) = tokio::task::spawn_blocking(move || read(received, policy, limits))
            .await
            .map_err(|_| UploadError::GoingDown)??;
        let _alone = self.keeping.lock().await;
        let before = self.contents(game, slot).await?;
        self.put(&tar_path(game, slot, &contents.bundle), tar).await?;
        let table = serde_json::to_vec(&contents).expect("a table of contents is plain JSON");
        self.put(&contents_path(game, slot), table.into()).await?;
        if let Some(before) = before.filter(|before| before.bundle != contents.bundle) {
            self.forget(&tar_path(game, slot, &before.bundle)).await;
        }
        tracing::info!(%game, version = slot.as_str(), bundle = contents.bundle, files = contents.files.len(), "web bundle");
        Ok(contents)
    }

    /// The table of contents of a version's bundle, if it has one.
    pub(crate) async fn contents(&self, game: &GameName, slot: &Slot) -> Result<Option<Contents>, BlobError> {
        let table = match self.parts.blobs.get(&contents_path(game, slot)).await {
            Ok(found) => found.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let contents = serde_json::from_slice(&table);
        contents.map(Some).map_err(|error| BlobError::damaged(format!("a bundle of {game}: {error}")))
    }

    /// A file's bytes; `None` if its bundle was replaced just now.
    pub(crate) async fn file(
        &self,
        game: &GameName,
        slot: &Slot,
        bundle: &str,
        file: &PackedFile,
    ) -> Result<Option<BoxStream<'static, object_store::Result<Bytes>>>, BlobError> {
        if file.bytes == 0 {
            return Ok(Some(Box::pin(futures_util::stream::empty())));
        }
        let range = Some(GetRange::Bounded(file.at..file.at + file.bytes));
        let options = GetOptions { range, ..GetOptions::default() };
        match self.parts.blobs.get_opts(&tar_path(game, slot, bundle), options).await {
            Ok(found) => Ok(Some(found.into_stream())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn put(&self, path: &Path, bytes: Bytes) -> Result<(), BlobError> {
        self.parts.blobs.put(path, bytes.into()).await?;
        Ok(())
    }

    async fn forget(&self, path: &Path) {
        if let Err(error) = self.parts.blobs.delete(path).await
            && !matches!(error, object_store::Error::NotFound { .. })
        {
            tracing::warn!(%path, %error, "a replaced web bundle stays behind");
        }
    }
}

fn read(received: Received, policy: Policy, limits: PackLimits) -> Result<(Contents, Bytes), BundleError> {
    let bundle = received.short_hash();
    let mut file: File = received.into_file();
    let files = pack::read(&mut file, limits)?;
    let mut tar = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut tar)).map_err(UploadError::Io)?;
    Ok((Contents { bundle, policy, files }, tar.into()))
}

fn tar_path(game: &GameName, slot: &Slot, bundle: &str) -> Path {
    Path::from(format!("web/{game}/{}/{bundle}.tar", slot.0))
}

fn contents_path(game: &GameName, slot: &Slot) -> Path {
    Path::from(format!("web/{game}/{}/contents", slot.0))
}

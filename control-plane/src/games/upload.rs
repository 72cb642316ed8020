//! An upload, from its first byte to a published version.
//!
//! ```text
//!   receive ─▶ compile ─▶ sign, keep blobs ─▶ publish the row ─▶ its channel
//!   (a file    (waits for   (removed again      (one commit:       (one commit:
//!    hashed     one of a     if the row cannot   now it exists)     now it is played)
//!    as it      few places)  be written)
//!    comes)
//! ```
//! Whatever breaks before the row leaves nothing behind that anybody could see; after it, publishing again goes on there.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::sync::Arc;

use axum::body::HttpBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use stadion_protocol::contract::{CompileError, Compiled, InvalidSetting, MatchSettings};
use stadion_protocol::{GameName, VersionId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::catalog::Catalog;
use super::progress::{Progress, UploadName, UploadWord};
use super::quotas::{QuotaBook, QuotaMet};
use super::releases::{ReleaseError, Releases};
use super::shelf::{ArtifactShelf, BlobError};
use crate::accounts::Caller;
use crate::clock::{Clock, Rng, random};
use crate::config::UploadConfig;
use crate::coordination::{Coordination, CoordinationError};
use crate::http::BodyFault;
use crate::model::{ChannelName, Game, Role, Version};
use crate::store::{Store, StoreError};

/// What to say to those who come while too many uploads are under way.
const RETRY_AFTER_S: u32 = 2;

/// How long one replica may take to keep a version before another may, and how long that waits for it.
const LEASE: std::time::Duration = std::time::Duration::from_secs(60);
const LEASE_TRIES: u32 = 100;
const LEASE_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// Too many at once.
    #[error("too many uploads at once; try again in {retry_after_s} s")]
    Busy {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// The game is somebody else's.
    #[error("the game {0} belongs to somebody else; choose another name")]
    NotOwner(GameName),
    /// No bytes.
    #[error("the body is empty; send the file as the body")]
    Empty,
    /// More than is accepted.
    #[error("uploads are at most {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The body broke off or was too slow.
    #[error(transparent)]
    Body(#[from] BodyFault),
    /// The compiler refused it, or could not take it.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A setting that the game describes is unknown or out of range.
    #[error("{0}")]
    Setting(#[from] InvalidSetting),
    /// The compiler is not the one that hosts expect.
    #[error("the compile child answered for another upload or engine")]
    Mismatch,
    /// The temporary file.
    #[error("temporary storage: {0}")]
    Io(#[from] std::io::Error),
    /// See [`BlobError`].
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// See [`QuotaMet`].
    #[error(transparent)]
    Quota(#[from] QuotaMet),
    /// See [`ReleaseError`].
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
    /// See [`CoordinationError`].
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
    /// The task that finishes uploads was ended with the process.
    #[error("the server is going down")]
    GoingDown,
}

/// What an upload led to.
#[derive(Debug)]
pub(crate) struct Receipt {
    pub(crate) version: Version,
    /// Whether these very bytes were published before.
    pub(crate) known: bool,
}

/// What an upload is published as.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) game: GameName,
    /// What points at it from then on.
    pub(crate) channel: ChannelName,
    /// The channel's share, where that is to change.
    pub(crate) percent: Option<u8>,
    /// What its publisher calls the upload, to be told how it fares.
    pub(crate) upload: Option<UploadName>,
}

/// What [`Uploads`] stand on.
pub(crate) struct UploadParts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) shelf: Arc<ArtifactShelf>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) releases: Arc<Releases>,
    pub(crate) quotas: Arc<QuotaBook>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) coordination: Arc<dyn Coordination>,
    pub(crate) rng: Arc<dyn Rng>,
}

/// See the module.
pub(crate) struct Uploads {
    parts: UploadParts,
    config: UploadConfig,
    admitted: Arc<Semaphore>,
    compiling: Semaphore,
    keeping: tokio::sync::Mutex<()>,
}

impl Uploads {
    pub(crate) fn new(config: UploadConfig, parts: UploadParts) -> Uploads {
        let admitted = Arc::new(Semaphore::new(config.at_once as usize));
        let compiling = Semaphore::new(config.compiling as usize);
        Uploads { parts, config, admitted, compiling, keeping: tokio::sync::Mutex::default() }
    }

    /// Publishes a body as a version of a game, which is made for the caller where there is none.
    pub(crate) async fn publish(
        self: &Arc<Uploads>,
        caller: &Caller,
        target: Target,
        body: axum::body::Body,
    ) -> Result<Receipt, UploadError> {
        Releases::check_target(&target.channel, target.percent)?;
        let admitted = self
            .admitted
            .clone()
            .try_acquire_owned()
            .map_err(|_| UploadError::Busy { retry_after_s: RETRY_AFTER_S })?;
        self.check_owner(caller, &target.game).await?;
        let progress = Progress::new(self.parts.coordination.clone(), &caller.account, target.upload.as_ref());
        let received = match receive_telling(body, self.config.max_bytes, &progress).await {
            Ok(received) => received,
            Err(error) => {
                progress.tell(&UploadWord::Refused).await;
                return Err(error);
            }
        };
        // A task of its own: a caller who hangs up now cannot leave blobs without a row behind.
        let (this, caller) = (self.clone(), caller.clone());
        tokio::spawn(async move { this.finish_telling(&caller, target, received, (admitted, progress)).await })
            .await
            .map_err(|_| UploadError::GoingDown)?
    }

    async fn check_owner(&self, caller: &Caller, game: &GameName) -> Result<(), UploadError> {
        match self.parts.store.game(game).await? {
            Some(entry) if entry.game.owner != caller.account && caller.role < Role::Operator => {
                Err(UploadError::NotOwner(game.clone()))
            }
            _ => Ok(()),
        }
    }

    async fn finish_telling(
        &self,
        caller: &Caller,
        target: Target,
        received: Received,
        (_admitted, progress): (OwnedSemaphorePermit, Progress),
    ) -> Result<Receipt, UploadError> {
        progress.tell(&UploadWord::Waiting { received_bytes: received.size_bytes }).await;
        let finished = self.finish(caller, target, received, &progress).await;
        let word = match &finished {
            Ok(receipt) => UploadWord::Published { version: receipt.version.id.to_string() },
            Err(_) => UploadWord::Refused,
        };
        progress.tell(&word).await;
        finished
    }

    async fn finish(
        &self,
        caller: &Caller,
        Target { game, channel, percent, upload: _ }: Target,
        received: Received,
        progress: &Progress,
    ) -> Result<Receipt, UploadError> {
        let UploadParts { store, catalog, releases, .. } = &self.parts;
        if let Some(version) = store.version(&game, received.version).await? {
            store.publish(&version).await?;
            releases.published((&game, version.id), (&channel, percent), &caller.account).await?;
            catalog.forget(&game);
            return Ok(Receipt { version: Version { retired_at: None, ..version }, known: true });
        }
        self.check_quotas(caller, &game, received.size_bytes).await?;
        let (version, compiled) = self.compile(&game, received, progress).await?;
        progress.tell(&UploadWord::Stage { stage: "sign" }).await;
        self.keep_and_publish(caller, &version, compiled).await?;
        releases.published((&game, version.id), (&channel, percent), &caller.account).await?;
        catalog.forget(&game);
        tracing::info!(%game, version = %version.id, %channel, size = version.size_bytes, "published");
        Ok(Receipt { version, known: false })
    }

    /// Those of the game's owner, whoever publishes.
    async fn check_quotas(&self, caller: &Caller, game: &GameName, bytes: u64) -> Result<(), UploadError> {
        let owner = match self.parts.store.game(game).await? {
            Some(entry) => entry.game.owner,
            None => {
                self.parts.quotas.admit_game(&caller.account).await??;
                caller.account.clone()
            }
        };
        self.parts.quotas.admit_version(&owner, bytes).await??;
        Ok(())
    }

    async fn compile(
        &self,
        game: &GameName,
        received: Received,
        progress: &Progress,
    ) -> Result<(Version, Compiled), UploadError> {
        let _place = self.compiling.acquire().await.map_err(|_| UploadError::GoingDown)?;
        let (id, size_bytes) = (received.version, received.size_bytes);
        let wasm = tokio::task::spawn_blocking(move || received.read()).await.map_err(|_| UploadError::GoingDown)??;
        let (tell, telling) = progress.stages();
        let compiled = self.parts.shelf.compile_telling(wasm, tell).await;
        // Whoever compiled has let go of the other end: what it told is told on before anything else is.
        telling.await.map_err(|_| UploadError::GoingDown)?;
        let compiled = compiled?;
        let fits = compiled.manifest.version == id && self.parts.shelf.fits(&compiled.manifest);
        if !fits || compiled.manifest.code != *blake3::hash(&compiled.code).as_bytes() {
            return Err(UploadError::Mismatch);
        }
        let description = compiled.manifest.description.clone();
        MatchSettings::from_pairs(description.settings.iter().map(|(key, value)| (key.as_str(), value.as_str())))?;
        let (compile_cpu_ms, created_at) = (compiled.cpu_ms, self.parts.clock.now());
        let version = Version {
            game: game.clone(),
            id,
            description,
            overrides: Vec::new(),
            size_bytes,
            compile_cpu_ms,
            created_at,
            retired_at: None,
            quarantine: None,
        };
        Ok((version, compiled))
    }

    async fn keep_and_publish(
        &self,
        caller: &Caller,
        version: &Version,
        compiled: Compiled,
    ) -> Result<(), UploadError> {
        // The same bytes may be on their way to two games: what one discards must not be what the other just kept.
        let _alone = self.keeping.lock().await;
        let (lease, holder) = (format!("publishing/{}", version.id), hex::encode(random::<8>(&*self.parts.rng)));
        self.take(&lease, &holder).await?;
        let published = self.keep_alone(caller, version, compiled).await;
        if let Err(error) = self.parts.coordination.give_back(&lease, &holder).await {
            tracing::warn!(%error, "the lease on publishing a version ends by itself");
        }
        published
    }

    /// The same among replicas.
    async fn take(&self, lease: &str, holder: &str) -> Result<(), UploadError> {
        for _ in 0..LEASE_TRIES {
            if self.parts.coordination.lease(lease, holder, LEASE).await?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(LEASE_PAUSE).await;
        }
        Err(UploadError::Busy { retry_after_s: RETRY_AFTER_S })
    }

    async fn keep_alone(&self, caller: &Caller, version: &Version, compiled: Compiled) -> Result<(), UploadError> {
        let kept = self.parts.shelf.keep(version.id, compiled).await.map(drop).map_err(UploadError::from);
        let published = match kept {
            Ok(()) => self.publish_row(caller, version).await,
            Err(error) => Err(error),
        };
        if published.is_err() && !self.parts.store.is_published(version.id).await.unwrap_or(true) {
            self.parts.shelf.discard(version.id).await;
        }
        published
    }

    async fn publish_row(&self, caller: &Caller, version: &Version) -> Result<(), UploadError> {
        let wanted = Game { name: version.game.clone(), owner: caller.account.clone(), created_at: version.created_at };
        let game = self.parts.store.create_game(&wanted).await?;
        // Somebody else may have taken the name while this was compiled.
        if game.owner != caller.account && caller.role < Role::Operator {
            return Err(UploadError::NotOwner(game.name));
        }
        self.parts.store.publish(version).await?;
        Ok(())
    }
}

/// An upload that came whole: in a file without a name, gone when this is dropped.
pub(crate) struct Received {
    file: File,
    version: VersionId,
    size_bytes: u64,
}

impl Received {
    /// The first 16 digits of its SHA-256.
    pub(crate) fn short_hash(&self) -> String {
        hex::encode(&self.version.0[..8])
    }

    /// The file, to be read from wherever it stands.
    pub(crate) fn into_file(self) -> File {
        self.file
    }

    fn read(mut self) -> std::io::Result<Bytes> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.size_bytes).unwrap_or_default());
        self.file.rewind()?;
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// Receives a body within a limit.
pub(crate) async fn receive(body: axum::body::Body, limit_bytes: u64) -> Result<Received, UploadError> {
    receive_with(body, limit_bytes, None).await
}

/// The same, telling now and then how much of it is there.
async fn receive_telling(
    body: axum::body::Body,
    limit_bytes: u64,
    progress: &Progress,
) -> Result<Received, UploadError> {
    receive_with(body, limit_bytes, Some(progress)).await
}

async fn receive_with(
    mut body: axum::body::Body,
    limit_bytes: u64,
    progress: Option<&Progress>,
) -> Result<Received, UploadError> {
    let step = progress.map_or(u64::MAX, |progress| progress.step(body.size_hint().lower()));
    let mut next_word = step;
    let mut file = tempfile::tempfile()?;
    let mut hash = Sha256::new();
    let mut size_bytes = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(BodyFault::from)?;
        let Ok(data) = frame.into_data() else { continue };
        size_bytes += data.len() as u64;
        if size_bytes > limit_bytes {
            return Err(UploadError::TooLarge { limit_bytes });
        }
        hash.update(&data);
        if let Some(progress) = progress.filter(|_| size_bytes >= next_word) {
            next_word = size_bytes.saturating_add(step);
            progress.tell(&UploadWord::Receiving { received_bytes: size_bytes }).await;
        }
        // A frame is at most what hyper read at once: writing it to the page cache takes microseconds.
        file.write_all(&data)?;
    }
    if size_bytes == 0 {
        return Err(UploadError::Empty);
    }
    Ok(Received { file, version: VersionId(hash.finalize().into()), size_bytes })
}

//! What is to be played, from memory: `play` asks the store only when it has not asked for a while.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stadion_protocol::contract::MatchSettings;
use stadion_protocol::token::SchemaHash;
use stadion_protocol::{GameName, VersionId};

use crate::clock::Clock;
use crate::model::{Game, UnixMs, Version};
use crate::replicas::News;
use crate::store::{Store, StoreError};

/// How long an answer of the store is good here: what another replica publishes is played here after that at the latest.
const GOOD_FOR: Duration = Duration::from_secs(5);

/// Answers that are kept; past it all are dropped and asked for again.
const MAX_ENTRIES: usize = 10_000;

/// Which version of a game is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Selection {
    /// The newest that is not retired.
    Latest,
    /// This one, unless it is retired.
    Exact(VersionId),
    /// This one, whose matches run already.
    Running(VersionId),
}

/// Why there is nothing to play.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogError {
    /// No such game.
    #[error("there is no game {0}")]
    UnknownGame(GameName),
    /// A game without a version in play.
    #[error("the game {0} has no published version yet")]
    NoVersion(GameName),
    /// No such version.
    #[error("the game {0} has no version {1}")]
    UnknownVersion(GameName, VersionId),
    /// Taken out of play.
    #[error("version {1} of {0} was retired; play the newest one")]
    Retired(GameName, VersionId),
    /// It fails on every start.
    #[error(
        "version {1} of {0} is in quarantine, since it failed on every start; its owner publishes another one or lifts it \
         with `stadion quarantine {0} {1} --lift`"
    )]
    Quarantined(GameName, VersionId),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A version with everything that starting a match of it needs.
#[derive(Debug)]
pub(crate) struct Playable {
    pub(crate) game: Game,
    pub(crate) version: Version,
    pub(crate) settings: MatchSettings,
    pub(crate) schema: SchemaHash,
}

/// Answers, and until when they are good.
type Known = HashMap<(GameName, Selection), (Arc<Playable>, UnixMs)>;

/// See the module.
pub(crate) struct Catalog {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    /// Raised by each [`Catalog::forget`]: an answer that was asked for before it is not kept.
    forgotten: AtomicU64,
    news: News,
}

/// The name of the pool that a version's open matches are listed in.
pub(crate) fn pool(game: &GameName, version: VersionId) -> String {
    format!("{game}/{version}")
}

impl Catalog {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, news: News) -> Catalog {
        Catalog { store, clock, known: Mutex::default(), forgotten: AtomicU64::new(0), news }
    }

    /// What is to be played.
    pub(crate) async fn playable(&self, game: &GameName, selection: Selection) -> Result<Arc<Playable>, CatalogError> {
        let now = self.clock.now();
        let key = (game.clone(), selection);
        if let Some((playable, until)) = self.known().get(&key)
            && *until > now
        {
            return Ok(playable.clone());
        }
        let asked_at = self.forgotten.load(Ordering::Acquire);
        let playable = Arc::new(self.ask(game, selection).await?);
        let mut known = self.known();
        if known.len() >= MAX_ENTRIES {
            known.clear();
        }
        if self.forgotten.load(Ordering::Acquire) == asked_at {
            known.insert(key, (playable.clone(), now.plus(GOOD_FOR)));
        }
        Ok(playable)
    }

    /// Asks the store about a game again, the next time, and has other replicas do the same.
    pub(crate) fn forget(&self, game: &GameName) {
        self.forget_here(game);
        self.news.changed(game);
    }

    /// Asks the store about every game again.
    pub(crate) fn forget_all(&self) {
        let mut known = self.known();
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        known.clear();
    }

    /// Asks the store about a game again.
    pub(crate) fn forget_here(&self, game: &GameName) {
        let mut known = self.known();
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        known.retain(|(name, _), _| name != game);
    }

    async fn ask(&self, game: &GameName, selection: Selection) -> Result<Playable, CatalogError> {
        let entry = self.store.game(game).await?.ok_or_else(|| CatalogError::UnknownGame(game.clone()))?;
        let version = match selection {
            Selection::Latest => {
                self.store.latest_version(game).await?.ok_or_else(|| CatalogError::NoVersion(game.clone()))?
            }
            Selection::Exact(id) | Selection::Running(id) => {
                self.store.version(game, id).await?.ok_or_else(|| CatalogError::UnknownVersion(game.clone(), id))?
            }
        };
        if version.retired_at.is_some() && matches!(selection, Selection::Exact(_)) {
            return Err(CatalogError::Retired(game.clone(), version.id));
        }
        if version.quarantine.is_some() && !matches!(selection, Selection::Running(_)) {
            return Err(CatalogError::Quarantined(game.clone(), version.id));
        }
        let pairs = version.settings();
        let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let settings = MatchSettings::from_pairs(pairs).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let schema = version.description.schema_hash();
        Ok(Playable { game: entry.game, settings, schema, version })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // A map of copies: whatever panicked while holding it, its entries are whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

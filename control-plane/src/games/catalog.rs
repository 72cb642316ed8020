//! What is to be played, from memory: `play` asks the store only when it has not asked for a while.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::MatchSettings;
use stadion_protocol::token::SchemaHash;
use stadion_protocol::{GameName, PlayerId, VersionId};

use super::channels::is_chosen;
use crate::clock::Clock;
use crate::model::{Channel, ChannelName, Game, Quotas, UnixMs, Version};
use crate::replicas::News;
use crate::store::{Store, StoreError};

/// How long an answer of the store is good here: what another replica publishes is played here after that at the latest.
const GOOD_FOR: Duration = Duration::from_secs(5);

/// Answers that are kept; past it all are dropped and asked for again.
const MAX_ENTRIES: usize = 10_000;

/// Which version of a game is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub(crate) enum Selection {
    /// That of a channel.
    Channel(ChannelName),
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
    /// A channel without a version in play.
    #[error("the channel {1} of {0} has no version to play; its owner publishes one with `stadion publish`")]
    NoVersion(GameName, ChannelName),
    /// No such channel.
    #[error("the game {0} has no channel {1}")]
    UnknownChannel(GameName, ChannelName),
    /// It is for others.
    #[error("the channel {1} of {0} is for its owner and for players whom the owner has named")]
    NotForYou(GameName, ChannelName),
    /// No such version.
    #[error("the game {0} has no version {1}")]
    UnknownVersion(GameName, VersionId),
    /// Taken out of play.
    #[error("version {1} of {0} is deprecated; {2}")]
    Deprecated(GameName, VersionId, Instead),
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

/// What is played in place of a deprecated version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instead(Option<VersionId>);

impl std::fmt::Display for Instead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(id) => write!(f, "the channel stable has version {id}, which is played where no version is named"),
            None => f.write_str("the channel stable has no version either"),
        }
    }
}

/// A game with its channels.
#[derive(Debug)]
pub(crate) struct Released {
    pub(crate) game: Game,
    /// Of its owner.
    limits: Quotas,
    channels: Vec<Channel>,
    /// What a share of the players gets, if it can be played.
    canary: Option<(VersionId, u8)>,
}

impl Released {
    fn channel(&self, name: &ChannelName) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name == *name)
    }

    /// Whether somebody may ask for a channel.
    pub(crate) fn permit(&self, name: &ChannelName, who: &PlayerId) -> Result<(), CatalogError> {
        let game = || self.game.name.clone();
        let channel = self.channel(name).ok_or_else(|| CatalogError::UnknownChannel(game(), name.clone()))?;
        if channel.open || self.game.owner == *who || channel.players.contains(who) {
            return Ok(());
        }
        Err(CatalogError::NotForYou(game(), name.clone()))
    }

    /// The channel of somebody who asks for none.
    fn choose(&self, who: &[u8]) -> ChannelName {
        match self.canary {
            Some((version, percent)) if is_chosen(&self.game.name, version, who, percent) => ChannelName::canary(),
            _ => ChannelName::stable(),
        }
    }
}

/// A version with everything that starting a match of it needs.
#[derive(Debug)]
pub(crate) struct Playable {
    pub(crate) game: Game,
    /// Of its owner.
    pub(crate) limits: Quotas,
    pub(crate) version: Version,
    /// Of its matches: as the code says, its owner over that, and the channel over both.
    pub(crate) settings: MatchSettings,
    /// The same as they are written.
    pub(crate) pairs: BTreeMap<String, String>,
    /// For the game, where a match's creator gives none.
    pub(crate) parameters: Vec<u8>,
    pub(crate) schema: SchemaHash,
}

/// Answers, and until when they are good.
#[derive(Default)]
struct Known {
    playable: HashMap<(GameName, Selection), (Arc<Playable>, UnixMs)>,
    released: HashMap<GameName, (Arc<Released>, UnixMs)>,
}

impl Known {
    /// Makes room for one more of each.
    fn bound(&mut self) {
        if self.playable.len() >= MAX_ENTRIES {
            self.playable.clear();
        }
        if self.released.len() >= MAX_ENTRIES {
            self.released.clear();
        }
    }
}

/// See the module.
pub(crate) struct Catalog {
    store: Arc<dyn Store>,
    /// Of owners of whom the operator has said nothing else.
    everybody: Quotas,
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
    pub(crate) fn new((store, everybody): (Arc<dyn Store>, Quotas), clock: Arc<dyn Clock>, news: News) -> Catalog {
        Catalog { store, everybody, clock, known: Mutex::default(), forgotten: AtomicU64::new(0), news }
    }

    /// A game and its channels.
    pub(crate) async fn released(&self, game: &GameName) -> Result<Arc<Released>, CatalogError> {
        let now = self.clock.now();
        if let Some((released, until)) = self.known().released.get(game)
            && *until > now
        {
            return Ok(released.clone());
        }
        let asked_at = self.forgotten.load(Ordering::Acquire);
        let released = Arc::new(self.ask_released(game).await?);
        let mut known = self.known();
        known.bound();
        if self.forgotten.load(Ordering::Acquire) == asked_at {
            known.released.insert(game.clone(), (released.clone(), now.plus(GOOD_FOR)));
        }
        Ok(released)
    }

    /// What somebody plays who asks for no version: always the same while the channels stay as they are.
    pub(crate) async fn choose(&self, game: &GameName, who: &[u8]) -> Result<Arc<Playable>, CatalogError> {
        let selection = self.chosen(game, who).await?;
        self.playable(game, selection).await
    }

    /// The channel of somebody who asks for no version.
    pub(crate) async fn chosen(&self, game: &GameName, who: &[u8]) -> Result<Selection, CatalogError> {
        Ok(Selection::Channel(self.released(game).await?.choose(who)))
    }

    /// What is played by those who ask for no version and are not among the canary's share.
    pub(crate) async fn stable(&self, game: &GameName) -> Result<Arc<Playable>, CatalogError> {
        self.playable(game, Selection::Channel(ChannelName::stable())).await
    }

    /// What is to be played.
    pub(crate) async fn playable(&self, game: &GameName, selection: Selection) -> Result<Arc<Playable>, CatalogError> {
        let now = self.clock.now();
        let key = (game.clone(), selection);
        if let Some((playable, until)) = self.known().playable.get(&key)
            && *until > now
        {
            return Ok(playable.clone());
        }
        let asked_at = self.forgotten.load(Ordering::Acquire);
        let playable = Arc::new(self.ask(game, &key.1).await?);
        let mut known = self.known();
        known.bound();
        if self.forgotten.load(Ordering::Acquire) == asked_at {
            known.playable.insert(key, (playable.clone(), now.plus(GOOD_FOR)));
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
        *known = Known::default();
    }

    /// Asks the store about a game again.
    pub(crate) fn forget_here(&self, game: &GameName) {
        let mut known = self.known();
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        known.playable.retain(|(name, _), _| name != game);
        known.released.remove(game);
    }

    async fn ask_released(&self, game: &GameName) -> Result<Released, CatalogError> {
        let entry = self.store.game(game).await?.ok_or_else(|| CatalogError::UnknownGame(game.clone()))?;
        let channels = self.store.channels(game).await?;
        let shared = channels.iter().find(|channel| channel.name.is_canary() && channel.percent > 0);
        // Nobody is given what does not start, or is out of play: what is played is better than that.
        let canary = match shared.and_then(|channel| Some((channel.version?, channel.percent))) {
            Some((id, percent)) => {
                let version = self.store.version(game, id).await?;
                let plays = version.is_some_and(|found| found.retired_at.is_none() && found.quarantine.is_none());
                plays.then_some((id, percent))
            }
            None => None,
        };
        let limits = self.store.quotas_of(&entry.game.owner).await?.over(&self.everybody);
        Ok(Released { game: entry.game, limits, channels, canary })
    }

    async fn ask(&self, game: &GameName, selection: &Selection) -> Result<Playable, CatalogError> {
        let released = self.released(game).await?;
        let (id, channel) = match selection {
            Selection::Channel(name) => {
                let channel = released.channel(name);
                let none = || CatalogError::NoVersion(game.clone(), name.clone());
                (channel.and_then(|channel| channel.version).ok_or_else(none)?, channel)
            }
            Selection::Exact(id) | Selection::Running(id) => (*id, None),
        };
        let version = self.store.version(game, id).await?;
        let version = version.ok_or_else(|| CatalogError::UnknownVersion(game.clone(), id))?;
        match selection {
            Selection::Running(_) => {}
            Selection::Exact(_) if version.retired_at.is_some() => {
                let stable = released.channel(&ChannelName::stable()).and_then(|channel| channel.version);
                return Err(CatalogError::Deprecated(game.clone(), id, Instead(stable.filter(|stable| *stable != id))));
            }
            Selection::Channel(name) if version.retired_at.is_some() => {
                return Err(CatalogError::NoVersion(game.clone(), name.clone()));
            }
            _ if version.quarantine.is_some() => return Err(CatalogError::Quarantined(game.clone(), id)),
            _ => {}
        }
        let mut pairs = version.settings();
        pairs.extend(channel.map(|channel| channel.settings.clone()).unwrap_or_default());
        let borrowed = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let settings = MatchSettings::from_pairs(borrowed).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(Playable {
            game: released.game.clone(),
            limits: released.limits,
            settings,
            pairs,
            parameters: channel.map(|channel| channel.parameters.clone()).unwrap_or_default(),
            schema: version.description.schema_hash(),
            version,
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // A map of copies: whatever panicked while holding it, its entries are whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

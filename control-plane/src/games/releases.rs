//! What is done to channels: publishing to them, promoting, rolling back, deprecating. Each change is made for the channels
//! as they were read; where somebody was first, they are read again.

use std::sync::Arc;

use serde_json::json;
use stadion_protocol::contract::{InvalidSetting, MatchSettings};
use stadion_protocol::{GameName, PlayerId, VersionId};

use super::catalog::Catalog;
use super::channels::{MOST, REMEMBERED, before};
use crate::clock::Clock;
use crate::events::EventLog;
use crate::model::{Channel, ChannelAction, ChannelName, ChannelWrite, EventKind, NewEvent, UnixMs, Version};
use crate::store::{Store, StoreError};

/// How often a change is tried that others come before.
const TRIES: usize = 8;

/// Players who may ask for a channel, at most.
pub(crate) const MOST_PLAYERS: usize = 1_000;

/// Parameters of a channel at most, bytes: as of a match.
pub(crate) const MOST_PARAMETERS: usize = 64 * 1024;

/// Why nothing was done to a channel.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReleaseError {
    /// No such channel.
    #[error("the game {game} has no channel {channel}; it has {has}")]
    Unknown { game: GameName, channel: ChannelName, has: String },
    /// No such version.
    #[error("the game {0} has no version {1}")]
    UnknownVersion(GameName, VersionId),
    /// It is out of play.
    #[error("version {1} of {0} is deprecated; publishing it again brings it back")]
    Deprecated(GameName, VersionId),
    /// There is nothing to promote.
    #[error("the channel {1} of {0} points at no version; publish one to it with `stadion publish --channel {1}`")]
    Empty(GameName, ChannelName),
    /// There is nothing to go back to.
    #[error("the channel {1} of {0} had no other version before that could still be played")]
    NothingBefore(GameName, ChannelName),
    /// Onto itself.
    #[error("a channel is promoted to another one")]
    Itself,
    /// It would be given to nobody who asks for nothing.
    #[error("`percent` is for the channel canary; players ask for {0} by its name")]
    Percent(ChannelName),
    /// More than all.
    #[error("`percent` is 0 to 100")]
    MoreThanAll,
    /// Something is always played.
    #[error("every game has a channel stable; deprecate its version to have nothing played")]
    Stable,
    /// Too many.
    #[error("a game has at most {MOST} channels; remove one with `stadion channels GAME NAME --remove`")]
    Full,
    /// Too many.
    #[error("at most {MOST_PLAYERS} players are named; open the channel to everybody instead")]
    Players,
    /// Too much.
    #[error("parameters are base64 of at most 64 KiB")]
    Parameters,
    /// A setting is unknown or out of range.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    /// It is not what the caller has seen.
    #[error("the channel has been changed since; read it again and decide anew")]
    Changed,
    /// Others change it again and again.
    #[error("others are changing the channels of {0}; try again")]
    Contended(GameName),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a channel is to be: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChannelWish {
    pub(crate) version: Option<VersionId>,
    pub(crate) percent: Option<u8>,
    pub(crate) open: Option<bool>,
    pub(crate) players: Option<Vec<PlayerId>>,
    pub(crate) settings: Option<Vec<(String, String)>>,
    pub(crate) parameters: Option<Vec<u8>>,
}

impl ChannelWish {
    fn check(&self, name: &ChannelName) -> Result<(), ReleaseError> {
        match self.percent {
            Some(_) if !name.is_canary() => return Err(ReleaseError::Percent(name.clone())),
            Some(percent) if percent > 100 => return Err(ReleaseError::MoreThanAll),
            _ => {}
        }
        if self.players.as_ref().is_some_and(|players| players.len() > MOST_PLAYERS) {
            return Err(ReleaseError::Players);
        }
        if self.parameters.as_ref().is_some_and(|parameters| parameters.len() > MOST_PARAMETERS) {
            return Err(ReleaseError::Parameters);
        }
        let settings = self.settings.iter().flatten();
        MatchSettings::from_pairs(settings.map(|(key, value)| (key.as_str(), value.as_str())))?;
        Ok(())
    }

    fn over(&self, channel: Channel) -> Channel {
        let wish = self.clone();
        Channel {
            version: wish.version.or(channel.version),
            percent: wish.percent.unwrap_or(channel.percent),
            open: wish.open.unwrap_or(channel.open),
            players: wish.players.unwrap_or(channel.players),
            settings: wish.settings.unwrap_or(channel.settings),
            parameters: wish.parameters.unwrap_or(channel.parameters),
            ..channel
        }
    }
}

/// See the module.
pub(crate) struct Releases {
    store: Arc<dyn Store>,
    catalog: Arc<Catalog>,
    clock: Arc<dyn Clock>,
    events: EventLog,
}

/// Whether a channel is what the caller has seen; `None`: there is none.
pub(crate) type Unchanged<'a> = &'a (dyn Fn(Option<&Channel>) -> bool + Sync);

/// What is done to channels.
enum Change<'a> {
    Publish(&'a ChannelName, &'a ChannelWish),
    Set(&'a ChannelName, &'a ChannelWish, Unchanged<'a>),
    Promote(&'a ChannelName, &'a ChannelName),
    RollBack(&'a ChannelName),
    Deprecate(VersionId),
    Remove(&'a ChannelName),
}

/// The channels of a game as they are, and what is to be done to them.
struct Draft<'a> {
    game: &'a GameName,
    by: &'a PlayerId,
    channels: Vec<Channel>,
    now: UnixMs,
    writes: Vec<ChannelWrite>,
}

impl Draft<'_> {
    fn known(&self, name: &ChannelName) -> Result<&Channel, ReleaseError> {
        self.channels.iter().find(|channel| channel.name == *name).ok_or_else(|| {
            let has: Vec<&str> = self.channels.iter().map(|channel| channel.name.as_str()).collect();
            let has = if has.is_empty() { "none yet".to_owned() } else { has.join(", ") };
            ReleaseError::Unknown { game: self.game.clone(), channel: name.clone(), has }
        })
    }

    /// The channel, or a new one.
    fn at(&self, name: &ChannelName) -> Result<Channel, ReleaseError> {
        match self.channels.iter().find(|channel| channel.name == *name) {
            Some(channel) => Ok(channel.clone()),
            None if self.channels.len() >= MOST => Err(ReleaseError::Full),
            None => Ok(Channel::new(self.game.clone(), name.clone(), self.now)),
        }
    }

    fn write(&mut self, channel: Channel, action: ChannelAction) {
        let channel = Channel { changed_at: self.now, ..channel };
        self.writes.push(ChannelWrite { channel, action, by: Some(self.by.clone()) });
    }
}

impl Releases {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        catalog: Arc<Catalog>,
        clock: Arc<dyn Clock>,
        events: EventLog,
    ) -> Releases {
        Releases { store, catalog, clock, events }
    }

    /// Whether a version could be published to a channel like this: asked before anything is uploaded.
    pub(crate) fn check_target(name: &ChannelName, percent: Option<u8>) -> Result<(), ReleaseError> {
        ChannelWish { percent, ..ChannelWish::default() }.check(name)
    }

    /// Has a channel point at a version that was just published. One that has it already stays as it is.
    pub(crate) async fn published(
        &self,
        (game, version): (&GameName, VersionId),
        (name, percent): (&ChannelName, Option<u8>),
        by: &PlayerId,
    ) -> Result<(), ReleaseError> {
        let wish = ChannelWish { version: Some(version), percent, ..ChannelWish::default() };
        wish.check(name)?;
        self.change(game, by, &Change::Publish(name, &wish)).await
    }

    /// Sets a channel by hand, or makes it, if it is what the caller has seen.
    pub(crate) async fn set(
        &self,
        game: &GameName,
        name: &ChannelName,
        wish: &ChannelWish,
        (unchanged, by): (Unchanged<'_>, &PlayerId),
    ) -> Result<(), ReleaseError> {
        wish.check(name)?;
        if let Some(id) = wish.version {
            self.in_play(game, id).await?;
        }
        self.change(game, by, &Change::Set(name, wish, unchanged)).await
    }

    /// Gives one channel's version to another. A canary that was promoted has done its work: it points at nothing then.
    pub(crate) async fn promote(
        &self,
        game: &GameName,
        (from, to): (&ChannelName, &ChannelName),
        by: &PlayerId,
    ) -> Result<(), ReleaseError> {
        if from == to {
            return Err(ReleaseError::Itself);
        }
        self.change(game, by, &Change::Promote(from, to)).await
    }

    /// Has a channel point at the version that it had before, the last one that could still be played.
    pub(crate) async fn roll_back(
        &self,
        game: &GameName,
        name: &ChannelName,
        by: &PlayerId,
    ) -> Result<(), ReleaseError> {
        self.change(game, by, &Change::RollBack(name)).await
    }

    /// Takes a version out of play for new matches: `stable` goes back to what it had before, other channels that point at it
    /// point at nothing.
    pub(crate) async fn deprecate(&self, version: &Version, by: &PlayerId) -> Result<(), ReleaseError> {
        let (game, id) = (&version.game, version.id);
        self.store.retire_version(game, id, self.clock.now()).await?;
        self.change(game, by, &Change::Deprecate(id)).await?;
        let event = NewEvent::new(EventKind::VersionDeprecated, self.clock.now()).with(json!({"by": by.as_str()}));
        self.events.record(NewEvent { game: Some(game.clone()), version: Some(id), ..event });
        Ok(())
    }

    /// Takes a channel away.
    pub(crate) async fn remove(&self, game: &GameName, name: &ChannelName, by: &PlayerId) -> Result<(), ReleaseError> {
        if name.is_stable() {
            return Err(ReleaseError::Stable);
        }
        self.change(game, by, &Change::Remove(name)).await
    }

    async fn change(&self, game: &GameName, by: &PlayerId, change: &Change<'_>) -> Result<(), ReleaseError> {
        for _ in 0..TRIES {
            let channels = self.store.channels(game).await?;
            let mut draft = Draft { game, by, channels, now: self.clock.now(), writes: Vec::new() };
            self.draw(change, &mut draft).await?;
            let mut writes = draft.writes;
            // In one order everywhere: of two who change the same channels one waits, not each for the other.
            writes.sort_by(|one, other| one.channel.name.cmp(&other.channel.name));
            if self.store.change_channels(&writes).await? {
                self.catalog.forget(game);
                writes.iter().for_each(|write| self.tell(write));
                return Ok(());
            }
        }
        Err(ReleaseError::Contended(game.clone()))
    }

    fn tell(&self, ChannelWrite { channel, action, by }: &ChannelWrite) {
        let kind = match action {
            ChannelAction::Published => EventKind::VersionPublished,
            ChannelAction::Promoted => EventKind::VersionPromoted,
            ChannelAction::RolledBack => EventKind::VersionRolledBack,
            // Told once, whatever channels it was on; the others are no versions' business.
            ChannelAction::Deprecated | ChannelAction::Set | ChannelAction::Removed => return,
        };
        // A canary that gave its version away has none to tell of.
        let Some(version) = channel.version else { return };
        let data = json!({"channel": channel.name.as_str(), "by": by.as_ref().map(PlayerId::as_str)});
        let event = NewEvent::new(kind, channel.changed_at).with(data);
        self.events.record(NewEvent { game: Some(channel.game.clone()), version: Some(version), ..event });
    }

    /// What a change comes to for the channels as they are now.
    async fn draw(&self, change: &Change<'_>, draft: &mut Draft<'_>) -> Result<(), ReleaseError> {
        let game = draft.game;
        match change {
            Change::Publish(name, wish) => {
                let channel = draft.at(name)?;
                let wanted = wish.over(channel.clone());
                if wanted != channel {
                    draft.write(wanted, ChannelAction::Published);
                }
            }
            Change::Set(name, wish, unchanged) => {
                if !unchanged(draft.known(name).ok()) {
                    return Err(ReleaseError::Changed);
                }
                let channel = draft.at(name)?;
                draft.write(wish.over(channel), ChannelAction::Set);
            }
            Change::Promote(from, to) => {
                let source = draft.known(from)?.clone();
                let version = source.version.ok_or_else(|| ReleaseError::Empty(game.clone(), (*from).clone()))?;
                self.in_play(game, version).await?;
                let target = draft.at(to)?;
                draft.write(Channel { version: Some(version), ..target }, ChannelAction::Promoted);
                if from.is_canary() {
                    draft.write(Channel { version: None, ..source }, ChannelAction::Promoted);
                }
            }
            Change::RollBack(name) => {
                let channel = draft.known(name)?.clone();
                let version = self.before(&channel).await?;
                let version = version.ok_or_else(|| ReleaseError::NothingBefore(game.clone(), (*name).clone()))?;
                draft.write(Channel { version: Some(version), ..channel }, ChannelAction::RolledBack);
            }
            Change::Deprecate(id) => {
                let pointing = draft.channels.iter().filter(|channel| channel.version == Some(*id)).cloned();
                for channel in pointing.collect::<Vec<_>>() {
                    let version = if channel.name.is_stable() { self.before(&channel).await? } else { None };
                    draft.write(Channel { version, ..channel }, ChannelAction::Deprecated);
                }
            }
            Change::Remove(name) => {
                let channel = draft.known(name)?.clone();
                draft.write(channel, ChannelAction::Removed);
            }
        }
        Ok(())
    }

    /// What a channel had before that is in play and not in quarantine.
    async fn before(&self, channel: &Channel) -> Result<Option<VersionId>, StoreError> {
        let Channel { game, name, .. } = channel;
        let history = self.store.channel_history(game, Some(name), None, REMEMBERED).await?;
        for id in before(&history) {
            let version = self.store.version(game, id).await?;
            if version.is_some_and(|version| version.retired_at.is_none() && version.quarantine.is_none()) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    async fn in_play(&self, game: &GameName, id: VersionId) -> Result<(), ReleaseError> {
        let version = self.store.version(game, id).await?;
        match version.ok_or_else(|| ReleaseError::UnknownVersion(game.clone(), id))?.retired_at {
            None => Ok(()),
            Some(_) => Err(ReleaseError::Deprecated(game.clone(), id)),
        }
    }
}

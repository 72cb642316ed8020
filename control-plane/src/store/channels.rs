//! Channels and their history.

use stadion_protocol::{GameName, VersionId};

use super::StoreError;
use super::row::Columns;
use crate::model::{Channel, ChannelChange, ChannelName, ChannelWrite};

/// Keeps channels.
#[async_trait::async_trait]
pub trait ChannelStore: Send + Sync + 'static {
    /// The channels of a game, by name.
    async fn channels(&self, game: &GameName) -> Result<Vec<Channel>, StoreError>;

    /// Makes changes in one commit, all or none, and writes each into the history: `false`, and nothing was changed, where
    /// one of the channels has another revision than its change was made for.
    async fn change_channels(&self, writes: &[ChannelWrite]) -> Result<bool, StoreError>;

    /// What was done to a game's channels, or to one of them, newest first: changes below number `before`.
    async fn channel_history(
        &self,
        game: &GameName,
        channel: Option<&ChannelName>,
        before: Option<u64>,
        limit: u16,
    ) -> Result<Vec<ChannelChange>, StoreError>;
}

/// The version that a row names.
fn pointed_at(row: &impl Columns) -> Result<Option<VersionId>, StoreError> {
    Ok(row.maybe_array("version")?.map(VersionId))
}

/// A channel, from its row.
pub(super) fn channel(row: &impl Columns) -> Result<Channel, StoreError> {
    Ok(Channel {
        game: row.parsed("game")?,
        name: row.parsed("name")?,
        version: pointed_at(row)?,
        percent: row.uint("percent")?,
        open: row.flag("open")?,
        players: row.json("players")?,
        settings: row.json("settings")?,
        parameters: row.bytes("parameters")?,
        revision: row.uint("revision")?,
        changed_at: row.time("changed_at")?,
    })
}

/// What was done to a channel, from its row.
pub(super) fn history(row: &impl Columns) -> Result<ChannelChange, StoreError> {
    Ok(ChannelChange {
        number: row.uint("number")?,
        channel: row.parsed("channel")?,
        action: row.parsed("action")?,
        version: pointed_at(row)?,
        percent: row.uint("percent")?,
        at: row.time("at")?,
        by: row.maybe_parsed("actor")?,
    })
}

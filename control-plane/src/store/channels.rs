//! Channels and their history.

use stadion_protocol::GameName;

use super::StoreError;
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

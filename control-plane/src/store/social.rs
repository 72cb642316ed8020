//! Friends, and players who do not want to meet.

use stadion_protocol::PlayerId;

use super::StoreError;
use super::row::Columns;
use crate::model::{Account, Friend, Friendship, UnixMs};

/// Keeps who wants to know whom.
#[async_trait::async_trait]
pub trait SocialStore: Send + Sync + 'static {
    /// One wants to be the other's friend; where the other wants that too, they are. How they stand now, from the one's
    /// side; `None`: the one has `limit` already.
    async fn befriend(
        &self,
        one: &PlayerId,
        other: &PlayerId,
        now: UnixMs,
        limit: u16,
    ) -> Result<Option<Friendship>, StoreError>;

    /// They are no friends, whoever wanted to.
    async fn unfriend(&self, one: &PlayerId, other: &PlayerId) -> Result<(), StoreError>;

    /// Friends of an account and those who are to become it, by name; at most `limit`.
    async fn friends(&self, of: &PlayerId, limit: u16) -> Result<Vec<Friend>, StoreError>;

    /// One does not want to meet the other, and is not its friend: whether that is noted, `false` if the one has `limit`
    /// already.
    async fn block(&self, one: &PlayerId, other: &PlayerId, now: UnixMs, limit: u16) -> Result<bool, StoreError>;

    /// One does not mind the other any more.
    async fn unblock(&self, one: &PlayerId, other: &PlayerId) -> Result<(), StoreError>;

    /// Whom an account does not want to meet.
    async fn blocked(&self, by: &PlayerId) -> Result<Vec<PlayerId>, StoreError>;

    /// The same with their names.
    async fn blocked_accounts(&self, by: &PlayerId) -> Result<Vec<Account>, StoreError>;
}

/// What two are to each other, from a row of counts.
pub(super) fn friendship(row: &impl Columns) -> Result<Friendship, StoreError> {
    Ok(match (row.int("mine")? > 0, row.int("theirs")? > 0) {
        (true, true) => Friendship::Mutual,
        (true, false) => Friendship::Asked,
        (false, _) => Friendship::Asking,
    })
}

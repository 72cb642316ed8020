//! Accounts and their sign-in sessions: what signing in needs. What becomes of them later is in [`super::identity`].

use stadion_protocol::PlayerId;

use super::StoreError;
use crate::model::{Account, AccountName, PasswordHash, Session, SessionId, UnixMs};

/// Revoked sessions of one answer: more do not sign out within the life of an access token.
pub(crate) const MOST_REVOKED: i64 = 100_000;

/// Why an account was not made.
#[derive(Debug, thiserror::Error)]
pub enum NewAccountError {
    /// Somebody signs in with that name already.
    #[error("that name is taken")]
    NameTaken,
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps accounts.
#[async_trait::async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Makes an account, with its first session where it signs in at once, in one commit.
    async fn create_account(
        &self,
        account: &Account,
        password: Option<&PasswordHash>,
        session: Option<&Session>,
    ) -> Result<(), NewAccountError>;

    /// The account of an id.
    async fn account(&self, id: &PlayerId) -> Result<Option<Account>, StoreError>;

    /// The account that signs in with a name, and its password.
    async fn credentials(&self, name: &AccountName) -> Result<Option<(Account, PasswordHash)>, StoreError>;

    /// Adds a sign-in session.
    async fn create_session(&self, session: &Session) -> Result<(), StoreError>;

    /// The session of an id.
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// Raises the generation from `from` by one, if it is still that and the session is not revoked: whether it was.
    async fn rotate_session(&self, id: SessionId, from: u32, now: UnixMs) -> Result<bool, StoreError>;

    /// Makes every token of a session void.
    async fn revoke_session(&self, id: SessionId, now: UnixMs) -> Result<(), StoreError>;

    /// Sessions that were revoked at `since` or later, the last [`MOST_REVOKED`] of them.
    async fn revoked_since(&self, since: UnixMs) -> Result<Vec<SessionId>, StoreError>;
}

//! What becomes of accounts: other passwords and roles, identities, all their sessions, and their end.

use stadion_protocol::contract::SeatStatus;
use stadion_protocol::{GameName, MatchId, PlayerId};

use super::{NewAccountError, StoreError};
use crate::model::{Account, AccountName, Identity, PasswordHash, Role, Session, SessionId, UnixMs};

/// What an account that was deleted is called.
pub(super) const DELETED_NAME: &str = "deleted";

/// Live sessions that are listed at most: signing in keeps their number far below.
pub(super) const MOST_SESSIONS: i64 = 1_000;

/// Takes what seats say of a player away, but for the id.
pub(super) fn forget_player(seats: &mut [SeatStatus], player: &PlayerId) {
    for seat in seats.iter_mut().filter(|seat| seat.player.id == *player) {
        seat.player.name = DELETED_NAME.to_owned();
        seat.player.data.clear();
    }
}

/// Why an account was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteAccountError {
    /// A game of its own is in play.
    #[error("the account owns {0}, which is in play: retire all its versions first")]
    OwnsGame(GameName),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of letting an identity go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    /// It is gone.
    Done,
    /// There was none.
    NotLinked,
    /// It stays: without it nobody could sign in.
    LastWayIn,
}

/// Changes accounts.
#[async_trait::async_trait]
pub trait IdentityStore: Send + Sync + 'static {
    /// The password of an account, if it has one.
    async fn password(&self, account: &PlayerId) -> Result<Option<PasswordHash>, StoreError>;

    /// Puts a password in the place of another, if that is still the account's: whether it was.
    async fn set_password(
        &self,
        account: &PlayerId,
        from: &PasswordHash,
        to: &PasswordHash,
    ) -> Result<bool, StoreError>;

    /// Gives an account without a sign-in name one, which is its display name from now on, with a password. Whether it
    /// had none: `false` changes nothing.
    async fn register_account(
        &self,
        account: &PlayerId,
        name: &AccountName,
        password: &PasswordHash,
    ) -> Result<bool, NewAccountError>;

    /// Gives an account a role: whether there is such an account.
    async fn set_role(&self, account: &PlayerId, role: Role) -> Result<bool, StoreError>;

    /// The sessions of an account that are neither revoked nor over, newest first, at most 1,000.
    async fn sessions(&self, account: &PlayerId, now: UnixMs) -> Result<Vec<Session>, StoreError>;

    /// Revokes all sessions of an account but one: those that were live.
    async fn revoke_sessions(
        &self,
        account: &PlayerId,
        except: Option<SessionId>,
        now: UnixMs,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Links an identity to its account, which is no guest from then on: whether it was linked to nobody else.
    async fn link_identity(&self, identity: &Identity) -> Result<bool, StoreError>;

    /// Lets an account's identities of a provider go, if it has a password or another provider's besides.
    async fn unlink_identity(&self, account: &PlayerId, provider: &str) -> Result<Unlinked, StoreError>;

    /// The account of an identity.
    async fn account_of_identity(&self, provider: &str, subject: &str) -> Result<Option<Account>, StoreError>;

    /// The identities of an account, oldest first.
    async fn identities(&self, account: &PlayerId) -> Result<Vec<Identity>, StoreError>;

    /// The newest matches in which somebody sat, at most `limit`.
    async fn matches_of_player(&self, player: &PlayerId, limit: u16) -> Result<Vec<MatchId>, StoreError>;

    /// Deletes an account in one commit: sessions, keys, identities and second factor go, and its name wherever it stands beside
    /// matches. What is left is an id that means nobody, because matches and games name it.
    async fn delete_account(&self, account: &PlayerId) -> Result<(), DeleteAccountError>;
}

//! Second factors of accounts.

use stadion_protocol::PlayerId;

use super::StoreError;
use super::row::Columns;
use crate::model::{FactorSalt, SecondFactor, UnixMs};

/// Keeps second factors.
#[async_trait::async_trait]
pub trait SecondFactorStore: Send + Sync + 'static {
    /// An account's, if it has one, confirmed or not.
    async fn second_factor(&self, account: &PlayerId) -> Result<Option<SecondFactor>, StoreError>;

    /// Begins one that is to be confirmed, in the place of another such one: `false` changes nothing, since the account has a
    /// confirmed one.
    async fn enrol_second_factor(&self, account: &PlayerId, salt: &FactorSalt) -> Result<bool, StoreError>;

    /// Confirms the one of this salt by a code of `period`, and keeps the hashes of its recovery codes: `false` changes
    /// nothing, since it is confirmed or another one was begun meanwhile.
    async fn confirm_second_factor(
        &self,
        account: &PlayerId,
        salt: &FactorSalt,
        (period, now): (u64, UnixMs),
        recovery: &[[u8; 32]],
    ) -> Result<bool, StoreError>;

    /// Notes that the code of a period was used: whether neither it nor a later one was before.
    async fn use_period(&self, account: &PlayerId, period: u64) -> Result<bool, StoreError>;

    /// Takes a recovery code away: whether there was such a one.
    async fn use_recovery_code(&self, account: &PlayerId, hash: &[u8; 32]) -> Result<bool, StoreError>;

    /// Takes an account's away, with its recovery codes: whether there was one.
    async fn remove_second_factor(&self, account: &PlayerId) -> Result<bool, StoreError>;
}

/// A second factor from its row, with its recovery codes counted.
pub(super) fn second_factor(row: &impl Columns) -> Result<SecondFactor, StoreError> {
    Ok(SecondFactor {
        salt: row.array("salt")?,
        confirmed_at: row.maybe_time("confirmed_at")?,
        last_period: row.uint("last_period")?,
        recovery_codes: row.uint("recovery_codes")?,
    })
}

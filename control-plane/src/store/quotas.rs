//! Quotas of owners, and what they have.

use stadion_protocol::PlayerId;

use super::StoreError;
use super::row::Columns;
use crate::model::{Owned, QuotaOverride};

/// Keeps quotas.
#[async_trait::async_trait]
pub trait QuotaStore: Send + Sync + 'static {
    /// What the operator says about an owner; nothing where that is as everybody.
    async fn quotas_of(&self, owner: &PlayerId) -> Result<QuotaOverride, StoreError>;

    /// Says it in place of what was said before: whether there is such an account.
    async fn set_quotas(&self, owner: &PlayerId, quotas: &QuotaOverride) -> Result<bool, StoreError>;

    /// What an owner has.
    async fn owned(&self, owner: &PlayerId) -> Result<Owned, StoreError>;
}

/// What an owner may have otherwise than others, from its row.
pub(super) fn quotas(row: &impl Columns) -> Result<QuotaOverride, StoreError> {
    Ok(QuotaOverride {
        games: row.maybe_uint("games")?,
        versions: row.maybe_uint("versions")?,
        stored_bytes: row.maybe_uint("stored_bytes")?,
        running_matches: row.maybe_uint("running_matches")?,
        matches_a_minute: row.maybe_uint("matches_a_minute")?,
        cpu_seconds_a_day: row.maybe_uint("cpu_seconds_a_day")?,
    })
}

/// What an owner has, from a row of counts.
pub(super) fn owned(row: &impl Columns) -> Result<Owned, StoreError> {
    Ok(Owned {
        games: row.uint("games")?,
        versions: row.uint("versions")?,
        stored_bytes: row.uint("stored_bytes")?,
        running_matches: row.uint("running_matches")?,
    })
}

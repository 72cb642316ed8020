//! Quotas of owners, and what they have.

use stadion_protocol::PlayerId;

use super::StoreError;
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

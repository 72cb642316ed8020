//! API keys.

use stadion_protocol::PlayerId;

use super::StoreError;
use crate::model::{Account, ApiKey, ApiKeyId};

/// Keeps API keys.
#[async_trait::async_trait]
pub trait ApiKeyStore: Send + Sync + 'static {
    /// Adds a key.
    async fn create_api_key(&self, key: &ApiKey) -> Result<(), StoreError>;

    /// The key of a hash and whose it is, expired or not.
    async fn api_key(&self, hash: &[u8; 32]) -> Result<Option<(ApiKey, Account)>, StoreError>;

    /// The keys of an account, oldest first.
    async fn api_keys(&self, account: &PlayerId) -> Result<Vec<ApiKey>, StoreError>;

    /// Revokes a key of an account: whether it had one of this id.
    async fn remove_api_key(&self, account: &PlayerId, id: ApiKeyId) -> Result<bool, StoreError>;
}

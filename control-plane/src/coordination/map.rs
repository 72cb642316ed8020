//! Maps: a few hundred or thousand small values under one name, such as the tickets of a queue.

use super::CoordinationError;

/// Keeps maps. Fields are named by their users; a map is there as long as it has fields.
#[async_trait::async_trait]
pub trait Maps: Send + Sync + 'static {
    /// Sets a field unless that makes more than `limit` of them: whether it is set now.
    async fn map_put(&self, map: &str, field: &str, value: &[u8], limit: u32) -> Result<bool, CoordinationError>;

    /// Replaces what a field holds if it still holds `expected`: whether it did. In one step.
    async fn map_swap(&self, map: &str, field: &str, expected: &[u8], value: &[u8]) -> Result<bool, CoordinationError>;

    /// What a field holds.
    async fn map_get(&self, map: &str, field: &str) -> Result<Option<Vec<u8>>, CoordinationError>;

    /// Removes a field: what it held. Of several callers at once, one gets it.
    async fn map_take(&self, map: &str, field: &str) -> Result<Option<Vec<u8>>, CoordinationError>;

    /// All fields, in no order.
    async fn map_entries(&self, map: &str) -> Result<Vec<(String, Vec<u8>)>, CoordinationError>;
}

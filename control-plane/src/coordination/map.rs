//! Maps: a few hundred or thousand small values under one name, such as the tickets of a queue.

use super::{CoordinationError, Fence};

/// What the holder of a lease shows for what only it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard<'a> {
    /// The lease's name.
    pub lease: &'a str,
    /// Its number, as it was got with the lease.
    pub fence: Fence,
}

/// A change of one field, by what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Which.
    pub field: String,
    /// What it must hold.
    pub expected: Vec<u8>,
    /// What it is to hold; `None`: it is removed.
    pub value: Option<Vec<u8>>,
}

/// What came of guarded changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// All of them are made.
    Done,
    /// None: a field holds something else, or is not there.
    Changed,
    /// None: the lease has been taken anew since, by whomever, or coordination has lost everything.
    Fenced,
}

/// Keeps maps. Fields are named by their users; a map is there as long as it has fields.
#[async_trait::async_trait]
pub trait Maps: Send + Sync + 'static {
    /// Sets a field unless that makes more than `limit` of them: whether it is set now.
    async fn map_put(&self, map: &str, field: &str, value: &[u8], limit: u32) -> Result<bool, CoordinationError>;

    /// Replaces what a field holds if it still holds `expected`: whether it did. In one step.
    async fn map_swap(&self, map: &str, field: &str, expected: &[u8], value: &[u8]) -> Result<bool, CoordinationError>;

    /// Makes all changes or none, in one step, if nobody has taken the lease since: also one that holds it no more by the
    /// clock may act, as long as nobody else could have. Without changes it only says whether that is so.
    async fn map_commit(
        &self,
        guard: Guard<'_>,
        map: &str,
        changes: &[FieldChange],
    ) -> Result<Committed, CoordinationError>;

    /// What a field holds.
    async fn map_get(&self, map: &str, field: &str) -> Result<Option<Vec<u8>>, CoordinationError>;

    /// Removes a field: what it held. Of several callers at once, one gets it.
    async fn map_take(&self, map: &str, field: &str) -> Result<Option<Vec<u8>>, CoordinationError>;

    /// All fields, in no order.
    async fn map_entries(&self, map: &str) -> Result<Vec<(String, Vec<u8>)>, CoordinationError>;
}

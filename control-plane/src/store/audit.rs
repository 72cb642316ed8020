//! The audit log.

use super::StoreError;
use crate::model::{AuditEntry, AuditFilter, Page, PageRequest, UnixMs};

/// Keeps the audit log.
#[async_trait::async_trait]
pub trait AuditStore: Send + Sync + 'static {
    /// Adds entries in one commit.
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<(), StoreError>;

    /// Entries, newest first, each with its number; a page goes on below a number.
    async fn audit(
        &self,
        filter: &AuditFilter,
        page: &PageRequest<u64>,
    ) -> Result<Page<(u64, AuditEntry), u64>, StoreError>;

    /// Removes what is older: how many entries.
    async fn forget_audit(&self, before: UnixMs) -> Result<u64, StoreError>;
}

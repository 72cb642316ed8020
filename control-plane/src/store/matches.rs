//! Matches: written behind, in batches.

use stadion_protocol::{GameName, MatchCode, MatchId};

use super::StoreError;
use crate::model::{
    HostName, MatchFilter, MatchKey, MatchRecord, MatchWrite, Page, PageRequest, UnixMs, UsageScope, UsageSum,
};

/// Keeps matches.
#[async_trait::async_trait]
pub trait MatchStore: Send + Sync + 'static {
    /// Applies changes in one commit. Applying one twice changes nothing more.
    async fn write_matches(&self, writes: &[MatchWrite]) -> Result<(), StoreError>;

    /// The match of an id.
    async fn match_record(&self, id: MatchId) -> Result<Option<MatchRecord>, StoreError>;

    /// Matches, newest first.
    async fn matches(
        &self,
        filter: &MatchFilter,
        page: &PageRequest<(UnixMs, MatchId)>,
    ) -> Result<Page<MatchRecord, (UnixMs, MatchId)>, StoreError>;

    /// Matches without an end that this host had, or of which nobody knows where they ran; newest first.
    async fn unfinished(
        &self,
        host: &HostName,
        page: &PageRequest<(UnixMs, MatchId)>,
    ) -> Result<Page<MatchRecord, (UnixMs, MatchId)>, StoreError>;

    /// The match of a game that has this code and no end yet; the newest where there are several.
    async fn running_by_code(&self, game: &GameName, code: &MatchCode) -> Result<Option<MatchRecord>, StoreError>;

    /// The match of a game that was created under this key and has no end yet; the newest where there are several.
    async fn running_by_key(&self, game: &GameName, key: &MatchKey) -> Result<Option<MatchRecord>, StoreError>;

    /// Journals that are kept, oldest first: of which match, and how many bytes.
    async fn kept_journals(&self) -> Result<Vec<(MatchId, u64)>, StoreError>;

    /// What matches used that ended at `since` or later, by game and version; at most 1,000 sums, the largest by CPU time.
    async fn usage(&self, scope: &UsageScope, since: UnixMs) -> Result<Vec<UsageSum>, StoreError>;

    /// Notes that a journal is kept no more, unless an open report of a player holds it: whether it may be removed.
    async fn forget_journal(&self, id: MatchId) -> Result<bool, StoreError>;
}

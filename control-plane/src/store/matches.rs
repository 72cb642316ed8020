//! Matches: written behind, in batches.

use stadion_protocol::{GameName, Incarnation, MatchCode, MatchId, Tick, VersionId};

use super::StoreError;
use super::row::Columns;
use crate::model::{
    HostName, MatchEnd, MatchFilter, MatchKey, MatchRecord, MatchWrite, Page, PageRequest, UnixMs, Usage, UsageScope,
    UsageSum, Visibility,
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

/// A match, from its row.
pub(super) fn record(row: &impl Columns) -> Result<MatchRecord, StoreError> {
    let visibility = if row.text("visibility")? == "public" { Visibility::Public } else { Visibility::Private };
    Ok(MatchRecord {
        id: row.parsed("id")?,
        code: row.maybe_parsed("code")?,
        key: row.maybe_parsed("key")?,
        host: row.maybe_parsed("host")?,
        game: row.parsed("game")?,
        version: VersionId(row.array("version")?),
        creator: row.maybe_parsed("creator")?,
        visibility,
        seat_count: row.uint("seat_count")?,
        created_at: row.time("created_at")?,
        seats: row.json("seats")?,
        label: row.text("label")?,
        incarnation: Incarnation(row.uint("incarnation")?),
        tick: Tick(row.uint("tick")?),
        end: end(row)?,
    })
}

fn end(row: &impl Columns) -> Result<Option<MatchEnd>, StoreError> {
    let Some(at) = row.maybe_time("ended_at")? else { return Ok(None) };
    Ok(Some(MatchEnd {
        at,
        reason: row.json("end_reason")?,
        placings: row.json("placings")?,
        data: row.bytes("data")?,
        chain: row.maybe_array("chain")?,
        journal_bytes: row.maybe_uint("journal_bytes")?,
        usage: usage(row)?,
        last_log: row.maybe_json("last_log")?.unwrap_or_default(),
    }))
}

fn usage(row: &impl Columns) -> Result<Option<Usage>, StoreError> {
    let Some(cpu_us) = row.maybe_uint("usage_cpu_us")? else { return Ok(None) };
    Ok(Some(Usage {
        cpu_us,
        peak_memory_bytes: row.uint("usage_memory_bytes")?,
        ticks: row.uint("usage_ticks")?,
        messages_in: row.uint("usage_messages_in")?,
        bytes_in: row.uint("usage_bytes_in")?,
        messages_out: row.uint("usage_messages_out")?,
        bytes_out: row.uint("usage_bytes_out")?,
        journal_bytes: row.uint("usage_journal_bytes")?,
    }))
}

/// What matches of a version used, from a row of sums.
pub(super) fn sum(row: &impl Columns) -> Result<UsageSum, StoreError> {
    Ok(UsageSum {
        game: row.parsed("game")?,
        version: VersionId(row.array("version")?),
        matches: row.uint("matches")?,
        first_ended_at: row.time("first_ended_at")?,
        usage: usage(row)?.unwrap_or_default(),
    })
}

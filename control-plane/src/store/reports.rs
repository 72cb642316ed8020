//! What players report of others.

use stadion_protocol::{GameName, PlayerId};

use super::StoreError;
use super::row::Columns;
use crate::model::{Filed, Page, PageRequest, Report, ReportId, ReportState, UnixMs};

/// Open reports of one game at most: each holds a journal.
pub(crate) const MOST_OPEN: i64 = 1_000;

/// Keeps reports. While one is open, the journal of its match is not given up ([`super::MatchStore::forget_journal`]).
#[async_trait::async_trait]
pub trait ReportStore: Send + Sync + 'static {
    /// Keeps a new report, unless its reporter has reported that player in that match before or 1,000 of its game are open.
    async fn file_report(&self, report: &Report) -> Result<Filed, StoreError>;

    /// The report of an id.
    async fn report(&self, id: &ReportId) -> Result<Option<Report>, StoreError>;

    /// Reports of a game, newest first.
    async fn reports(
        &self,
        game: &GameName,
        state: Option<ReportState>,
        page: &PageRequest<(UnixMs, ReportId)>,
    ) -> Result<Page<Report, (UnixMs, ReportId)>, StoreError>;

    /// What somebody has reported, newest first.
    async fn reports_by(&self, reporter: &PlayerId, limit: u16) -> Result<Vec<Report>, StoreError>;

    /// Says how a report stands, by whom and with which note: whether there is such a report.
    async fn set_report_state(
        &self,
        id: &ReportId,
        state: ReportState,
        closed: Option<&(UnixMs, PlayerId)>,
        note: &str,
    ) -> Result<bool, StoreError>;
}

/// A report, from its row.
pub(super) fn report(row: &impl Columns) -> Result<Report, StoreError> {
    Ok(Report {
        id: row.parsed("id")?,
        at: row.time("at")?,
        of: row.parsed("match")?,
        game: row.parsed("game")?,
        reporter: row.parsed("reporter")?,
        player: row.parsed("player")?,
        reason: row.parsed("reason")?,
        text: row.text("text")?,
        state: row.parsed("state")?,
        closed: row.maybe_time("closed_at")?.zip(row.maybe_parsed("closed_by")?),
        note: row.text("note")?,
    })
}

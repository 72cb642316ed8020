//! What players report of others, in SQLite.

use sqlx::{QueryBuilder, Row};
use stadion_protocol::{GameName, PlayerId};

use super::SqliteStore;
use crate::model::{Filed, Page, PageRequest, Report, ReportId, ReportState, UnixMs};
use crate::store::reports::{MOST_OPEN, report};
use crate::store::row::{int, parsed};
use crate::store::{ReportStore, StoreError};

#[async_trait::async_trait]
impl ReportStore for SqliteStore {
    async fn file_report(&self, report: &Report) -> Result<Filed, StoreError> {
        let mut transaction = self.begin().await?;
        let open = sqlx::query("SELECT COUNT(*) AS open FROM player_reports WHERE game = ? AND state = 'open'")
            .bind(report.game.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        if open.try_get::<i64, _>("open")? >= MOST_OPEN {
            return Ok(Filed::TooMany);
        }
        let inserted = sqlx::query(
            "INSERT INTO player_reports (id, at, match, game, reporter, player, reason, text, state, note)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '') ON CONFLICT (match, reporter, player) DO NOTHING",
        )
        .bind(report.id.as_str())
        .bind(int(report.at.0))
        .bind(report.of.to_string())
        .bind(report.game.as_str())
        .bind(report.reporter.as_str())
        .bind(report.player.as_str())
        .bind(report.reason.as_str())
        .bind(report.text.as_str())
        .bind(report.state.as_str())
        .execute(&mut *transaction)
        .await?;
        if inserted.rows_affected() == 1 {
            transaction.commit().await?;
            return Ok(Filed::New);
        }
        let before = sqlx::query("SELECT id FROM player_reports WHERE match = ? AND reporter = ? AND player = ?")
            .bind(report.of.to_string())
            .bind(report.reporter.as_str())
            .bind(report.player.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        Ok(Filed::Before(parsed(before.try_get("id")?)?))
    }

    async fn report(&self, id: &ReportId) -> Result<Option<Report>, StoreError> {
        let row = sqlx::query("SELECT * FROM player_reports WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| report(&row)).transpose()
    }

    async fn reports(
        &self,
        game: &GameName,
        state: Option<ReportState>,
        page: &PageRequest<(UnixMs, ReportId)>,
    ) -> Result<Page<Report, (UnixMs, ReportId)>, StoreError> {
        let mut query = QueryBuilder::new("SELECT * FROM player_reports WHERE game = ");
        query.push_bind(game.to_string());
        if let Some(state) = state {
            query.push(" AND state = ").push_bind(state.as_str());
        }
        if let Some((at, id)) = &page.after {
            query.push(" AND (at, id) < (").push_bind(int(at.0)).push(", ").push_bind(id.to_string()).push(")");
        }
        query.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(i64::from(page.limit) + 1);
        let rows = query.build().fetch_all(&self.reader).await?;
        let items = rows.iter().map(report).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(items, page.limit, |report| (report.at, report.id.clone())))
    }

    async fn reports_by(&self, reporter: &PlayerId, limit: u16) -> Result<Vec<Report>, StoreError> {
        let rows = sqlx::query("SELECT * FROM player_reports WHERE reporter = ? ORDER BY at DESC, id DESC LIMIT ?")
            .bind(reporter.as_str())
            .bind(i64::from(limit))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(report).collect()
    }

    async fn set_report_state(
        &self,
        id: &ReportId,
        state: ReportState,
        closed: Option<&(UnixMs, PlayerId)>,
        note: &str,
    ) -> Result<bool, StoreError> {
        let updated =
            sqlx::query("UPDATE player_reports SET state = ?, closed_at = ?, closed_by = ?, note = ? WHERE id = ?")
                .bind(state.as_str())
                .bind(closed.map(|(at, _)| int(at.0)))
                .bind(closed.map(|(_, by)| by.as_str()))
                .bind(note)
                .bind(id.as_str())
                .execute(&self.writer)
                .await?;
        Ok(updated.rows_affected() == 1)
    }
}

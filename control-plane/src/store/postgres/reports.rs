//! What players report of others, in PostgreSQL.

use sqlx::{QueryBuilder, Row};
use stadion_protocol::{GameName, PlayerId};

use super::PostgresStore;
use crate::model::{Filed, Page, PageRequest, Report, ReportId, ReportState, UnixMs};
use crate::store::reports::{MOST_OPEN, report};
use crate::store::row::{int, parsed};
use crate::store::{ReportStore, StoreError};

#[async_trait::async_trait]
impl ReportStore for PostgresStore {
    async fn file_report(&self, report: &Report) -> Result<Filed, StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            let open = sqlx::query("SELECT COUNT(*) AS open FROM player_reports WHERE game = $1 AND state = 'open'")
                .bind(report.game.as_str())
                .fetch_one(&mut *transaction)
                .await?;
            if open.try_get::<i64, _>("open")? >= MOST_OPEN {
                return Ok(Filed::TooMany);
            }
            let inserted = sqlx::query(
                "INSERT INTO player_reports (id, at, match, game, reporter, player, reason, text, state, note)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '') ON CONFLICT (match, reporter, player) DO NOTHING",
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
            let before =
                sqlx::query("SELECT id FROM player_reports WHERE match = $1 AND reporter = $2 AND player = $3")
                    .bind(report.of.to_string())
                    .bind(report.reporter.as_str())
                    .bind(report.player.as_str())
                    .fetch_one(&mut *transaction)
                    .await?;
            Ok(Filed::Before(parsed(before.try_get("id")?)?))
        })
        .await
    }

    async fn report(&self, id: &ReportId) -> Result<Option<Report>, StoreError> {
        self.run(async {
            let row = sqlx::query("SELECT * FROM player_reports WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&self.pool)
                .await?;
            row.map(|row| report(&row)).transpose()
        })
        .await
    }

    async fn reports(
        &self,
        game: &GameName,
        state: Option<ReportState>,
        page: &PageRequest<(UnixMs, ReportId)>,
    ) -> Result<Page<Report, (UnixMs, ReportId)>, StoreError> {
        self.run(async {
            let mut query = QueryBuilder::new("SELECT * FROM player_reports WHERE game = ");
            query.push_bind(game.to_string());
            if let Some(state) = state {
                query.push(" AND state = ").push_bind(state.as_str());
            }
            if let Some((at, id)) = &page.after {
                query.push(" AND (at, id) < (").push_bind(int(at.0)).push(", ").push_bind(id.to_string()).push(")");
            }
            query.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(i64::from(page.limit) + 1);
            let rows = query.build().fetch_all(&self.pool).await?;
            let items = rows.iter().map(report).collect::<Result<Vec<_>, _>>()?;
            Ok(Page::cut(items, page.limit, |report| (report.at, report.id.clone())))
        })
        .await
    }

    async fn reports_by(&self, reporter: &PlayerId, limit: u16) -> Result<Vec<Report>, StoreError> {
        self.run(async {
            let rows =
                sqlx::query("SELECT * FROM player_reports WHERE reporter = $1 ORDER BY at DESC, id DESC LIMIT $2")
                    .bind(reporter.as_str())
                    .bind(i64::from(limit))
                    .fetch_all(&self.pool)
                    .await?;
            rows.iter().map(report).collect()
        })
        .await
    }

    async fn set_report_state(
        &self,
        id: &ReportId,
        state: ReportState,
        closed: Option<&(UnixMs, PlayerId)>,
        note: &str,
    ) -> Result<bool, StoreError> {
        self.run(async {
            let updated = sqlx::query(
                "UPDATE player_reports SET state = $1, closed_at = $2, closed_by = $3, note = $4 WHERE id = $5",
            )
            .bind(state.as_str())
            .bind(closed.map(|(at, _)| int(at.0)))
            .bind(closed.map(|(_, by)| by.as_str()))
            .bind(note)
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }
}

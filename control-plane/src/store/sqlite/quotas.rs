//! Quotas in SQLite.

use stadion_protocol::PlayerId;

use super::SqliteStore;
use crate::model::{Owned, QuotaOverride};
use crate::store::quotas::{owned, quotas};
use crate::store::row::int;
use crate::store::{QuotaStore, StoreError};

#[async_trait::async_trait]
impl QuotaStore for SqliteStore {
    async fn quotas_of(&self, owner: &PlayerId) -> Result<QuotaOverride, StoreError> {
        let row = sqlx::query("SELECT * FROM quotas WHERE owner = ?")
            .bind(owner.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.map_or(Ok(QuotaOverride::default()), |row| quotas(&row))
    }

    async fn set_quotas(&self, owner: &PlayerId, quotas: &QuotaOverride) -> Result<bool, StoreError> {
        let written = sqlx::query(
            "INSERT OR REPLACE INTO quotas (owner, games, versions, stored_bytes, running_matches, matches_a_minute,
                 cpu_seconds_a_day)
             SELECT id, ?, ?, ?, ?, ?, ? FROM accounts WHERE id = ?",
        )
        .bind(quotas.games.map(i64::from))
        .bind(quotas.versions.map(i64::from))
        .bind(quotas.stored_bytes.map(int))
        .bind(quotas.running_matches.map(i64::from))
        .bind(quotas.matches_a_minute.map(i64::from))
        .bind(quotas.cpu_seconds_a_day.map(int))
        .bind(owner.as_str())
        .execute(&self.writer)
        .await?;
        Ok(written.rows_affected() == 1)
    }

    async fn owned(&self, owner: &PlayerId) -> Result<Owned, StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM games WHERE owner = ?1) AS games, count(*) AS versions,
                 coalesce(sum(v.size_bytes), 0) AS stored_bytes,
                 (SELECT count(*) FROM matches m JOIN games g ON g.name = m.game
                      WHERE g.owner = ?1 AND m.ended_at IS NULL) AS running_matches
             FROM versions v JOIN games g ON g.name = v.game WHERE g.owner = ?1",
        )
        .bind(owner.as_str())
        .fetch_one(&self.reader)
        .await?;
        owned(&row)
    }
}

//! Quotas in PostgreSQL.

use stadion_protocol::PlayerId;

use super::PostgresStore;
use crate::model::{Owned, QuotaOverride};
use crate::store::quotas::{owned, quotas};
use crate::store::row::int;
use crate::store::{QuotaStore, StoreError};

#[async_trait::async_trait]
impl QuotaStore for PostgresStore {
    async fn quotas_of(&self, owner: &PlayerId) -> Result<QuotaOverride, StoreError> {
        self.run(async {
            let row = sqlx::query("SELECT * FROM quotas WHERE owner = $1")
                .bind(owner.as_str())
                .fetch_optional(&self.pool)
                .await?;
            row.map_or(Ok(QuotaOverride::default()), |row| quotas(&row))
        })
        .await
    }

    async fn set_quotas(&self, owner: &PlayerId, quotas: &QuotaOverride) -> Result<bool, StoreError> {
        self.run(async {
            let written = sqlx::query(
                "INSERT INTO quotas (owner, games, versions, stored_bytes, running_matches, matches_a_minute,
                     cpu_seconds_a_day)
                 SELECT id, $1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint
                 FROM accounts WHERE id = $7
                 ON CONFLICT (owner) DO UPDATE SET games = excluded.games, versions = excluded.versions,
                     stored_bytes = excluded.stored_bytes, running_matches = excluded.running_matches,
                     matches_a_minute = excluded.matches_a_minute, cpu_seconds_a_day = excluded.cpu_seconds_a_day",
            )
            .bind(quotas.games.map(i64::from))
            .bind(quotas.versions.map(i64::from))
            .bind(quotas.stored_bytes.map(int))
            .bind(quotas.running_matches.map(i64::from))
            .bind(quotas.matches_a_minute.map(i64::from))
            .bind(quotas.cpu_seconds_a_day.map(int))
            .bind(owner.as_str())
            .execute(&self.pool)
            .await?;
            Ok(written.rows_affected() == 1)
        })
        .await
    }

    async fn owned(&self, owner: &PlayerId) -> Result<Owned, StoreError> {
        self.run(async {
            let row = sqlx::query(
                "SELECT (SELECT count(*) FROM games WHERE owner = $1) AS games, count(*) AS versions,
                     coalesce(sum(v.size_bytes), 0)::bigint AS stored_bytes,
                     (SELECT count(*) FROM matches m JOIN games g ON g.name = m.game
                          WHERE g.owner = $1 AND m.ended_at IS NULL) AS running_matches
                 FROM versions v JOIN games g ON g.name = v.game WHERE g.owner = $1",
            )
            .bind(owner.as_str())
            .fetch_one(&self.pool)
            .await?;
            owned(&row)
        })
        .await
    }
}

//! Friends and blocks in SQLite.

use sqlx::Row;
use stadion_protocol::PlayerId;

use super::SqliteStore;
use super::accounts::account;
use crate::model::{Account, Friend, Friendship, UnixMs};
use crate::store::row::{int, parsed};
use crate::store::social::friendship;
use crate::store::{SocialStore, StoreError};

#[async_trait::async_trait]
impl SocialStore for SqliteStore {
    async fn befriend(
        &self,
        one: &PlayerId,
        other: &PlayerId,
        now: UnixMs,
        limit: u16,
    ) -> Result<Option<Friendship>, StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO friendships (one, other, since)
             SELECT $1, $2, $3 WHERE (SELECT COUNT(*) FROM friendships WHERE one = $1) < $4 ON CONFLICT DO NOTHING",
        )
        .bind(one.as_str())
        .bind(other.as_str())
        .bind(int(now.0))
        .bind(i64::from(limit))
        .execute(&mut *transaction)
        .await?;
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM friendships WHERE one = $1 AND other = $2) AS mine,
                    (SELECT COUNT(*) FROM friendships WHERE one = $2 AND other = $1) AS theirs",
        )
        .bind(one.as_str())
        .bind(other.as_str())
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        let mine: i64 = row.try_get("mine")?;
        if mine == 0 { Ok(None) } else { friendship(&row).map(Some) }
    }

    async fn unfriend(&self, one: &PlayerId, other: &PlayerId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM friendships WHERE (one = $1 AND other = $2) OR (one = $2 AND other = $1)")
            .bind(one.as_str())
            .bind(other.as_str())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn friends(&self, of: &PlayerId, limit: u16) -> Result<Vec<Friend>, StoreError> {
        let rows = sqlx::query(
            "SELECT a.id, a.name, a.sign_in, a.role, a.linked, a.created_at, MAX(f.mine) AS mine, MAX(f.theirs) AS theirs
             FROM (SELECT other AS who, CAST(1 AS BIGINT) AS mine, CAST(0 AS BIGINT) AS theirs
                   FROM friendships WHERE one = $1
                   UNION ALL
                   SELECT one, CAST(0 AS BIGINT), CAST(1 AS BIGINT) FROM friendships WHERE other = $1) AS f
             JOIN accounts AS a ON a.id = f.who
             GROUP BY a.id, a.name, a.sign_in, a.role, a.linked, a.created_at ORDER BY a.name, a.id LIMIT $2",
        )
        .bind(of.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(|row| Ok(Friend { account: account(row)?, friendship: friendship(row)? })).collect()
    }

    async fn block(&self, one: &PlayerId, other: &PlayerId, now: UnixMs, limit: u16) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM friendships WHERE (one = $1 AND other = $2) OR (one = $2 AND other = $1)")
            .bind(one.as_str())
            .bind(other.as_str())
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO blocks (one, other, since)
             SELECT $1, $2, $3 WHERE (SELECT COUNT(*) FROM blocks WHERE one = $1) < $4 ON CONFLICT DO NOTHING",
        )
        .bind(one.as_str())
        .bind(other.as_str())
        .bind(int(now.0))
        .bind(i64::from(limit))
        .execute(&mut *transaction)
        .await?;
        let row = sqlx::query("SELECT COUNT(*) AS there FROM blocks WHERE one = $1 AND other = $2")
            .bind(one.as_str())
            .bind(other.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(row.try_get::<i64, _>("there")? > 0)
    }

    async fn unblock(&self, one: &PlayerId, other: &PlayerId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM blocks WHERE one = $1 AND other = $2")
            .bind(one.as_str())
            .bind(other.as_str())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn blocked(&self, by: &PlayerId) -> Result<Vec<PlayerId>, StoreError> {
        let rows = sqlx::query("SELECT other FROM blocks WHERE one = $1 ORDER BY other")
            .bind(by.as_str())
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(|row| parsed(row.try_get("other")?)).collect()
    }

    async fn blocked_accounts(&self, by: &PlayerId) -> Result<Vec<Account>, StoreError> {
        let rows = sqlx::query(
            "SELECT a.id, a.name, a.sign_in, a.role, a.linked, a.created_at FROM blocks AS b JOIN accounts AS a ON a.id = b.other
             WHERE b.one = $1 ORDER BY a.name, a.id",
        )
        .bind(by.as_str())
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(account).collect()
    }
}

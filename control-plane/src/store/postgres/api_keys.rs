//! API keys in PostgreSQL.

use sqlx::Row;
use sqlx::postgres::PgRow;
use stadion_protocol::PlayerId;

use super::PostgresStore;
use super::accounts::account;
use crate::model::{Account, ApiKey, ApiKeyId, UnixMs};
use crate::store::row::{array, int, parsed, uint};
use crate::store::{ApiKeyStore, StoreError};

#[async_trait::async_trait]
impl ApiKeyStore for PostgresStore {
    async fn create_api_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.run(async {
            sqlx::query(
                "INSERT INTO api_keys (hash, account, label, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(key.hash.to_vec())
            .bind(key.account.as_str())
            .bind(key.label.as_str())
            .bind(key.scopes.to_string())
            .bind(int(key.created_at.0))
            .bind(key.expires_at.map(|at| int(at.0)))
            .execute(&self.pool)
            .await?;
            Ok(())
        })
        .await
    }

    async fn api_key(&self, hash: &[u8; 32]) -> Result<Option<(ApiKey, Account)>, StoreError> {
        self.run(async {
            let row = sqlx::query("SELECT * FROM api_keys WHERE hash = $1")
                .bind(hash.to_vec())
                .fetch_optional(&self.pool)
                .await?;
            let Some(key) = row.map(|row| key(&row)).transpose()? else { return Ok(None) };
            let owner = sqlx::query("SELECT * FROM accounts WHERE id = $1")
                .bind(key.account.as_str())
                .fetch_optional(&self.pool)
                .await?;
            owner.map(|row| Ok((key, account(&row)?))).transpose()
        })
        .await
    }

    async fn api_keys(&self, account: &PlayerId) -> Result<Vec<ApiKey>, StoreError> {
        self.run(async {
            let rows = sqlx::query("SELECT * FROM api_keys WHERE account = $1 ORDER BY created_at, hash")
                .bind(account.as_str())
                .fetch_all(&self.pool)
                .await?;
            rows.iter().map(key).collect()
        })
        .await
    }

    async fn remove_api_key(&self, account: &PlayerId, id: ApiKeyId) -> Result<bool, StoreError> {
        self.run(async {
            let removed = sqlx::query("DELETE FROM api_keys WHERE account = $1 AND substring(hash FROM 1 FOR 8) = $2")
                .bind(account.as_str())
                .bind(id.0.to_vec())
                .execute(&self.pool)
                .await?;
            Ok(removed.rows_affected() > 0)
        })
        .await
    }
}

fn key(row: &PgRow) -> Result<ApiKey, StoreError> {
    let expires_at: Option<i64> = row.try_get("expires_at")?;
    Ok(ApiKey {
        hash: array(row.try_get("hash")?)?,
        account: parsed(row.try_get("account")?)?,
        label: row.try_get("label")?,
        scopes: parsed(row.try_get("scopes")?)?,
        created_at: UnixMs(uint(row.try_get("created_at")?)?),
        expires_at: expires_at.map(|at| uint(at).map(UnixMs)).transpose()?,
    })
}

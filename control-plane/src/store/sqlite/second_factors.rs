//! Second factors in SQLite.

use sqlx::{Sqlite, Transaction};
use stadion_protocol::PlayerId;

use super::SqliteStore;
use crate::model::{FactorSalt, SecondFactor, UnixMs};
use crate::store::row::int;
use crate::store::second_factors::second_factor;
use crate::store::{SecondFactorStore, StoreError};

#[async_trait::async_trait]
impl SecondFactorStore for SqliteStore {
    async fn second_factor(&self, account: &PlayerId) -> Result<Option<SecondFactor>, StoreError> {
        let row = sqlx::query(
            "SELECT salt, confirmed_at, last_period,
                 (SELECT count(*) FROM recovery_codes WHERE account = ?1) AS recovery_codes
             FROM second_factors WHERE account = ?1",
        )
        .bind(account.as_str())
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| second_factor(&row)).transpose()
    }

    async fn enrol_second_factor(&self, account: &PlayerId, salt: &FactorSalt) -> Result<bool, StoreError> {
        let begun = sqlx::query(
            "INSERT INTO second_factors (account, salt, last_period) VALUES (?, ?, 0)
             ON CONFLICT (account) DO UPDATE SET salt = excluded.salt WHERE confirmed_at IS NULL",
        )
        .bind(account.as_str())
        .bind(salt.to_vec())
        .execute(&self.writer)
        .await?;
        Ok(begun.rows_affected() == 1)
    }

    async fn confirm_second_factor(
        &self,
        account: &PlayerId,
        salt: &FactorSalt,
        (period, now): (u64, UnixMs),
        recovery: &[[u8; 32]],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let confirmed = sqlx::query(
            "UPDATE second_factors SET confirmed_at = ?, last_period = ?
             WHERE account = ? AND salt = ? AND confirmed_at IS NULL",
        )
        .bind(int(now.0))
        .bind(int(period))
        .bind(account.as_str())
        .bind(salt.to_vec())
        .execute(&mut *transaction)
        .await?;
        if confirmed.rows_affected() == 0 {
            return Ok(false);
        }
        for hash in recovery {
            sqlx::query("INSERT INTO recovery_codes (account, hash) VALUES (?, ?)")
                .bind(account.as_str())
                .bind(hash.to_vec())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn use_period(&self, account: &PlayerId, period: u64) -> Result<bool, StoreError> {
        let used = sqlx::query("UPDATE second_factors SET last_period = ?1 WHERE account = ?2 AND last_period < ?1")
            .bind(int(period))
            .bind(account.as_str())
            .execute(&self.writer)
            .await?;
        Ok(used.rows_affected() == 1)
    }

    async fn use_recovery_code(&self, account: &PlayerId, hash: &[u8; 32]) -> Result<bool, StoreError> {
        let used = sqlx::query("DELETE FROM recovery_codes WHERE account = ? AND hash = ?")
            .bind(account.as_str())
            .bind(hash.to_vec())
            .execute(&self.writer)
            .await?;
        Ok(used.rows_affected() == 1)
    }

    async fn remove_second_factor(&self, account: &PlayerId) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let [_, removed] = forget(&mut transaction, account).await?;
        transaction.commit().await?;
        Ok(removed == 1)
    }
}

/// Codes first: they refer to what they belong to.
const FORGET: [&str; 2] =
    ["DELETE FROM recovery_codes WHERE account = ?", "DELETE FROM second_factors WHERE account = ?"];

/// Rows that went: of recovery codes, of second factors.
pub(super) async fn forget(
    transaction: &mut Transaction<'_, Sqlite>,
    account: &PlayerId,
) -> Result<[u64; 2], StoreError> {
    let mut gone = [0; 2];
    for (gone, statement) in gone.iter_mut().zip(FORGET) {
        *gone = sqlx::query(statement).bind(account.as_str()).execute(&mut **transaction).await?.rows_affected();
    }
    Ok(gone)
}

//! Second factors in PostgreSQL.

use sqlx::{Postgres, Transaction};
use stadion_protocol::PlayerId;

use super::PostgresStore;
use crate::model::{FactorSalt, SecondFactor, UnixMs};
use crate::store::row::int;
use crate::store::second_factors::second_factor;
use crate::store::{SecondFactorStore, StoreError};

#[async_trait::async_trait]
impl SecondFactorStore for PostgresStore {
    async fn second_factor(&self, account: &PlayerId) -> Result<Option<SecondFactor>, StoreError> {
        self.run(async {
            let row = sqlx::query(
                "SELECT salt, confirmed_at, last_period,
                     (SELECT count(*) FROM recovery_codes WHERE account = $1) AS recovery_codes
                 FROM second_factors WHERE account = $1",
            )
            .bind(account.as_str())
            .fetch_optional(&self.pool)
            .await?;
            row.map(|row| second_factor(&row)).transpose()
        })
        .await
    }

    async fn enrol_second_factor(&self, account: &PlayerId, salt: &FactorSalt) -> Result<bool, StoreError> {
        self.run(async {
            let begun = sqlx::query(
                "INSERT INTO second_factors (account, salt, last_period) VALUES ($1, $2, 0)
                 ON CONFLICT (account) DO UPDATE SET salt = excluded.salt WHERE second_factors.confirmed_at IS NULL",
            )
            .bind(account.as_str())
            .bind(salt.to_vec())
            .execute(&self.pool)
            .await?;
            Ok(begun.rows_affected() == 1)
        })
        .await
    }

    async fn confirm_second_factor(
        &self,
        account: &PlayerId,
        salt: &FactorSalt,
        (period, now): (u64, UnixMs),
        recovery: &[[u8; 32]],
    ) -> Result<bool, StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            let confirmed = sqlx::query(
                "UPDATE second_factors SET confirmed_at = $1, last_period = $2
                 WHERE account = $3 AND salt = $4 AND confirmed_at IS NULL",
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
                sqlx::query("INSERT INTO recovery_codes (account, hash) VALUES ($1, $2)")
                    .bind(account.as_str())
                    .bind(hash.to_vec())
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    async fn use_period(&self, account: &PlayerId, period: u64) -> Result<bool, StoreError> {
        self.run(async {
            let used =
                sqlx::query("UPDATE second_factors SET last_period = $1 WHERE account = $2 AND last_period < $1")
                    .bind(int(period))
                    .bind(account.as_str())
                    .execute(&self.pool)
                    .await?;
            Ok(used.rows_affected() == 1)
        })
        .await
    }

    async fn use_recovery_code(&self, account: &PlayerId, hash: &[u8; 32]) -> Result<bool, StoreError> {
        self.run(async {
            let used = sqlx::query("DELETE FROM recovery_codes WHERE account = $1 AND hash = $2")
                .bind(account.as_str())
                .bind(hash.to_vec())
                .execute(&self.pool)
                .await?;
            Ok(used.rows_affected() == 1)
        })
        .await
    }

    async fn remove_second_factor(&self, account: &PlayerId) -> Result<bool, StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            let [_, removed] = forget(&mut transaction, account).await?;
            transaction.commit().await?;
            Ok(removed == 1)
        })
        .await
    }
}

/// Codes first: they refer to what they belong to.
const FORGET: [&str; 2] =
    ["DELETE FROM recovery_codes WHERE account = $1", "DELETE FROM second_factors WHERE account = $1"];

/// Rows that went: of recovery codes, of second factors.
pub(super) async fn forget(
    transaction: &mut Transaction<'_, Postgres>,
    account: &PlayerId,
) -> Result<[u64; 2], StoreError> {
    let mut gone = [0; 2];
    for (gone, statement) in gone.iter_mut().zip(FORGET) {
        *gone = sqlx::query(statement).bind(account.as_str()).execute(&mut **transaction).await?.rows_affected();
    }
    Ok(gone)
}

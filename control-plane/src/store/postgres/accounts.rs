//! Accounts in PostgreSQL.

use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row, Transaction};
use stadion_protocol::PlayerId;

use super::PostgresStore;
use crate::model::{Account, AccountName, PasswordHash, Session, SessionId, UnixMs};
use crate::store::row::{array, int, parsed, uint};
use crate::store::{AccountStore, MOST_REVOKED, NewAccountError, StoreError};

#[async_trait::async_trait]
impl AccountStore for PostgresStore {
    async fn create_account(
        &self,
        account: &Account,
        password: Option<&PasswordHash>,
        session: Option<&Session>,
    ) -> Result<(), NewAccountError> {
        let made = self.run(async {
            let mut transaction = self.pool.begin().await?;
            let made = insert_account(&mut transaction, account, password).await?;
            if let (true, Some(session)) = (made, session) {
                insert_session(&mut transaction, session).await?;
            }
            transaction.commit().await?;
            Ok(made)
        });
        if made.await? { Ok(()) } else { Err(NewAccountError::NameTaken) }
    }

    async fn account(&self, id: &PlayerId) -> Result<Option<Account>, StoreError> {
        self.run(async {
            let row = sqlx::query("SELECT id, name, sign_in, role, linked, created_at FROM accounts WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&self.pool)
                .await?;
            row.map(|row| account(&row)).transpose()
        })
        .await
    }

    async fn credentials(&self, name: &AccountName) -> Result<Option<(Account, PasswordHash)>, StoreError> {
        self.run(async {
            let row = sqlx::query(
                "SELECT id, name, sign_in, role, linked, created_at, password FROM accounts
                 WHERE sign_in_key = $1 AND password IS NOT NULL",
            )
            .bind(name.key())
            .fetch_optional(&self.pool)
            .await?;
            row.map(|row| Ok((account(&row)?, PasswordHash(row.try_get("password")?)))).transpose()
        })
        .await
    }

    async fn create_session(&self, session: &Session) -> Result<(), StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            insert_session(&mut transaction, session).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.run(async {
            let row = sqlx::query("SELECT * FROM sessions WHERE id = $1")
                .bind(id.0.to_vec())
                .fetch_optional(&self.pool)
                .await?;
            row.map(|row| session(&row)).transpose()
        })
        .await
    }

    async fn rotate_session(&self, id: SessionId, from: u32, now: UnixMs) -> Result<bool, StoreError> {
        self.run(async {
            let updated = sqlx::query(
                "UPDATE sessions SET generation = generation + 1, rotated_at = $1
                 WHERE id = $2 AND generation = $3 AND NOT revoked",
            )
            .bind(int(now.0))
            .bind(id.0.to_vec())
            .bind(i64::from(from))
            .execute(&self.pool)
            .await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }

    async fn revoke_session(&self, id: SessionId, now: UnixMs) -> Result<(), StoreError> {
        self.run(async {
            sqlx::query("UPDATE sessions SET revoked = TRUE, revoked_at = coalesce(revoked_at, $1) WHERE id = $2")
                .bind(int(now.0))
                .bind(id.0.to_vec())
                .execute(&self.pool)
                .await?;
            Ok(())
        })
        .await
    }

    async fn revoked_since(&self, since: UnixMs) -> Result<Vec<SessionId>, StoreError> {
        self.run(async {
            let rows = sqlx::query("SELECT id FROM sessions WHERE revoked_at >= $1 ORDER BY revoked_at DESC LIMIT $2")
                .bind(int(since.0))
                .bind(MOST_REVOKED)
                .fetch_all(&self.pool)
                .await?;
            rows.iter().map(|row| Ok(SessionId(array(row.try_get("id")?)?))).collect()
        })
        .await
    }
}

/// Whether there is one more now: its name was free.
async fn insert_account(
    transaction: &mut Transaction<'_, Postgres>,
    account: &Account,
    password: Option<&PasswordHash>,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO accounts (id, name, sign_in, sign_in_key, role, linked, password, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(account.id.as_str())
    .bind(account.name.as_str())
    .bind(account.sign_in.as_ref().map(AccountName::as_str))
    .bind(account.sign_in.as_ref().map(AccountName::key))
    .bind(account.role.as_str())
    .bind(account.linked)
    .bind(password.map(|hash| hash.0.as_str()))
    .bind(int(account.created_at.0))
    .execute(&mut **transaction)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn insert_session(transaction: &mut Transaction<'_, Postgres>, session: &Session) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (id, account, generation, rotated_at, expires_at, revoked) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(session.id.0.to_vec())
    .bind(session.account.as_str())
    .bind(i64::from(session.generation))
    .bind(int(session.rotated_at.0))
    .bind(int(session.expires_at.0))
    .bind(session.revoked)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

pub(super) fn session(row: &PgRow) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId(array(row.try_get("id")?)?),
        account: parsed(row.try_get("account")?)?,
        generation: uint(row.try_get("generation")?)?,
        rotated_at: UnixMs(uint(row.try_get("rotated_at")?)?),
        expires_at: UnixMs(uint(row.try_get("expires_at")?)?),
        revoked: row.try_get("revoked")?,
    })
}

pub(super) fn account(row: &PgRow) -> Result<Account, StoreError> {
    let sign_in: Option<&str> = row.try_get("sign_in")?;
    Ok(Account {
        id: parsed(row.try_get("id")?)?,
        name: parsed(row.try_get("name")?)?,
        sign_in: sign_in.map(parsed).transpose()?,
        role: parsed(row.try_get("role")?)?,
        linked: row.try_get("linked")?,
        created_at: UnixMs(uint(row.try_get("created_at")?)?),
    })
}

//! Accounts in SQLite.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use stadion_protocol::PlayerId;

use super::SqliteStore;
use crate::model::{Account, AccountName, PasswordHash, Session, SessionId, UnixMs};
use crate::store::row::{array, int, parsed, uint};
use crate::store::{AccountStore, MOST_REVOKED, NewAccountError, StoreError};

#[async_trait::async_trait]
impl AccountStore for SqliteStore {
    async fn create_account(
        &self,
        account: &Account,
        password: Option<&PasswordHash>,
        session: Option<&Session>,
    ) -> Result<(), NewAccountError> {
        let mut transaction = self.begin().await?;
        let inserted = sqlx::query(
            "INSERT INTO accounts (id, name, sign_in, sign_in_key, role, linked, password, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(account.id.as_str())
        .bind(account.name.as_str())
        .bind(account.sign_in.as_ref().map(AccountName::as_str))
        .bind(account.sign_in.as_ref().map(AccountName::key))
        .bind(account.role.as_str())
        .bind(i64::from(account.linked))
        .bind(password.map(|hash| hash.0.as_str()))
        .bind(int(account.created_at.0))
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        if inserted.rows_affected() == 0 {
            return Err(NewAccountError::NameTaken);
        }
        if let Some(session) = session {
            insert_session(&mut transaction, session).await?;
        }
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    async fn account(&self, id: &PlayerId) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query("SELECT id, name, sign_in, role, linked, created_at FROM accounts WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| account(&row)).transpose()
    }

    async fn credentials(&self, name: &AccountName) -> Result<Option<(Account, PasswordHash)>, StoreError> {
        let row = sqlx::query(
            "SELECT id, name, sign_in, role, linked, created_at, password FROM accounts
             WHERE sign_in_key = ? AND password IS NOT NULL",
        )
        .bind(name.key())
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| Ok((account(&row)?, PasswordHash(row.try_get("password")?)))).transpose()
    }

    async fn create_session(&self, session: &Session) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        insert_session(&mut transaction, session).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let row =
            sqlx::query("SELECT * FROM sessions WHERE id = ?").bind(id.0.to_vec()).fetch_optional(&self.reader).await?;
        row.map(|row| session(&row)).transpose()
    }

    async fn rotate_session(&self, id: SessionId, from: u32, now: UnixMs) -> Result<bool, StoreError> {
        let updated = sqlx::query(
            "UPDATE sessions SET generation = generation + 1, rotated_at = ?
             WHERE id = ? AND generation = ? AND revoked = 0",
        )
        .bind(int(now.0))
        .bind(id.0.to_vec())
        .bind(i64::from(from))
        .execute(&self.writer)
        .await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn revoke_session(&self, id: SessionId, now: UnixMs) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET revoked = 1, revoked_at = coalesce(revoked_at, ?) WHERE id = ?")
            .bind(int(now.0))
            .bind(id.0.to_vec())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn revoked_since(&self, since: UnixMs) -> Result<Vec<SessionId>, StoreError> {
        let rows = sqlx::query("SELECT id FROM sessions WHERE revoked_at >= ? ORDER BY revoked_at DESC LIMIT ?")
            .bind(int(since.0))
            .bind(MOST_REVOKED)
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(|row| Ok(SessionId(array(row.try_get("id")?)?))).collect()
    }
}

async fn insert_session(transaction: &mut Transaction<'_, Sqlite>, session: &Session) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (id, account, generation, rotated_at, expires_at, revoked) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(session.id.0.to_vec())
    .bind(session.account.as_str())
    .bind(i64::from(session.generation))
    .bind(int(session.rotated_at.0))
    .bind(int(session.expires_at.0))
    .bind(i64::from(session.revoked))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

pub(super) fn session(row: &SqliteRow) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId(array(row.try_get("id")?)?),
        account: parsed(row.try_get("account")?)?,
        generation: uint(row.try_get("generation")?)?,
        rotated_at: UnixMs(uint(row.try_get("rotated_at")?)?),
        expires_at: UnixMs(uint(row.try_get("expires_at")?)?),
        revoked: row.try_get::<i64, _>("revoked")? != 0,
    })
}

pub(super) fn account(row: &SqliteRow) -> Result<Account, StoreError> {
    let sign_in: Option<&str> = row.try_get("sign_in")?;
    Ok(Account {
        id: parsed(row.try_get("id")?)?,
        name: parsed(row.try_get("name")?)?,
        sign_in: sign_in.map(parsed).transpose()?,
        role: parsed(row.try_get("role")?)?,
        linked: row.try_get::<i64, _>("linked")? != 0,
        created_at: UnixMs(uint(row.try_get("created_at")?)?),
    })
}

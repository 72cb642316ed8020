//! What becomes of accounts, in SQLite.

use sqlx::{Row, Sqlite, Transaction};
use stadion_protocol::contract::SeatStatus;
use stadion_protocol::{MatchId, PlayerId};

use super::accounts::{account, session};
use super::{SqliteStore, second_factors};
use crate::model::{Account, AccountName, Identity, PasswordHash, Role, Session, SessionId, UnixMs};
use crate::store::documents::sql;
use crate::store::identity::{DELETED_NAME, MOST_SESSIONS, forget_player};
use crate::store::row::{array, from_json, int, parsed, to_json, uint};
use crate::store::{DeleteAccountError, IdentityStore, NewAccountError, StoreError, Unlinked};

#[async_trait::async_trait]
impl IdentityStore for SqliteStore {
    async fn password(&self, account: &PlayerId) -> Result<Option<PasswordHash>, StoreError> {
        let row = sqlx::query("SELECT password FROM accounts WHERE id = ?")
            .bind(account.as_str())
            .fetch_optional(&self.reader)
            .await?;
        let password: Option<String> = row.map(|row| row.try_get("password")).transpose()?.flatten();
        Ok(password.map(PasswordHash))
    }

    async fn set_password(
        &self,
        account: &PlayerId,
        from: &PasswordHash,
        to: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let updated = sqlx::query("UPDATE accounts SET password = ? WHERE id = ? AND password = ?")
            .bind(to.0.as_str())
            .bind(account.as_str())
            .bind(from.0.as_str())
            .execute(&self.writer)
            .await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn register_account(
        &self,
        account: &PlayerId,
        name: &AccountName,
        password: &PasswordHash,
    ) -> Result<bool, NewAccountError> {
        let mut transaction = self.begin().await?;
        let taken = sqlx::query("SELECT 1 FROM accounts WHERE sign_in_key = ?")
            .bind(name.key())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(StoreError::from)?;
        if taken.is_some() {
            return Err(NewAccountError::NameTaken);
        }
        let updated = sqlx::query(
            "UPDATE accounts SET sign_in = ?, sign_in_key = ?, name = ?, password = ? WHERE id = ? AND sign_in IS NULL",
        )
        .bind(name.as_str())
        .bind(name.key())
        .bind(name.as_str())
        .bind(password.0.as_str())
        .bind(account.as_str())
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(updated.rows_affected() == 1)
    }

    async fn set_role(&self, account: &PlayerId, role: Role) -> Result<bool, StoreError> {
        let updated = sqlx::query("UPDATE accounts SET role = ? WHERE id = ?")
            .bind(role.as_str())
            .bind(account.as_str())
            .execute(&self.writer)
            .await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn sessions(&self, account: &PlayerId, now: UnixMs) -> Result<Vec<Session>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM sessions WHERE account = ? AND revoked = 0 AND expires_at > ?
             ORDER BY rotated_at DESC, id LIMIT ?",
        )
        .bind(account.as_str())
        .bind(int(now.0))
        .bind(MOST_SESSIONS)
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(session).collect()
    }

    async fn revoke_sessions(
        &self,
        account: &PlayerId,
        except: Option<SessionId>,
        now: UnixMs,
    ) -> Result<Vec<SessionId>, StoreError> {
        let rows = sqlx::query(
            "UPDATE sessions SET revoked = 1, revoked_at = coalesce(revoked_at, ?)
             WHERE account = ? AND revoked = 0 AND expires_at > ? AND id <> ? RETURNING id",
        )
        .bind(int(now.0))
        .bind(account.as_str())
        .bind(int(now.0))
        .bind(except.map_or(Vec::new(), |id| id.0.to_vec()))
        .fetch_all(&self.writer)
        .await?;
        rows.iter().map(|row| Ok(SessionId(array(row.try_get("id")?)?))).collect()
    }

    async fn link_identity(&self, identity: &Identity) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let inserted = sqlx::query(
            "INSERT INTO identities (provider, subject, account, linked_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(identity.provider.as_str())
        .bind(identity.subject.as_str())
        .bind(identity.account.as_str())
        .bind(int(identity.linked_at.0))
        .execute(&mut *transaction)
        .await?;
        let owner = sqlx::query("SELECT account FROM identities WHERE provider = ? AND subject = ?")
            .bind(identity.provider.as_str())
            .bind(identity.subject.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        if inserted.rows_affected() == 1 {
            sqlx::query("UPDATE accounts SET linked = 1 WHERE id = ?")
                .bind(identity.account.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(owner.try_get::<&str, _>("account")? == identity.account.as_str())
    }

    async fn unlink_identity(&self, account: &PlayerId, provider: &str) -> Result<Unlinked, StoreError> {
        let mut transaction = self.begin().await?;
        let ways = sqlx::query(
            "SELECT (SELECT count(*) FROM identities WHERE account = ?1 AND provider = ?2) AS these,
                    (SELECT count(*) FROM identities WHERE account = ?1 AND provider <> ?2) AS others,
                    (SELECT count(*) FROM accounts WHERE id = ?1 AND sign_in IS NOT NULL) AS passwords",
        )
        .bind(account.as_str())
        .bind(provider)
        .fetch_one(&mut *transaction)
        .await?;
        let count = |name: &str| ways.try_get::<i64, _>(name);
        let (these, others, passwords) = (count("these")?, count("others")?, count("passwords")?);
        if these == 0 {
            return Ok(Unlinked::NotLinked);
        }
        if others + passwords == 0 {
            return Ok(Unlinked::LastWayIn);
        }
        sqlx::query("DELETE FROM identities WHERE account = ? AND provider = ?")
            .bind(account.as_str())
            .bind(provider)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE accounts SET linked = ? WHERE id = ?")
            .bind(others > 0)
            .bind(account.as_str())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Unlinked::Done)
    }

    async fn account_of_identity(&self, provider: &str, subject: &str) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(
            "SELECT a.* FROM identities i JOIN accounts a ON a.id = i.account WHERE i.provider = ? AND i.subject = ?",
        )
        .bind(provider)
        .bind(subject)
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| account(&row)).transpose()
    }

    async fn identities(&self, account: &PlayerId) -> Result<Vec<Identity>, StoreError> {
        let rows = sqlx::query("SELECT * FROM identities WHERE account = ? ORDER BY linked_at, provider, subject")
            .bind(account.as_str())
            .fetch_all(&self.reader)
            .await?;
        let identity = |row: &sqlx::sqlite::SqliteRow| -> Result<Identity, StoreError> {
            Ok(Identity {
                provider: row.try_get("provider")?,
                subject: row.try_get("subject")?,
                account: account.clone(),
                linked_at: UnixMs(uint(row.try_get("linked_at")?)?),
            })
        };
        rows.iter().map(identity).collect()
    }

    async fn matches_of_player(&self, player: &PlayerId, limit: u16) -> Result<Vec<MatchId>, StoreError> {
        let rows = sqlx::query(
            "SELECT id FROM matches WHERE instr(seats, ?) > 0 OR creator = ? ORDER BY created_at DESC, id DESC LIMIT ?",
        )
        .bind(to_json(player))
        .bind(player.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(|row| parsed(row.try_get("id")?)).collect()
    }

    async fn delete_account(&self, account: &PlayerId) -> Result<(), DeleteAccountError> {
        let mut transaction = self.begin().await?;
        let game = sqlx::query(
            "SELECT g.name FROM games g JOIN versions v ON v.game = g.name
             WHERE g.owner = ? AND v.retired_at IS NULL ORDER BY g.name LIMIT 1",
        )
        .bind(account.as_str())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        if let Some(row) = game {
            return Err(DeleteAccountError::OwnsGame(parsed(row.try_get("name").map_err(StoreError::from)?)?));
        }
        forget(&mut transaction, account).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

async fn forget(transaction: &mut Transaction<'_, Sqlite>, account: &PlayerId) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM sessions WHERE account = ?",
        "DELETE FROM api_keys WHERE account = ?",
        "DELETE FROM identities WHERE account = ?",
        "DELETE FROM friendships WHERE one = ?1 OR other = ?1",
        "DELETE FROM blocks WHERE one = ?1 OR other = ?1",
        "DELETE FROM ratings WHERE account = ?",
        "DELETE FROM played WHERE account = ?",
        "DELETE FROM rating_changes WHERE account = ?",
        // What was done to others stays to be judged; the words are the account's own.
        "UPDATE player_reports SET text = '' WHERE reporter = ?",
        "DELETE FROM webhooks WHERE game IN (SELECT name FROM games WHERE owner = ?)",
        "DELETE FROM quotas WHERE owner = ?",
    ] {
        sqlx::query(statement).bind(account.as_str()).execute(&mut **transaction).await?;
    }
    second_factors::forget(transaction, account).await?;
    for statement in sql::FORGET {
        sqlx::query(statement).bind(account.as_str()).execute(&mut **transaction).await?;
    }
    sqlx::query(
        "UPDATE accounts SET name = ?, sign_in = NULL, sign_in_key = NULL, password = NULL, role = 'player', linked = 0
         WHERE id = ?",
    )
    .bind(DELETED_NAME)
    .bind(account.as_str())
    .execute(&mut **transaction)
    .await?;
    let rows = sqlx::query("SELECT id, seats FROM matches WHERE instr(seats, ?) > 0")
        .bind(to_json(account))
        .fetch_all(&mut **transaction)
        .await?;
    for row in rows {
        let mut seats: Vec<SeatStatus> = from_json(row.try_get("seats")?)?;
        forget_player(&mut seats, account);
        sqlx::query("UPDATE matches SET seats = ? WHERE id = ?")
            .bind(to_json(&seats))
            .bind(row.try_get::<&str, _>("id")?)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

//! What becomes of accounts, in PostgreSQL.

use sqlx::{Postgres, Row, Transaction};
use stadion_protocol::contract::SeatStatus;
use stadion_protocol::{MatchId, PlayerId};

use super::accounts::{account, session};
use super::{PostgresStore, second_factors};
use crate::model::{Account, AccountName, Identity, PasswordHash, Role, Session, SessionId, UnixMs};
use crate::store::documents::sql;
use crate::store::identity::{DELETED_NAME, MOST_SESSIONS, forget_player};
use crate::store::row::{array, from_json, int, parsed, to_json, uint};
use crate::store::{DeleteAccountError, IdentityStore, NewAccountError, StoreError, Unlinked};

#[async_trait::async_trait]
impl IdentityStore for PostgresStore {
    async fn password(&self, account: &PlayerId) -> Result<Option<PasswordHash>, StoreError> {
        self.run(async {
            let row = sqlx::query("SELECT password FROM accounts WHERE id = $1")
                .bind(account.as_str())
                .fetch_optional(&self.pool)
                .await?;
            let password: Option<String> = row.map(|row| row.try_get("password")).transpose()?.flatten();
            Ok(password.map(PasswordHash))
        })
        .await
    }

    async fn set_password(
        &self,
        account: &PlayerId,
        from: &PasswordHash,
        to: &PasswordHash,
    ) -> Result<bool, StoreError> {
        self.run(async {
            let updated = sqlx::query("UPDATE accounts SET password = $1 WHERE id = $2 AND password = $3")
                .bind(to.0.as_str())
                .bind(account.as_str())
                .bind(from.0.as_str())
                .execute(&self.pool)
                .await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }

    async fn register_account(
        &self,
        account: &PlayerId,
        name: &AccountName,
        password: &PasswordHash,
    ) -> Result<bool, NewAccountError> {
        let updated = self.run(async {
            let updated = sqlx::query(
                "UPDATE accounts SET sign_in = $1, sign_in_key = $2, name = $3, password = $4
                 WHERE id = $5 AND sign_in IS NULL",
            )
            .bind(name.as_str())
            .bind(name.key())
            .bind(name.as_str())
            .bind(password.0.as_str())
            .bind(account.as_str())
            .execute(&self.pool)
            .await;
            match updated {
                Ok(updated) => Ok(Some(updated.rows_affected() == 1)),
                Err(sqlx::Error::Database(refused)) if refused.is_unique_violation() => Ok(None),
                Err(error) => Err(error.into()),
            }
        });
        updated.await?.ok_or(NewAccountError::NameTaken)
    }

    async fn set_role(&self, account: &PlayerId, role: Role) -> Result<bool, StoreError> {
        self.run(async {
            let updated = sqlx::query("UPDATE accounts SET role = $1 WHERE id = $2")
                .bind(role.as_str())
                .bind(account.as_str())
                .execute(&self.pool)
                .await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }

    async fn sessions(&self, account: &PlayerId, now: UnixMs) -> Result<Vec<Session>, StoreError> {
        self.run(async {
            let rows = sqlx::query(
                "SELECT * FROM sessions WHERE account = $1 AND NOT revoked AND expires_at > $2
                 ORDER BY rotated_at DESC, id LIMIT $3",
            )
            .bind(account.as_str())
            .bind(int(now.0))
            .bind(MOST_SESSIONS)
            .fetch_all(&self.pool)
            .await?;
            rows.iter().map(session).collect()
        })
        .await
    }

    async fn revoke_sessions(
        &self,
        account: &PlayerId,
        except: Option<SessionId>,
        now: UnixMs,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.run(async {
            let rows = sqlx::query(
                "UPDATE sessions SET revoked = TRUE, revoked_at = coalesce(revoked_at, $1)
                 WHERE account = $2 AND NOT revoked AND expires_at > $3 AND id <> $4 RETURNING id",
            )
            .bind(int(now.0))
            .bind(account.as_str())
            .bind(int(now.0))
            .bind(except.map_or(Vec::new(), |id| id.0.to_vec()))
            .fetch_all(&self.pool)
            .await?;
            rows.iter().map(|row| Ok(SessionId(array(row.try_get("id")?)?))).collect()
        })
        .await
    }

    async fn link_identity(&self, identity: &Identity) -> Result<bool, StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            let inserted = sqlx::query(
                "INSERT INTO identities (provider, subject, account, linked_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            )
            .bind(identity.provider.as_str())
            .bind(identity.subject.as_str())
            .bind(identity.account.as_str())
            .bind(int(identity.linked_at.0))
            .execute(&mut *transaction)
            .await?;
            let owner = sqlx::query("SELECT account FROM identities WHERE provider = $1 AND subject = $2")
                .bind(identity.provider.as_str())
                .bind(identity.subject.as_str())
                .fetch_one(&mut *transaction)
                .await?;
            if inserted.rows_affected() == 1 {
                sqlx::query("UPDATE accounts SET linked = TRUE WHERE id = $1")
                    .bind(identity.account.as_str())
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(owner.try_get::<&str, _>("account")? == identity.account.as_str())
        })
        .await
    }

    async fn unlink_identity(&self, account: &PlayerId, provider: &str) -> Result<Unlinked, StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            // Of two that are let go at once, the second finds the first gone.
            let row = sqlx::query("SELECT sign_in FROM accounts WHERE id = $1 FOR UPDATE")
                .bind(account.as_str())
                .fetch_optional(&mut *transaction)
                .await?;
            let Some(row) = row else { return Ok(Unlinked::NotLinked) };
            let has_password = row.try_get::<Option<String>, _>("sign_in")?.is_some();
            let linked = sqlx::query("SELECT provider FROM identities WHERE account = $1")
                .bind(account.as_str())
                .fetch_all(&mut *transaction)
                .await?;
            let providers: Vec<&str> = linked.iter().map(|row| row.try_get("provider")).collect::<Result<_, _>>()?;
            let others = providers.iter().any(|other| *other != provider);
            if !providers.contains(&provider) {
                return Ok(Unlinked::NotLinked);
            }
            if !others && !has_password {
                return Ok(Unlinked::LastWayIn);
            }
            sqlx::query("DELETE FROM identities WHERE account = $1 AND provider = $2")
                .bind(account.as_str())
                .bind(provider)
                .execute(&mut *transaction)
                .await?;
            sqlx::query("UPDATE accounts SET linked = $1 WHERE id = $2")
                .bind(others)
                .bind(account.as_str())
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(Unlinked::Done)
        })
        .await
    }

    async fn account_of_identity(&self, provider: &str, subject: &str) -> Result<Option<Account>, StoreError> {
        self.run(async {
            let row = sqlx::query(
                "SELECT a.* FROM identities i JOIN accounts a ON a.id = i.account WHERE i.provider = $1 AND i.subject = $2",
            )
            .bind(provider)
            .bind(subject)
            .fetch_optional(&self.pool)
            .await?;
            row.map(|row| account(&row)).transpose()
        })
        .await
    }

    async fn identities(&self, account: &PlayerId) -> Result<Vec<Identity>, StoreError> {
        self.run(async {
            let rows = sqlx::query("SELECT * FROM identities WHERE account = $1 ORDER BY linked_at, provider, subject")
                .bind(account.as_str())
                .fetch_all(&self.pool)
                .await?;
            let identity = |row: &sqlx::postgres::PgRow| -> Result<Identity, StoreError> {
                Ok(Identity {
                    provider: row.try_get("provider")?,
                    subject: row.try_get("subject")?,
                    account: account.clone(),
                    linked_at: UnixMs(uint(row.try_get("linked_at")?)?),
                })
            };
            rows.iter().map(identity).collect()
        })
        .await
    }

    async fn matches_of_player(&self, player: &PlayerId, limit: u16) -> Result<Vec<MatchId>, StoreError> {
        self.run(async {
            let rows = sqlx::query(
                "SELECT id FROM matches WHERE strpos(seats, $1) > 0 OR creator = $2 ORDER BY created_at DESC, id DESC LIMIT $3",
            )
            .bind(to_json(player))
            .bind(player.as_str())
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
            rows.iter().map(|row| parsed(row.try_get("id")?)).collect()
        })
        .await
    }

    async fn delete_account(&self, account: &PlayerId) -> Result<(), DeleteAccountError> {
        let owned = self.run(async {
            let mut transaction = self.pool.begin().await?;
            let game = sqlx::query(
                "SELECT g.name FROM games g JOIN versions v ON v.game = g.name
                 WHERE g.owner = $1 AND v.retired_at IS NULL ORDER BY g.name LIMIT 1",
            )
            .bind(account.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
            if let Some(row) = game {
                return parsed(row.try_get("name")?).map(Some);
            }
            forget(&mut transaction, account).await?;
            transaction.commit().await?;
            Ok(None)
        });
        owned.await?.map_or(Ok(()), |game| Err(DeleteAccountError::OwnsGame(game)))
    }
}

async fn forget(transaction: &mut Transaction<'_, Postgres>, account: &PlayerId) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM sessions WHERE account = $1",
        "DELETE FROM api_keys WHERE account = $1",
        "DELETE FROM identities WHERE account = $1",
        "DELETE FROM friendships WHERE one = $1 OR other = $1",
        "DELETE FROM blocks WHERE one = $1 OR other = $1",
        "DELETE FROM ratings WHERE account = $1",
        "DELETE FROM played WHERE account = $1",
        "DELETE FROM rating_changes WHERE account = $1",
        // What was done to others stays to be judged; the words are the account's own.
        "UPDATE player_reports SET text = '' WHERE reporter = $1",
        "DELETE FROM webhooks WHERE game IN (SELECT name FROM games WHERE owner = $1)",
        "DELETE FROM quotas WHERE owner = $1",
    ] {
        sqlx::query(statement).bind(account.as_str()).execute(&mut **transaction).await?;
    }
    // Changes of documents that are under way are done before, others come after: the totals stay right.
    sqlx::query("LOCK TABLE document_games IN SHARE ROW EXCLUSIVE MODE").execute(&mut **transaction).await?;
    second_factors::forget(transaction, account).await?;
    for statement in sql::FORGET {
        sqlx::query(statement).bind(account.as_str()).execute(&mut **transaction).await?;
    }
    sqlx::query(
        "UPDATE accounts SET name = $1, sign_in = NULL, sign_in_key = NULL, password = NULL, role = 'player', linked = FALSE
         WHERE id = $2",
    )
    .bind(DELETED_NAME)
    .bind(account.as_str())
    .execute(&mut **transaction)
    .await?;
    let rows = sqlx::query("SELECT id, seats FROM matches WHERE strpos(seats, $1) > 0")
        .bind(to_json(account))
        .fetch_all(&mut **transaction)
        .await?;
    for row in rows {
        let mut seats: Vec<SeatStatus> = from_json(row.try_get("seats")?)?;
        forget_player(&mut seats, account);
        sqlx::query("UPDATE matches SET seats = $1 WHERE id = $2")
            .bind(to_json(&seats))
            .bind(row.try_get::<&str, _>("id")?)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

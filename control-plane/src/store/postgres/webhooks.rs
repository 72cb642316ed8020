//! Webhooks in PostgreSQL.

use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row, Transaction};
use stadion_protocol::{GameName, PlayerId};

use super::PostgresStore;
use crate::model::{
    Attempt, Claim, Delivery, DeliveryId, DeliveryStatus, Outcome, Page, PageRequest, Salt, Salts, UnixMs, Webhook,
    WebhookId, WebhookName,
};
use crate::store::row::int;
use crate::store::webhooks::{
    MOST_CLAIMED, MOST_LISTED, MOST_PENDING, delivery, kinds, outcome_columns, state_parts, webhook,
};
use crate::store::{NewWebhookError, StoreError, WebhookStore};

#[async_trait::async_trait]
impl WebhookStore for PostgresStore {
    async fn create_webhook(&self, webhook: &Webhook, most: u32) -> Result<(), NewWebhookError> {
        let refused = self
            .run(async {
                let mut transaction = self.pool.begin().await?;
                // Those who add one to the same game come one after another.
                sqlx::query("SELECT 1 FROM games WHERE name = $1 FOR NO KEY UPDATE")
                    .bind(webhook.game.as_str())
                    .fetch_optional(&mut *transaction)
                    .await?;
                let row = sqlx::query(
                    "SELECT COUNT(*) AS have, COUNT(*) FILTER (WHERE name = $1) AS taken FROM webhooks WHERE game = $2",
                )
                .bind(webhook.name.as_str())
                .bind(webhook.game.as_str())
                .fetch_one(&mut *transaction)
                .await?;
                if row.try_get::<i64, _>("taken")? != 0 {
                    return Ok(Some(NewWebhookError::NameTaken));
                }
                if row.try_get::<i64, _>("have")? >= i64::from(most) {
                    return Ok(Some(NewWebhookError::TooMany(most)));
                }
                insert(&mut transaction, webhook).await?;
                transaction.commit().await?;
                Ok(None)
            })
            .await?;
        refused.map_or(Ok(()), Err)
    }

    async fn webhooks(&self, game: &GameName) -> Result<Vec<Webhook>, StoreError> {
        self.run(async {
            let rows = sqlx::query("SELECT * FROM webhooks WHERE game = $1 ORDER BY name LIMIT $2")
                .bind(game.as_str())
                .bind(MOST_LISTED)
                .fetch_all(&self.pool)
                .await?;
            rows.iter().map(webhook).collect()
        })
        .await
    }

    async fn webhooks_of(&self, owner: &PlayerId) -> Result<Vec<Webhook>, StoreError> {
        self.run(async {
            let rows = sqlx::query(
                "SELECT w.* FROM webhooks w JOIN games g ON g.name = w.game WHERE g.owner = $1 ORDER BY w.game, w.name LIMIT $2",
            )
            .bind(owner.as_str())
            .bind(MOST_LISTED)
            .fetch_all(&self.pool)
            .await?;
            rows.iter().map(webhook).collect()
        })
        .await
    }

    async fn webhook(&self, game: &GameName, name: &WebhookName) -> Result<Option<Webhook>, StoreError> {
        self.run(async {
            let row = sqlx::query("SELECT * FROM webhooks WHERE game = $1 AND name = $2")
                .bind(game.as_str())
                .bind(name.as_str())
                .fetch_optional(&self.pool)
                .await?;
            row.map(|row| webhook(&row)).transpose()
        })
        .await
    }

    async fn set_webhook(&self, webhook: &Webhook) -> Result<bool, StoreError> {
        self.run(async {
            let (state, because) = state_parts(&webhook.state);
            let updated = sqlx::query(
                "UPDATE webhooks SET url = $1, kinds = $2, disabled_because = $4, failing_since = NULL,
                     cursor = CASE WHEN state <> 'enabled' AND $3 = 'enabled' THEN $6 ELSE cursor END, state = $3
                 WHERE id = $5",
            )
            .bind(webhook.url.as_str())
            .bind(kinds(webhook))
            .bind(state)
            .bind(because)
            .bind(webhook.id.0.to_vec())
            .bind(int(webhook.cursor))
            .execute(&self.pool)
            .await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }

    async fn rotate_webhook(&self, id: WebhookId, from: &Salt, to: &Salts) -> Result<bool, StoreError> {
        self.run(async {
            let updated = sqlx::query(
                "UPDATE webhooks SET salt = $1, previous_salt = $2, previous_until = $3 WHERE id = $4 AND salt = $5",
            )
            .bind(to.current.to_vec())
            .bind(to.previous.map(|(salt, _)| salt.to_vec()))
            .bind(to.previous.map(|(_, until)| int(until.0)))
            .bind(id.0.to_vec())
            .bind(from.to_vec())
            .execute(&self.pool)
            .await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }

    async fn disable_webhook(&self, id: WebhookId, because: &str) -> Result<bool, StoreError> {
        self.run(async {
            let updated = sqlx::query(
                "UPDATE webhooks SET state = 'disabled', disabled_because = $1 WHERE id = $2 AND state = 'enabled'",
            )
            .bind(because)
            .bind(id.0.to_vec())
            .execute(&self.pool)
            .await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }

    async fn remove_webhook(&self, id: WebhookId) -> Result<bool, StoreError> {
        self.run(async {
            let removed =
                sqlx::query("DELETE FROM webhooks WHERE id = $1").bind(id.0.to_vec()).execute(&self.pool).await?;
            Ok(removed.rows_affected() == 1)
        })
        .await
    }

    async fn add_deliveries(&self, deliveries: &[Delivery]) -> Result<(), StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            for delivery in deliveries {
                add(&mut transaction, delivery).await?;
            }
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    async fn webhooks_behind(&self) -> Result<Vec<Webhook>, StoreError> {
        self.run(async {
            let rows = sqlx::query(
                "SELECT * FROM webhooks w WHERE w.state = 'enabled' AND w.kinds <> ''
                 AND EXISTS (SELECT 1 FROM events e WHERE e.game = w.game AND e.number > w.cursor)
                 AND (SELECT COUNT(*) FROM webhook_deliveries d WHERE d.webhook = w.id AND d.status = 'pending') < $1
                 ORDER BY w.cursor LIMIT $2",
            )
            .bind(MOST_PENDING)
            .bind(MOST_CLAIMED)
            .fetch_all(&self.pool)
            .await?;
            rows.iter().map(webhook).collect()
        })
        .await
    }

    async fn plan_deliveries(
        &self,
        webhook: WebhookId,
        (from, to): (u64, u64),
        deliveries: &[Delivery],
    ) -> Result<bool, StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            let moved =
                sqlx::query("UPDATE webhooks SET cursor = $1 WHERE id = $2 AND cursor = $3 AND state = 'enabled'")
                    .bind(int(to))
                    .bind(webhook.0.to_vec())
                    .bind(int(from))
                    .execute(&mut *transaction)
                    .await?;
            if moved.rows_affected() == 0 {
                return Ok(false);
            }
            for delivery in deliveries {
                add(&mut transaction, delivery).await?;
            }
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    async fn claim_deliveries(&self, claim: &Claim) -> Result<Vec<(Webhook, Delivery)>, StoreError> {
        self.run(async {
            // Whoever claims for a webhook has its row: what is under way is counted right, and the others go on to other rows.
            let mut transaction = self.pool.begin().await?;
            let due = sqlx::query(
                "SELECT * FROM webhooks w WHERE w.state = 'enabled' AND EXISTS
                     (SELECT 1 FROM webhook_deliveries d WHERE d.webhook = w.id AND d.status = 'pending' AND d.next_at <= $1)
                 AND (SELECT COUNT(*) FROM webhook_deliveries d WHERE d.webhook = w.id AND d.claimed_until > $1) < $2
                 ORDER BY w.id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED",
            )
            .bind(int(claim.now.0))
            .bind(i64::from(claim.at_once))
            .bind(MOST_CLAIMED)
            .fetch_all(&mut *transaction)
            .await?;
            let mut claimed = Vec::new();
            for row in &due {
                let webhook = webhook(row)?;
                let left = i64::from(claim.most) - claimed.len() as i64;
                for row in claim_of(&mut transaction, webhook.id, (claim, left)).await? {
                    claimed.push((webhook.clone(), delivery(&row)?));
                }
            }
            transaction.commit().await?;
            Ok(claimed)
        })
        .await
    }

    async fn settle_delivery(
        &self,
        id: DeliveryId,
        attempt: u32,
        came: &Attempt,
        outcome: Outcome,
    ) -> Result<bool, StoreError> {
        self.run(async {
            let (status, next_at) = outcome_columns(outcome, came.at);
            let mut transaction = self.pool.begin().await?;
            // The webhook's row comes first, as whoever claims takes it first.
            sqlx::query(
                "SELECT 1 FROM webhooks WHERE id = (SELECT webhook FROM webhook_deliveries WHERE id = $1) FOR NO KEY UPDATE",
            )
            .bind(id.0.to_vec())
            .fetch_optional(&mut *transaction)
            .await?;
            let row = sqlx::query(
                "UPDATE webhook_deliveries SET status = $1, next_at = $2, claimed_until = 0, last_at = $3, last_code = $4,
                     last_error = $5 WHERE id = $6 AND attempts = $7 AND status = 'pending' RETURNING webhook",
            )
            .bind(status.as_str())
            .bind(int(next_at.0))
            .bind(int(came.at.0))
            .bind(came.code.map(i64::from))
            .bind(came.error.as_deref())
            .bind(id.0.to_vec())
            .bind(i64::from(attempt))
            .fetch_optional(&mut *transaction)
            .await?;
            let Some(row) = row else { return Ok(false) };
            let since = match outcome {
                Outcome::Delivered => "UPDATE webhooks SET failing_since = NULL WHERE id = $2 AND failing_since <= $1",
                Outcome::Again(_) | Outcome::Failed => {
                    "UPDATE webhooks SET failing_since = $1 WHERE id = $2 AND failing_since IS NULL"
                }
            };
            sqlx::query(since)
                .bind(int(came.at.0))
                .bind(row.try_get::<&[u8], _>("webhook")?)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    async fn delivery(&self, webhook: WebhookId, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.run(async {
            let row = sqlx::query("SELECT * FROM webhook_deliveries WHERE webhook = $1 AND id = $2")
                .bind(webhook.0.to_vec())
                .bind(id.0.to_vec())
                .fetch_optional(&self.pool)
                .await?;
            row.map(|row| delivery(&row)).transpose()
        })
        .await
    }

    async fn deliveries(
        &self,
        webhook: WebhookId,
        status: Option<DeliveryStatus>,
        page: &PageRequest<u64>,
    ) -> Result<Page<Delivery, u64>, StoreError> {
        self.run(async {
            let mut query = QueryBuilder::new("SELECT * FROM webhook_deliveries WHERE webhook = ");
            query.push_bind(webhook.0.to_vec()).push(" AND number < ").push_bind(int(page.after.unwrap_or(u64::MAX)));
            if let Some(status) = status {
                query.push(" AND status = ").push_bind(status.as_str());
            }
            query.push(" ORDER BY number DESC LIMIT ").push_bind(i64::from(page.limit) + 1);
            let rows = query.build().fetch_all(&self.pool).await?;
            let items = rows.iter().map(delivery).collect::<Result<Vec<_>, _>>()?;
            Ok(Page::cut(items, page.limit, |delivery| delivery.number))
        })
        .await
    }

    async fn redeliver(&self, webhook: WebhookId, id: DeliveryId, now: UnixMs) -> Result<bool, StoreError> {
        self.run(async {
            // One that is being tried right now is left to that.
            let updated = sqlx::query(
                "UPDATE webhook_deliveries SET status = 'pending',
                     tries = CASE WHEN status = 'pending' THEN tries ELSE 0 END,
                     next_at = CASE WHEN claimed_until > $1 THEN next_at ELSE $1 END
                 WHERE webhook = $2 AND id = $3",
            )
            .bind(int(now.0))
            .bind(webhook.0.to_vec())
            .bind(id.0.to_vec())
            .execute(&self.pool)
            .await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }

    async fn forget_deliveries(&self, before: UnixMs) -> Result<u64, StoreError> {
        self.run(async {
            let removed = sqlx::query("DELETE FROM webhook_deliveries WHERE created_at < $1 AND status <> 'pending'")
                .bind(int(before.0))
                .execute(&self.pool)
                .await?;
            Ok(removed.rows_affected())
        })
        .await
    }
}

async fn insert(transaction: &mut Transaction<'_, Postgres>, webhook: &Webhook) -> Result<(), StoreError> {
    let (state, because) = state_parts(&webhook.state);
    sqlx::query(
        "INSERT INTO webhooks (id, game, name, url, kinds, state, disabled_because, salt, previous_salt, previous_until,
             failing_since, cursor, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(webhook.id.0.to_vec())
    .bind(webhook.game.as_str())
    .bind(webhook.name.as_str())
    .bind(webhook.url.as_str())
    .bind(kinds(webhook))
    .bind(state)
    .bind(because)
    .bind(webhook.salts.current.to_vec())
    .bind(webhook.salts.previous.map(|(salt, _)| salt.to_vec()))
    .bind(webhook.salts.previous.map(|(_, until)| int(until.0)))
    .bind(webhook.failing_since.map(|at| int(at.0)))
    .bind(int(webhook.cursor))
    .bind(int(webhook.created_at.0))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn add(transaction: &mut Transaction<'_, Postgres>, delivery: &Delivery) -> Result<(), StoreError> {
    // One that is made to be tried at once is claimed by who makes it, until its next time.
    sqlx::query(
        "INSERT INTO webhook_deliveries (id, webhook, kind, body, created_at, status, attempts, tries, next_at, claimed_until)
         SELECT $1, w.id, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $7 > 0 THEN $9 ELSE 0 END
         FROM webhooks w WHERE w.id = $2 FOR KEY SHARE ON CONFLICT (id) DO NOTHING",
    )
    .bind(delivery.id.0.to_vec())
    .bind(delivery.webhook.0.to_vec())
    .bind(delivery.kind.as_str())
    .bind(delivery.body.as_str())
    .bind(int(delivery.created_at.0))
    .bind(delivery.status.as_str())
    .bind(i64::from(delivery.attempts))
    .bind(i64::from(delivery.tries))
    .bind(int(delivery.next_at.0))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Claims deliveries of one webhook: as many as it has room for, and at most what is left.
async fn claim_of(
    transaction: &mut Transaction<'_, Postgres>,
    webhook: WebhookId,
    (claim, left): (&Claim, i64),
) -> Result<Vec<PgRow>, StoreError> {
    let rows = sqlx::query(
        "UPDATE webhook_deliveries SET attempts = attempts + 1, tries = tries + 1, claimed_until = $2, next_at = $2
         WHERE number IN (SELECT number FROM webhook_deliveries
             WHERE webhook = $3 AND status = 'pending' AND next_at <= $1 ORDER BY next_at, number
             LIMIT GREATEST(0, LEAST($5, $4 - (SELECT COUNT(*) FROM webhook_deliveries WHERE webhook = $3 AND claimed_until > $1))))
         RETURNING *",
    )
    .bind(int(claim.now.0))
    .bind(int(claim.until.0))
    .bind(webhook.0.to_vec())
    .bind(i64::from(claim.at_once))
    .bind(left)
    .fetch_all(&mut **transaction)
    .await?;
    Ok(rows)
}

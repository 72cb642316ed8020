//! The audit log in SQLite.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row};
use stadion_protocol::PlayerId;

use super::SqliteStore;
use crate::model::{AuditEntry, AuditFilter, Page, PageRequest, UnixMs};
use crate::store::row::{int, parsed, uint};
use crate::store::{AuditStore, StoreError};

#[async_trait::async_trait]
impl AuditStore for SqliteStore {
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        for entry in entries {
            sqlx::query(
                "INSERT INTO audit (at, actor, action, target, status, address, request) VALUES (?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(int(entry.at.0))
            .bind(entry.actor.as_ref().map(PlayerId::as_str))
            .bind(entry.action.as_str())
            .bind(entry.target.as_str())
            .bind(i64::from(entry.status))
            .bind(entry.from.to_string())
            .bind(entry.request.as_str())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn audit(
        &self,
        filter: &AuditFilter,
        page: &PageRequest<u64>,
    ) -> Result<Page<(u64, AuditEntry), u64>, StoreError> {
        let mut query = QueryBuilder::new("SELECT * FROM audit WHERE number < ");
        query.push_bind(int(page.after.unwrap_or(u64::MAX)));
        if let Some(actor) = &filter.actor {
            query.push(" AND actor = ").push_bind(actor.to_string());
        }
        if let Some(action) = &filter.action {
            query.push(" AND substr(action, 1, length(").push_bind(action.clone());
            query.push(")) = ").push_bind(action.clone());
        }
        query.push(" ORDER BY number DESC LIMIT ").push_bind(i64::from(page.limit) + 1);
        let rows = query.build().fetch_all(&self.reader).await?;
        let items = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(items, page.limit, |(number, _)| *number))
    }

    async fn forget_audit(&self, before: UnixMs) -> Result<u64, StoreError> {
        let removed = sqlx::query("DELETE FROM audit WHERE at < ?").bind(int(before.0)).execute(&self.writer).await?;
        Ok(removed.rows_affected())
    }
}

fn entry(row: &SqliteRow) -> Result<(u64, AuditEntry), StoreError> {
    let actor: Option<&str> = row.try_get("actor")?;
    let entry = AuditEntry {
        at: UnixMs(uint(row.try_get("at")?)?),
        actor: actor.map(parsed).transpose()?,
        action: row.try_get("action")?,
        target: row.try_get("target")?,
        status: uint(row.try_get("status")?)?,
        from: parsed(row.try_get("address")?)?,
        request: row.try_get("request")?,
    };
    Ok((uint(row.try_get("number")?)?, entry))
}

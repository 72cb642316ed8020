//! What happened, in PostgreSQL.

use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row, Transaction};

use super::PostgresStore;
use crate::model::{Event, EventFilter, EventScope, EventsSince, NewEvent, Page, PageRequest, UnixMs};
use crate::store::events::{event, number, since, sums};
use crate::store::row::int;
use crate::store::{EventStore, StoreError};

/// Under this lock numbers are given and committed: whoever sees one sees all below it. The number means nothing else.
const LOCK: i64 = 0x5374_6164_4576;

#[async_trait::async_trait]
impl EventStore for PostgresStore {
    async fn append_events(&self, events: &[NewEvent]) -> Result<(), StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            append(&mut transaction, events).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    async fn events(&self, filter: &EventFilter, page: &PageRequest<u64>) -> Result<Page<Event, u64>, StoreError> {
        self.run(async {
            let mut query = QueryBuilder::new("SELECT * FROM events WHERE number < ");
            query.push_bind(int(page.after.unwrap_or(u64::MAX)));
            narrow(&mut query, filter);
            query.push(" ORDER BY number DESC LIMIT ").push_bind(i64::from(page.limit) + 1);
            let rows = query.build().fetch_all(&self.pool).await?;
            let numbered =
                rows.iter().map(|row| Ok((number(row)?, event(row)?))).collect::<Result<Vec<_>, StoreError>>()?;
            let Page { items, next } = Page::cut(numbered, page.limit, |(number, _)| *number);
            Ok(Page { items: items.into_iter().filter_map(|(_, event)| event).collect(), next })
        })
        .await
    }

    async fn events_since(&self, filter: &EventFilter, after: u64, limit: u16) -> Result<EventsSince, StoreError> {
        // Before the rows: what is kept meanwhile is looked at the next time.
        let newest = self.last_event().await?.max(after);
        self.run(async {
            let mut query = QueryBuilder::new("SELECT * FROM events WHERE number > ");
            query.push_bind(int(after)).push(" AND number <= ").push_bind(int(newest));
            narrow(&mut query, filter);
            query.push(" ORDER BY number LIMIT ").push_bind(i64::from(limit));
            let rows = query.build().fetch_all(&self.pool).await?;
            let last = rows.last().map(number).transpose()?;
            let items = rows.iter().filter_map(|row| event(row).transpose()).collect::<Result<Vec<_>, _>>()?;
            Ok(since(items, last, (limit, newest), rows.len()))
        })
        .await
    }

    async fn last_event(&self) -> Result<u64, StoreError> {
        self.run(async {
            let row =
                sqlx::query("SELECT coalesce(max(number), 0) AS number FROM events").fetch_one(&self.pool).await?;
            number(&row)
        })
        .await
    }

    async fn prune_events(&self, before: UnixMs, bytes_of_a_game: u64, most: u16) -> Result<u64, StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            lock(&mut transaction).await?;
            let aged = sqlx::query(
                "SELECT number, coalesce(game, '') AS game, bytes FROM events WHERE at < $1 ORDER BY at LIMIT $2",
            )
            .bind(int(before.0))
            .bind(i64::from(most))
            .fetch_all(&mut *transaction)
            .await?;
            let mut removed = remove(&mut transaction, &aged, i64::MAX).await?;
            let full = sqlx::query("SELECT game, bytes FROM event_bytes WHERE bytes > $1 ORDER BY bytes DESC LIMIT 1")
                .bind(int(bytes_of_a_game))
                .fetch_optional(&mut *transaction)
                .await?;
            if let Some(full) = full {
                let surplus = full.try_get::<i64, _>("bytes")? - int(bytes_of_a_game);
                let oldest = sqlx::query(
                    "SELECT number, coalesce(game, '') AS game, bytes FROM events WHERE game IS NOT DISTINCT FROM nullif($1, '')
                     ORDER BY number LIMIT $2",
                )
                .bind(full.try_get::<&str, _>("game")?)
                .bind(i64::from(most))
                .fetch_all(&mut *transaction)
                .await?;
                removed += remove(&mut transaction, &oldest, surplus).await?;
            }
            transaction.commit().await?;
            Ok(removed)
        })
        .await
    }
}

/// Adds events; at the end of a transaction, for nobody else's events get a number until it is over.
pub(super) async fn append(transaction: &mut Transaction<'_, Postgres>, events: &[NewEvent]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    lock(transaction).await?;
    let mut query =
        QueryBuilder::new("INSERT INTO events (at, kind, name, game, version, match, host, data, bytes, once) ");
    query.push_values(events, |mut row, event| {
        row.push_bind(int(event.at.0))
            .push_bind(event.kind.as_str())
            .push_bind(event.name.as_deref())
            .push_bind(event.game.as_ref().map(ToString::to_string))
            .push_bind(event.version.map(|version| version.0.to_vec()))
            .push_bind(event.of.map(|id| id.to_string()))
            .push_bind(event.host.as_ref().map(ToString::to_string))
            .push_bind(event.data.as_str())
            .push_bind(int(event.bytes()))
            .push_bind(event.once.as_deref());
    });
    query.push(" ON CONFLICT (once) DO NOTHING RETURNING coalesce(game, '') AS game, bytes");
    let rows = query.build().fetch_all(&mut **transaction).await?;
    for (game, bytes) in sums(&rows)? {
        sqlx::query(
            "INSERT INTO event_bytes (game, bytes) VALUES ($1, $2)
             ON CONFLICT (game) DO UPDATE SET bytes = event_bytes.bytes + excluded.bytes",
        )
        .bind(game)
        .bind(bytes)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Removes rows in their order until so many bytes are gone: how many rows.
async fn remove(transaction: &mut Transaction<'_, Postgres>, rows: &[PgRow], bytes: i64) -> Result<u64, StoreError> {
    let (mut gone, mut numbers) = (0_i64, Vec::new());
    for row in rows {
        if gone >= bytes {
            break;
        }
        gone += row.try_get::<i64, _>("bytes")?;
        numbers.push(row.try_get::<i64, _>("number")?);
    }
    if numbers.is_empty() {
        return Ok(0);
    }
    for (game, bytes) in sums(&rows[..numbers.len()])? {
        sqlx::query("UPDATE event_bytes SET bytes = bytes - $1 WHERE game = $2")
            .bind(bytes)
            .bind(game)
            .execute(&mut **transaction)
            .await?;
    }
    let mut query = QueryBuilder::new("DELETE FROM events WHERE number IN (");
    let mut list = query.separated(", ");
    for number in &numbers {
        list.push_bind(*number);
    }
    query.push(")");
    Ok(query.build().execute(&mut **transaction).await?.rows_affected())
}

async fn lock(transaction: &mut Transaction<'_, Postgres>) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut **transaction).await?;
    Ok(())
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &EventFilter) {
    match &filter.scope {
        EventScope::Everything => &mut *query,
        EventScope::Game(game) => query.push(" AND game = ").push_bind(game.to_string()),
        EventScope::NoGame => query.push(" AND game IS NULL"),
    };
    if !filter.kinds.is_empty() {
        query.push(" AND kind IN (");
        let mut list = query.separated(", ");
        for kind in &filter.kinds {
            list.push_bind(kind.as_str());
        }
        query.push(")");
    }
    if let Some(name) = &filter.name {
        query.push(" AND name = ").push_bind(name.clone());
    }
    if let Some(id) = filter.of {
        query.push(" AND match = ").push_bind(id.to_string());
    }
    if let Some(host) = &filter.host {
        query.push(" AND host = ").push_bind(host.to_string());
    }
    if let Some(since) = filter.since {
        query.push(" AND at >= ").push_bind(int(since.0));
    }
    if let Some(until) = filter.until {
        query.push(" AND at < ").push_bind(int(until.0));
    }
}

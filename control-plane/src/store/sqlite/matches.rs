//! Matches in SQLite.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, Transaction};
use stadion_protocol::contract::MatchStatus;
use stadion_protocol::{GameName, MatchCode, MatchId, PlayerId};

use super::SqliteStore;
use super::events::append;
use crate::model::{
    HostName, MatchEnd, MatchFilter, MatchKey, MatchNarrowing, MatchRecord, MatchWrite, NewEvent, Page, PageRequest,
    StateFilter, UnixMs, Usage, UsageScope, UsageSum, Viewer,
};
use crate::store::matches::{record, sum};
use crate::store::row::{int, parsed, to_json, uint};
use crate::store::{MatchStore, StoreError};

/// Sums of one answer.
const MOST_SUMS: i64 = 1_000;

#[async_trait::async_trait]
impl MatchStore for SqliteStore {
    async fn write_matches(&self, writes: &[MatchWrite]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let mut events = Vec::with_capacity(writes.len());
        for write in writes {
            match write {
                MatchWrite::Started(record) => events.push(started(&mut transaction, record).await?),
                MatchWrite::Parameters { id, parameters } => keep_parameters(&mut transaction, *id, parameters).await?,
                MatchWrite::Seated { status, at } => seated(&mut transaction, status, *at).await?,
                MatchWrite::Ended { status, end } => events.push(ended(&mut transaction, status, end).await?),
            }
        }
        append(&mut transaction, &events).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn match_record(&self, id: MatchId) -> Result<Option<MatchRecord>, StoreError> {
        let row =
            sqlx::query("SELECT * FROM matches WHERE id = ?").bind(id.to_string()).fetch_optional(&self.reader).await?;
        row.map(|row| record(&row)).transpose()
    }

    async fn matches(
        &self,
        filter: &MatchFilter,
        page: &PageRequest<(UnixMs, MatchId)>,
    ) -> Result<Page<MatchRecord, (UnixMs, MatchId)>, StoreError> {
        let rows = list(filter, page).build().fetch_all(&self.reader).await?;
        cut(&rows, page)
    }

    async fn unfinished(
        &self,
        host: &HostName,
        page: &PageRequest<(UnixMs, MatchId)>,
    ) -> Result<Page<MatchRecord, (UnixMs, MatchId)>, StoreError> {
        let mut query = QueryBuilder::new("SELECT * FROM matches WHERE ended_at IS NULL AND (host IS NULL OR host = ");
        query.push_bind(host.to_string()).push(")");
        page_of(&mut query, page);
        let rows = query.build().fetch_all(&self.reader).await?;
        cut(&rows, page)
    }

    async fn running_by_code(&self, game: &GameName, code: &MatchCode) -> Result<Option<MatchRecord>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM matches WHERE code = ? AND game = ? AND ended_at IS NULL ORDER BY created_at DESC LIMIT 1",
        )
        .bind(code.as_str())
        .bind(game.as_str())
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| record(&row)).transpose()
    }

    async fn running_by_key(&self, game: &GameName, key: &MatchKey) -> Result<Option<MatchRecord>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM matches WHERE game = ? AND key = ? AND ended_at IS NULL ORDER BY created_at DESC LIMIT 1",
        )
        .bind(game.as_str())
        .bind(key.as_str())
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| record(&row)).transpose()
    }

    async fn kept_journals(&self) -> Result<Vec<(MatchId, u64)>, StoreError> {
        let rows =
            sqlx::query("SELECT id, journal_bytes FROM matches WHERE journal_bytes IS NOT NULL ORDER BY ended_at, id")
                .fetch_all(&self.reader)
                .await?;
        rows.iter().map(|row| Ok((parsed(row.try_get("id")?)?, uint(row.try_get("journal_bytes")?)?))).collect()
    }

    async fn usage(&self, scope: &UsageScope, since: UnixMs) -> Result<Vec<UsageSum>, StoreError> {
        let mut query = QueryBuilder::new(
            "SELECT game, version, COUNT(*) AS matches, MIN(ended_at) AS first_ended_at,
                 SUM(usage_cpu_us) AS usage_cpu_us, MAX(usage_memory_bytes) AS usage_memory_bytes,
                 SUM(usage_ticks) AS usage_ticks, SUM(usage_messages_in) AS usage_messages_in,
                 SUM(usage_bytes_in) AS usage_bytes_in, SUM(usage_messages_out) AS usage_messages_out,
                 SUM(usage_bytes_out) AS usage_bytes_out, SUM(usage_journal_bytes) AS usage_journal_bytes
             FROM matches WHERE usage_cpu_us IS NOT NULL AND ended_at >= ",
        );
        query.push_bind(int(since.0));
        match scope {
            UsageScope::Game(game) => query.push(" AND game = ").push_bind(game.to_string()),
            UsageScope::Owner(owner) => {
                query.push(" AND game IN (SELECT name FROM games WHERE owner = ").push_bind(owner.to_string()).push(")")
            }
        };
        query.push(" GROUP BY game, version ORDER BY usage_cpu_us DESC, game, version LIMIT ").push_bind(MOST_SUMS);
        let rows = query.build().fetch_all(&self.reader).await?;
        rows.iter().map(sum).collect()
    }

    async fn forget_journal(&self, id: MatchId) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let held = sqlx::query("SELECT 1 AS held FROM player_reports WHERE match = ? AND state = 'open' LIMIT 1")
            .bind(id.to_string())
            .fetch_optional(&mut *transaction)
            .await?;
        if held.is_some() {
            return Ok(false);
        }
        for statement in
            ["UPDATE matches SET journal_bytes = NULL WHERE id = ?", "DELETE FROM match_parameters WHERE match = ?"]
        {
            sqlx::query(statement).bind(id.to_string()).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

fn list(filter: &MatchFilter, page: &PageRequest<(UnixMs, MatchId)>) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT * FROM matches WHERE 1 = 1");
    if let Some(game) = &filter.game {
        query.push(" AND game = ").push_bind(game.to_string());
    }
    match filter.state {
        Some(StateFilter::Live) => query.push(" AND ended_at IS NULL"),
        Some(StateFilter::Ended) => query.push(" AND ended_at IS NOT NULL"),
        None => &mut query,
    };
    match &filter.viewer {
        Viewer::Anyone => query.push(" AND visibility = 'public'"),
        Viewer::Account(id) => query
            .push(" AND (visibility = 'public' OR creator = ")
            .push_bind(id.to_string())
            .push(" OR game IN (SELECT name FROM games WHERE owner = ")
            .push_bind(id.to_string())
            .push("))"),
        Viewer::Operator => &mut query,
    };
    let MatchNarrowing { version, host, end, since, until } = &filter.narrowing;
    if let Some(version) = version {
        query.push(" AND version = ").push_bind(version.0.to_vec());
    }
    if let Some(host) = host {
        query.push(" AND host = ").push_bind(host.to_string());
    }
    if let Some(end) = end {
        // As the contract's EndReason is written: its kind comes first.
        let begins = format!("{{\"kind\":\"{end}\"");
        query.push(" AND substr(end_reason, 1, length(").push_bind(begins.clone()).push(")) = ").push_bind(begins);
    }
    if let Some(since) = since {
        query.push(" AND created_at >= ").push_bind(int(since.0));
    }
    if let Some(until) = until {
        query.push(" AND created_at < ").push_bind(int(until.0));
    }
    page_of(&mut query, page);
    query
}

/// The part of a list that a page is, newest first; one more than asked for says that there is more.
fn page_of(query: &mut QueryBuilder<Sqlite>, page: &PageRequest<(UnixMs, MatchId)>) {
    if let Some((created_at, id)) = page.after {
        query
            .push(" AND (created_at, id) < (")
            .push_bind(int(created_at.0))
            .push(", ")
            .push_bind(id.to_string())
            .push(")");
    }
    query.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(i64::from(page.limit) + 1);
}

fn cut(
    rows: &[SqliteRow],
    page: &PageRequest<(UnixMs, MatchId)>,
) -> Result<Page<MatchRecord, (UnixMs, MatchId)>, StoreError> {
    let items = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(items, page.limit, |record| (record.created_at, record.id)))
}

/// The end may have been written first: only what it could not know is added then.
async fn started(transaction: &mut Transaction<'_, Sqlite>, record: &MatchRecord) -> Result<NewEvent, StoreError> {
    sqlx::query(
        "INSERT INTO matches (id, code, key, host, game, version, creator, visibility, seat_count, created_at, seats, label,
             incarnation, tick)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET code = excluded.code, key = excluded.key, host = excluded.host, creator = excluded.creator,
             visibility = excluded.visibility, created_at = excluded.created_at",
    )
    .bind(record.id.to_string())
    .bind(record.code.as_ref().map(MatchCode::as_str))
    .bind(record.key.as_ref().map(MatchKey::as_str))
    .bind(record.host.as_ref().map(HostName::as_str))
    .bind(record.game.as_str())
    .bind(record.version.0.to_vec())
    .bind(record.creator.as_ref().map(PlayerId::as_str))
    .bind(record.visibility.as_str())
    .bind(i64::from(record.seat_count))
    .bind(int(record.created_at.0))
    .bind(to_json(&record.seats))
    .bind(record.label.as_str())
    .bind(i64::from(record.incarnation.0))
    .bind(int(record.tick.0))
    .execute(&mut **transaction)
    .await?;
    Ok(NewEvent::started(record))
}

/// Who made the match and when may follow in a later write; private until then.
async fn ended(
    transaction: &mut Transaction<'_, Sqlite>,
    status: &MatchStatus,
    end: &MatchEnd,
) -> Result<NewEvent, StoreError> {
    let used = |part: fn(&Usage) -> u64| end.usage.as_ref().map(|usage| int(part(usage)));
    let row = sqlx::query(
        "INSERT INTO matches (id, game, version, visibility, seat_count, created_at, seats, label, incarnation, tick,
             ended_at, end_reason, placings, data, chain, journal_bytes, last_log, usage_cpu_us, usage_memory_bytes,
             usage_ticks, usage_messages_in, usage_bytes_in, usage_messages_out, usage_bytes_out, usage_journal_bytes)
         VALUES (?, ?, ?, 'private', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, seats = excluded.seats, label = excluded.label,
             incarnation = excluded.incarnation, tick = excluded.tick, ended_at = excluded.ended_at,
             end_reason = excluded.end_reason, placings = excluded.placings, data = excluded.data,
             chain = excluded.chain, journal_bytes = excluded.journal_bytes, last_log = excluded.last_log,
             usage_cpu_us = excluded.usage_cpu_us, usage_memory_bytes = excluded.usage_memory_bytes,
             usage_ticks = excluded.usage_ticks, usage_messages_in = excluded.usage_messages_in,
             usage_bytes_in = excluded.usage_bytes_in, usage_messages_out = excluded.usage_messages_out,
             usage_bytes_out = excluded.usage_bytes_out, usage_journal_bytes = excluded.usage_journal_bytes
         RETURNING host",
    )
    .bind(status.id.to_string())
    .bind(status.game.as_str())
    .bind(status.version.0.to_vec())
    .bind(i64::from(status.seat_count))
    .bind(int(end.at.0))
    .bind(to_json(&status.seats))
    .bind(status.label.as_str())
    .bind(i64::from(status.incarnation.0))
    .bind(int(status.tick.0))
    .bind(int(end.at.0))
    .bind(to_json(&end.reason))
    .bind(to_json(&end.placings))
    .bind(end.data.as_slice())
    .bind(end.chain.map(|chain| chain.to_vec()))
    .bind(end.journal_bytes.map(int))
    .bind(to_json(&end.last_log))
    .bind(used(|usage| usage.cpu_us))
    .bind(used(|usage| usage.peak_memory_bytes))
    .bind(used(|usage| usage.ticks))
    .bind(used(|usage| usage.messages_in))
    .bind(used(|usage| usage.bytes_in))
    .bind(used(|usage| usage.messages_out))
    .bind(used(|usage| usage.bytes_out))
    .bind(used(|usage| usage.journal_bytes))
    .fetch_one(&mut **transaction)
    .await?;
    let host = row.try_get::<Option<&str>, _>("host")?.map(parsed).transpose()?;
    note_played(transaction, status, end.at).await?;
    Ok(NewEvent::ended(status, end, host))
}

/// Bots play no history: their ids mean nobody.
async fn note_played(
    transaction: &mut Transaction<'_, Sqlite>,
    status: &MatchStatus,
    at: UnixMs,
) -> Result<(), StoreError> {
    let people: Vec<_> = status.seats.iter().filter(|seat| !seat.player.bot).collect();
    if people.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("INSERT INTO played (account, match, ended_at, seat) ");
    query.push_values(people, |mut row, seat| {
        row.push_bind(seat.player.id.to_string())
            .push_bind(status.id.to_string())
            .push_bind(int(at.0))
            .push_bind(i64::from(seat.seat.0));
    });
    query.push(" ON CONFLICT DO NOTHING");
    query.build().execute(&mut **transaction).await?;
    Ok(())
}

/// The creation may be written later, as with an end.
async fn seated(transaction: &mut Transaction<'_, Sqlite>, status: &MatchStatus, at: UnixMs) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO matches (id, game, version, visibility, seat_count, created_at, seats, label, incarnation, tick)
         VALUES (?, ?, ?, 'private', ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET seats = excluded.seats WHERE matches.ended_at IS NULL",
    )
    .bind(status.id.to_string())
    .bind(status.game.as_str())
    .bind(status.version.0.to_vec())
    .bind(i64::from(status.seat_count))
    .bind(int(at.0))
    .bind(to_json(&status.seats))
    .bind(status.label.as_str())
    .bind(i64::from(status.incarnation.0))
    .bind(int(status.tick.0))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn keep_parameters(
    transaction: &mut Transaction<'_, Sqlite>,
    id: MatchId,
    parameters: &[u8],
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO match_parameters (match, parameters) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(id.to_string())
        .bind(parameters)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

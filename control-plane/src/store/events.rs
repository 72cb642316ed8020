//! What happened in games, to matches, on hosts.

use std::collections::BTreeMap;

use stadion_protocol::VersionId;

use super::StoreError;
use super::row::Columns;
use crate::model::{Event, EventFilter, EventsSince, NewEvent, Page, PageRequest, UnixMs};

/// Keeps events.
///
/// **Invariants.** Numbers are given in the order in which events can be seen: whoever has read everything up to a number
/// misses nothing that comes later. That a match was created and that it is over is written in the commit of its row
/// ([`super::MatchStore::write_matches`]), once: it is as sure as the row.
#[async_trait::async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// Adds events in one commit; those that are there already ([`NewEvent::once`]) are passed over. At most 1,000.
    async fn append_events(&self, events: &[NewEvent]) -> Result<(), StoreError>;

    /// Events, newest first; a page goes on below a number.
    async fn events(&self, filter: &EventFilter, page: &PageRequest<u64>) -> Result<Page<Event, u64>, StoreError>;

    /// Events behind a number, oldest first, at most `limit`.
    async fn events_since(&self, filter: &EventFilter, after: u64, limit: u16) -> Result<EventsSince, StoreError>;

    /// The number of the newest event; 0: there was none yet.
    async fn last_event(&self) -> Result<u64, StoreError>;

    /// Removes up to `most` of those that are older than `before`, and up to `most` of the oldest of one game whose events take
    /// more than `bytes_of_a_game`: how many. Again while it is not none.
    async fn prune_events(&self, before: UnixMs, bytes_of_a_game: u64, most: u16) -> Result<u64, StoreError>;
}

/// What a page of rows says of events behind a number: `newest` was asked for before the rows.
pub(super) fn since(items: Vec<Event>, last_row: Option<u64>, (limit, newest): (u16, u64), rows: usize) -> EventsSince {
    // A page that is full may be followed by more below `newest`.
    let upto = if rows >= usize::from(limit) { last_row.unwrap_or(newest) } else { newest };
    EventsSince { items, upto }
}

/// The bytes of rows by their games, in one order for all: writers do not wait for one another in a ring.
pub(super) fn sums(rows: &[impl Columns]) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut sums = BTreeMap::new();
    for row in rows {
        *sums.entry(row.text("game")?).or_default() += row.int("bytes")?;
    }
    Ok(sums)
}

/// The number of an event, from its row.
pub(super) fn number(row: &impl Columns) -> Result<u64, StoreError> {
    row.uint("number")
}

/// An event, from its row. `None`: of a kind that a newer server on the same database knows.
pub(super) fn event(row: &impl Columns) -> Result<Option<Event>, StoreError> {
    let Ok(kind) = row.text("kind")?.parse() else { return Ok(None) };
    Ok(Some(Event {
        number: number(row)?,
        at: row.time("at")?,
        kind,
        name: row.maybe_text("name")?,
        game: row.maybe_parsed("game")?,
        version: row.maybe_array("version")?.map(VersionId),
        of: row.maybe_parsed("match")?,
        host: row.maybe_parsed("host")?,
        data: row.text("data")?,
    }))
}

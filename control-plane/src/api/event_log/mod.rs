//! What happened in a game and on hosts: as pages, newest first, and as streams of server-sent events.

pub(super) mod of_game;
pub(super) mod of_hosts;
mod stream;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stadion_protocol::{InvalidId, MatchId};
use utoipa::{IntoParams, ToSchema};

use super::wire::{PageError, limit, read_cursor, write_cursor};
use crate::App;
use crate::events::FollowError;
use crate::http::{Extras, Fault, Kind, Problem};
use crate::model::{
    Event, EventFilter, EventScope, InvalidEventKind, InvalidHostName, InvalidTime, Page, PageRequest, UnixMs,
};

pub(crate) use stream::STREAMS;

/// Kinds in one question.
const MOST_KINDS: usize = 32;

/// Which events are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsQuery {
    /// Of these kinds, with commas between them; none: of all.
    #[param(example = "match.started,match.failed")]
    kind: Option<String>,
    /// Only what the game reported under this name.
    #[param(example = "goal")]
    name: Option<String>,
    /// Only in this match.
    #[serde(rename = "match")]
    #[param(rename = "match", example = "01h455vb4pex5vsknk084sn02q")]
    of: Option<String>,
    /// Only on this host.
    #[param(example = "h-5f1c0ad2b6e94c1d")]
    host: Option<String>,
    /// Then or later, RFC 3339. A stream begins with what was kept since then.
    #[param(example = "2026-11-20T10:00:00Z")]
    since: Option<String>,
    /// Before that, RFC 3339; of pages alone.
    #[param(example = "2026-11-20T11:00:00Z")]
    until: Option<String>,
    /// `next_cursor` of the page before; none: from the newest.
    cursor: Option<String>,
    /// Events of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventsPage {
    /// The newest first.
    items: Vec<EventBody>,
    /// For the next page; none: this was the last.
    #[schema(example = "Y2hlc3M")]
    next_cursor: Option<String>,
}

/// Something that happened. `kind` is one of:
///
/// `match.started` (data: `seats`, `visibility`); `match.ended` and `match.failed` (`reason`, `message`, `tick`, `players`,
/// `placings`): the latter by a fault of the game or the host; `game.report`: what the game reported, under `name`;
/// `version.quarantined` (`reason`): a version failed on every start; `report.filed` (`report`, `reason`): a player reported
/// another; `report.closed` (`report`, `state`); `host.up` (`after`: `start`, or `return` where it was lost), `host.down`
/// (`why`: `stopped` or `lost`), `host.drained` (`matches`, `hibernated`, `players`): it takes no more matches; `events.dropped`
/// (`dropped`, `why`): more happened than is kept. More kinds may come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventBody {
    /// Greater than that of every event that was kept before it: `Last-Event-ID` of a stream.
    #[schema(example = 4711)]
    id: u64,
    /// When, RFC 3339.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    at: String,
    /// What.
    #[schema(example = "game.report")]
    kind: &'static str,
    /// How the game called it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "goal")]
    name: Option<String>,
    /// In which game.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "tictactoe")]
    game: Option<String>,
    /// In which version of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: Option<String>,
    /// In which match.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    #[schema(rename = "match", example = "01h455vb4pex5vsknk084sn02q")]
    of: Option<String>,
    /// On which host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "h-5f1c0ad2b6e94c1d")]
    host: Option<String>,
    /// More about it, by its kind. What a game said is written by the game: escape it where you show it.
    data: Value,
}

impl From<Event> for EventBody {
    fn from(event: Event) -> EventBody {
        EventBody {
            id: event.number,
            at: event.at.to_string(),
            kind: event.kind.as_str(),
            name: event.name,
            game: event.game.map(|game| game.to_string()),
            version: event.version.map(|version| version.to_string()),
            of: event.of.map(|id| id.to_string()),
            host: event.host.map(|host| host.to_string()),
            // It was read before it was kept.
            data: serde_json::from_str(&event.data).unwrap_or_default(),
        }
    }
}

/// Why events are not told.
#[derive(Debug, thiserror::Error)]
enum EventsRefusal {
    #[error(transparent)]
    Kind(#[from] InvalidEventKind),
    #[error("kind: at most {MOST_KINDS} at a time")]
    Kinds,
    #[error("match: {0}")]
    Match(InvalidId),
    #[error(transparent)]
    Host(#[from] InvalidHostName),
    #[error("{0}: {1}")]
    Time(&'static str, InvalidTime),
    #[error(transparent)]
    Follow(#[from] FollowError),
    #[error("{STREAMS} streams of events are open already; try again later, or read pages")]
    Full,
}

impl Fault for EventsRefusal {
    fn kind(&self) -> Kind {
        match self {
            EventsRefusal::Follow(FollowError::Store(error)) => error.kind(),
            EventsRefusal::Follow(FollowError::Coordination(error)) => error.kind(),
            EventsRefusal::Full => Kind::Unavailable,
            _ => Kind::Invalid,
        }
    }

    fn extras(&self) -> Extras {
        match self {
            EventsRefusal::Follow(FollowError::Store(error)) => error.extras(),
            EventsRefusal::Follow(FollowError::Coordination(error)) => error.extras(),
            EventsRefusal::Full => Extras { retry_after: Some(stream::HEARTBEAT), ..Extras::default() },
            _ => Extras::default(),
        }
    }
}

/// What was asked for.
fn filter(query: &EventsQuery, scope: EventScope) -> Result<EventFilter, EventsRefusal> {
    let kinds: Vec<&str> = query.kind.iter().flat_map(|kinds| kinds.split(',')).map(str::trim).collect();
    if kinds.len() > MOST_KINDS {
        return Err(EventsRefusal::Kinds);
    }
    let time = |what, text: &Option<String>| {
        text.as_deref().map(str::parse::<UnixMs>).transpose().map_err(|error| EventsRefusal::Time(what, error))
    };
    Ok(EventFilter {
        scope,
        kinds: kinds.into_iter().map(str::parse).collect::<Result<_, _>>()?,
        name: query.name.clone().filter(|name| !name.contains('\0')),
        of: query.of.as_deref().map(str::parse::<MatchId>).transpose().map_err(EventsRefusal::Match)?,
        host: query.host.as_deref().map(str::parse).transpose()?,
        since: time("since", &query.since)?,
        until: time("until", &query.until)?,
    })
}

/// A page of what was asked for.
async fn page(app: &App, query: &EventsQuery, filter: &EventFilter) -> Result<EventsPage, Problem> {
    let place = |cursor: &str| read_cursor(cursor)?.parse::<u64>().map_err(|_| PageError::Cursor);
    let after = query.cursor.as_deref().map(place).transpose()?;
    let request = PageRequest { after, limit: limit(query.limit)? };
    app.matches.flush().await;
    app.event_log.flush().await;
    let Page { items, next } = app.store.events(filter, &request).await?;
    Ok(EventsPage {
        items: items.into_iter().map(EventBody::from).collect(),
        next_cursor: next.map(|number| write_cursor(&number.to_string())),
    })
}

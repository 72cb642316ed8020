//! `GET /v1/games/{game}/channels/{channel}/history`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use stadion_protocol::GameName;
use utoipa::ToSchema;

use super::ChannelPath;
use crate::App;
use crate::api::versions::check_owner;
use crate::api::wire::{PageError, PageQuery, limit, read_cursor, write_cursor};
use crate::http::{Authenticated, Problem, UrlPath, UrlQuery};
use crate::model::{ChannelChange, ChannelName};

/// A page of a channel's history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelHistoryBody {
    /// Newest first.
    items: Vec<ChannelHistoryEntry>,
    /// For the next page; none: this was the last.
    #[schema(example = "MTI")]
    next_cursor: Option<String>,
}

/// What was done to a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelHistoryEntry {
    /// `published`, `promoted`, `rolled-back`, `deprecated`, `set` or `removed`.
    #[schema(example = "promoted")]
    action: &'static str,
    /// The version that it points at since then; none: nothing.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: Option<String>,
    /// Its share since then.
    #[schema(example = 0)]
    percent: u8,
    /// RFC 3339.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    at: String,
    /// Account of who did it; none: from before this was written down.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    by: Option<String>,
}

impl From<ChannelChange> for ChannelHistoryEntry {
    fn from(change: ChannelChange) -> ChannelHistoryEntry {
        ChannelHistoryEntry {
            action: change.action.as_str(),
            version: change.version.map(|id| id.to_string()),
            percent: change.percent,
            at: change.at.to_string(),
            by: change.by.map(|id| id.to_string()),
        }
    }
}

/// Get a channel's history
///
/// What was published to it, promoted and rolled back, when and by whom. It outlives the channel.
#[utoipa::path(
    get, path = "/v1/games/{game}/channels/{channel}/history", tag = "games", security(("bearer" = [])),
    params(ChannelPath, PageQuery),
    responses(
        (status = 200, description = "Changes, newest first.", body = ChannelHistoryBody),
        (status = 400, description = "the query does not read"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such game"),
        (status = 422, description = "the cursor is not one of `next_cursor`"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_channel_history(
    State(app): State<Arc<App>>,
    UrlPath((game, name)): UrlPath<(GameName, ChannelName)>,
    UrlQuery(query): UrlQuery<PageQuery>,
    Authenticated(caller): Authenticated,
) -> Result<Json<ChannelHistoryBody>, Problem> {
    check_owner(&app, &caller, &game).await?;
    let before = match &query.cursor {
        Some(cursor) => Some(read_cursor(cursor)?.parse::<u64>().map_err(|_| PageError::Cursor)?),
        None => None,
    };
    let most = limit(query.limit)?;
    let mut changes = app.store.channel_history(&game, Some(&name), before, most + 1).await?;
    let more = changes.len() > usize::from(most);
    changes.truncate(usize::from(most));
    let next_cursor = changes.last().filter(|_| more).map(|last| write_cursor(&last.number.to_string()));
    Ok(Json(ChannelHistoryBody { items: changes.into_iter().map(ChannelHistoryEntry::from).collect(), next_cursor }))
}

//! `GET /v1/games/{game}/storage`: which documents there are.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use utoipa::{IntoParams, ToSchema};

use super::{DocumentBody, reached};
use crate::App;
use crate::api::wire::{GamePath, PageError, limit, read_cursor, write_cursor};
use crate::http::{Authenticated, Problem, UrlPath, UrlQuery};
use crate::model::{Page, PlayerAccess};

/// Which documents are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Account id of the player whose they are; none: the game's own.
    #[param(example = "p-5f1c0ad2b6e94c1d01020304")]
    player: Option<String>,
    /// `next_cursor` of the page before; none: from the beginning.
    cursor: Option<String>,
    /// Documents of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// Documents, in the order of their keys' bytes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DocumentsBody {
    /// What is on this page.
    items: Vec<DocumentBody>,
    /// Ask for the next page with it; none: this was the last.
    #[schema(example = "Y2hlc3M")]
    next_cursor: Option<String>,
}

/// List documents of a game
///
/// Of one player, or the game's own. The game's owner sees all; players see their own, if the game allows it.
#[utoipa::path(
    get, path = "/v1/games/{game}/storage", tag = "storage", security(("bearer" = [])), params(GamePath, ListQuery),
    responses(
        (status = 200, description = "A page of them.", body = DocumentsBody),
        (status = 400, description = "not a game name, or a limit out of range"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the game's owner and operators reach the documents of others and of the game"),
        (status = 404, description = "there is no such game"),
        (status = 422, description = "not an account id, or the cursor is not one of `next_cursor`"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn list_documents(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    UrlQuery(query): UrlQuery<ListQuery>,
    Authenticated(caller): Authenticated,
) -> Result<Json<DocumentsBody>, Problem> {
    let limit = limit(query.limit)?;
    let cursor = query.cursor.as_deref().map(read_cursor).transpose()?;
    let after = cursor.map(|key| key.parse()).transpose().map_err(|_| PageError::Cursor)?;
    let player = reached(&app, &caller, &game, (query.player, PlayerAccess::Read)).await?;
    let heads = app.store.documents(&game, player.as_ref(), after.as_ref(), limit + 1).await?;
    let page = Page::cut(heads, limit, |head| write_cursor(head.key.as_str()));
    let items = page.items.into_iter().map(|head| DocumentBody {
        key: head.key.as_str().to_owned(),
        version: head.version,
        size: head.size,
        changed_at: head.changed_at.to_string(),
    });
    Ok(Json(DocumentsBody { items: items.collect(), next_cursor: page.next }))
}

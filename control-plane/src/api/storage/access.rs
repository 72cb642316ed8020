//! `GET` and `PUT /v1/games/{game}/storage-access`: what players may do with their own documents by the API.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use utoipa::ToSchema;

use super::StorageError;
use crate::App;
use crate::api::wire::GamePath;
use crate::games::CatalogError;
use crate::http::{Authenticated, JsonBody, Problem, UrlPath};
use crate::model::{PlayerAccess, Role};

/// What players may do with their own documents. Matches of the game may always do everything.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessBody {
    /// `none`; `read`: their own; `write`: theirs to change as well, so what is in them is the player's word.
    players: PlayersMay,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PlayersMay {
    None,
    Read,
    Write,
}

impl From<PlayerAccess> for AccessBody {
    fn from(access: PlayerAccess) -> AccessBody {
        let players = match access {
            PlayerAccess::None => PlayersMay::None,
            PlayerAccess::Read => PlayersMay::Read,
            PlayerAccess::Write => PlayersMay::Write,
        };
        AccessBody { players }
    }
}

impl From<AccessBody> for PlayerAccess {
    fn from(body: AccessBody) -> PlayerAccess {
        match body.players {
            PlayersMay::None => PlayerAccess::None,
            PlayersMay::Read => PlayerAccess::Read,
            PlayersMay::Write => PlayerAccess::Write,
        }
    }
}

/// Get what players may do with their documents
///
/// `none`, `read` their own, or `write` them as well, as the game's owner has said. Matches of the game may always do everything.
#[utoipa::path(
    get, path = "/v1/games/{game}/storage-access", tag = "storage", params(GamePath),
    responses(
        (status = 200, description = "What they may.", body = AccessBody),
        (status = 400, description = "not a game name"),
        (status = 404, description = "there is no such game"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn get_storage_access(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
) -> Result<Json<AccessBody>, Problem> {
    if app.store.game(&game).await?.is_none() {
        return Err(CatalogError::UnknownGame(game).into());
    }
    Ok(Json(app.store.player_access(&game).await?.into()))
}

/// Set what players may do with their documents
///
/// For its owner. It holds from then on, for the documents of every player; matches of the game may always do everything.
#[utoipa::path(
    put, path = "/v1/games/{game}/storage-access", tag = "storage", security(("bearer" = [])), params(GamePath),
    request_body = AccessBody,
    responses(
        (status = 200, description = "What they may from now on.", body = AccessBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the game's owner and operators may do that"),
        (status = 404, description = "there is no such game"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "none, read or write"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn set_storage_access(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    Authenticated(caller): Authenticated,
    JsonBody(wanted): JsonBody<AccessBody>,
) -> Result<Json<AccessBody>, Problem> {
    let entry = app.store.game(&game).await?.ok_or_else(|| CatalogError::UnknownGame(game.clone()))?;
    if entry.game.owner != caller.account && caller.role != Role::Operator {
        return Err(StorageError::NotOwner.into());
    }
    let access = PlayerAccess::from(wanted);
    app.store.set_player_access(&game, access).await?;
    Ok(Json(access.into()))
}

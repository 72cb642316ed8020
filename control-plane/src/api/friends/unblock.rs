//! `DELETE /v1/blocks/{player}`.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;

use super::PlayerPath;
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};

/// Unblock a player
///
/// They may meet again. Unblocking somebody who is not blocked changes nothing.
#[utoipa::path(
    delete, path = "/v1/blocks/{player}", tag = "friends", security(("bearer" = [])), params(PlayerPath),
    responses(
        (status = 204, description = "It is not blocked."),
        (status = 400, description = "not a name"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "there is no such player"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn unblock_player(
    State(app): State<Arc<App>>,
    UrlPath(player): UrlPath<String>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    let player = app.lobby.player_named(&player).await?;
    app.store.unblock(&caller.account, &player).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `PUT /v1/blocks/{player}`.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;

use super::{BLOCKS, PlayerPath, SocialError};
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};

/// Block a player
///
/// No queue brings them together, neither invites the other, and they are no friends. The player is not told.
#[utoipa::path(
    put, path = "/v1/blocks/{player}", tag = "friends", security(("bearer" = [])), params(PlayerPath),
    responses(
        (status = 204, description = "It is blocked."),
        (status = 400, description = "not a name"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "there is no such player"),
        (status = 409, description = "that is yourself, or you block as many as you may"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn block_player(
    State(app): State<Arc<App>>,
    UrlPath(player): UrlPath<String>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    let player = app.lobby.player_named(&player).await?;
    if player == caller.account {
        return Err(SocialError::Oneself.into());
    }
    if app.store.block(&caller.account, &player, app.clock.now(), BLOCKS).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(SocialError::Full(BLOCKS).into())
    }
}

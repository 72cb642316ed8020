//! `DELETE /v1/friends/{player}`.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;

use super::PlayerPath;
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};

/// Remove a friend
///
/// Or decline one who asks, or take back that one was asked.
#[utoipa::path(
    delete, path = "/v1/friends/{player}", tag = "friends", security(("bearer" = [])), params(PlayerPath),
    responses(
        (status = 204, description = "They are no friends."),
        (status = 400, description = "not a name"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "there is no such player"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn remove_friend(
    State(app): State<Arc<App>>,
    UrlPath(player): UrlPath<String>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    let player = app.lobby.player_named(&player).await?;
    app.store.unfriend(&caller.account, &player).await?;
    Ok(StatusCode::NO_CONTENT)
}

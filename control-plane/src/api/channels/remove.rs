//! `DELETE /v1/games/{game}/channels/{channel}`.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use stadion_protocol::GameName;

use super::ChannelPath;
use crate::App;
use crate::api::versions::check_owner;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::model::ChannelName;

/// Remove a channel
///
/// Its history stays; its version stays too. Matches that run go on. There is always a channel `stable`.
#[utoipa::path(
    delete, path = "/v1/games/{game}/channels/{channel}", tag = "games", security(("bearer" = [])), params(ChannelPath),
    responses(
        (status = 204, description = "Removed."),
        (status = 400, description = "not a name"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such game or channel"),
        (status = 409, description = "every game has a channel stable"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn remove_channel(
    State(app): State<Arc<App>>,
    UrlPath((game, name)): UrlPath<(GameName, ChannelName)>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    check_owner(&app, &caller, &game).await?;
    app.releases.remove(&game, &name, &caller.account).await?;
    Ok(StatusCode::NO_CONTENT)
}

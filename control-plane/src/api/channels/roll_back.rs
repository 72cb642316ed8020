//! `POST /v1/games/{game}/channels/{channel}/rollback`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use stadion_protocol::GameName;

use super::{ChannelBody, ChannelPath, current};
use crate::App;
use crate::api::versions::check_owner;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::model::ChannelName;

/// Roll a channel back
///
/// Has it point at the version that it had before: the last one that is neither deprecated nor in quarantine. Rolling back
/// again goes back further. Matches that run go on.
#[utoipa::path(
    post, path = "/v1/games/{game}/channels/{channel}/rollback", tag = "games", security(("bearer" = [])),
    params(ChannelPath),
    responses(
        (status = 200, description = "The channel as it is now.", body = ChannelBody),
        (status = 400, description = "not a name"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such game or channel"),
        (status = 409, description = "the channel had no other version before that could still be played"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn roll_back_channel(
    State(app): State<Arc<App>>,
    UrlPath((game, name)): UrlPath<(GameName, ChannelName)>,
    Authenticated(caller): Authenticated,
) -> Result<Json<ChannelBody>, Problem> {
    check_owner(&app, &caller, &game).await?;
    app.releases.roll_back(&game, &name, &caller.account).await?;
    Ok(Json(current(&app, &game, &name).await?.into()))
}

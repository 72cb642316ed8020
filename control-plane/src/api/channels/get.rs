//! `GET /v1/games/{game}/channels/{channel}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use stadion_protocol::GameName;

use super::{ChannelBody, ChannelPath, current};
use crate::App;
use crate::api::versions::check_owner;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::model::ChannelName;

/// Get a channel
///
/// Its entity tag, given back as `If-Match`, lets a change through only if nobody has changed the channel since.
#[utoipa::path(
    get, path = "/v1/games/{game}/channels/{channel}", tag = "games", security(("bearer" = [])), params(ChannelPath),
    responses(
        (status = 200, description = "The channel.", body = ChannelBody),
        (status = 400, description = "not a name"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such game or channel"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_channel(
    State(app): State<Arc<App>>,
    UrlPath((game, name)): UrlPath<(GameName, ChannelName)>,
    Authenticated(caller): Authenticated,
) -> Result<Json<ChannelBody>, Problem> {
    check_owner(&app, &caller, &game).await?;
    Ok(Json(current(&app, &game, &name).await?.into()))
}

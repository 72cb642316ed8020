//! `GET /v1/games/{game}/channels`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use stadion_protocol::GameName;
use utoipa::ToSchema;

use super::ChannelBody;
use crate::App;
use crate::api::versions::check_owner;
use crate::api::wire::GamePath;
use crate::http::{Authenticated, Problem, UrlPath};

/// Channels of a game.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelsBody {
    /// By name, at most 16.
    items: Vec<ChannelBody>,
}

/// List a game's channels
///
/// Which versions are played and by whom: for the game's owner and operators.
#[utoipa::path(
    get, path = "/v1/games/{game}/channels", tag = "games", security(("bearer" = [])), params(GamePath),
    responses(
        (status = 200, description = "The channels.", body = ChannelsBody),
        (status = 400, description = "not a game name"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such game"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn list_channels(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    Authenticated(caller): Authenticated,
) -> Result<Json<ChannelsBody>, Problem> {
    check_owner(&app, &caller, &game).await?;
    let channels = app.store.channels(&game).await?;
    Ok(Json(ChannelsBody { items: channels.into_iter().map(ChannelBody::from).collect() }))
}

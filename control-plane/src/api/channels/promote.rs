//! `POST /v1/games/{game}/channels/{channel}/promote`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use stadion_protocol::GameName;
use utoipa::ToSchema;

use super::{ChannelBody, ChannelPath, current};
use crate::App;
use crate::api::versions::check_owner;
use crate::http::{Authenticated, Fault, JsonBody, Kind, Problem, UrlPath};
use crate::model::{ChannelName, InvalidChannelName};

/// Where a version goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromoteBody {
    /// The channel that gets it; none: `stable`.
    #[schema(example = "stable", pattern = "^[a-z][a-z0-9-]{0,31}$")]
    to: Option<String>,
}

impl Fault for InvalidChannelName {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// Promote a channel's version
///
/// Has another channel, `stable` unless named otherwise, point at this one's version. A `canary` points at nothing afterwards.
/// Both happen together.
#[utoipa::path(
    post, path = "/v1/games/{game}/channels/{channel}/promote", tag = "games", security(("bearer" = [])),
    params(ChannelPath), request_body = PromoteBody,
    responses(
        (status = 200, description = "The channel that got the version.", body = ChannelBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such game or channel"),
        (status = 409, description = "the channel points at no version"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "not another channel, or the version is deprecated"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn promote_channel(
    State(app): State<Arc<App>>,
    UrlPath((game, from)): UrlPath<(GameName, ChannelName)>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<PromoteBody>,
) -> Result<Json<ChannelBody>, Problem> {
    check_owner(&app, &caller, &game).await?;
    let to = body.to.map_or(Ok(ChannelName::stable()), |name| name.parse())?;
    app.releases.promote(&game, (&from, &to), &caller.account).await?;
    Ok(Json(current(&app, &game, &to).await?.into()))
}

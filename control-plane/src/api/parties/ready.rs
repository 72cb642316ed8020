//! `PUT /v1/parties/mine/ready`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::App;
use crate::http::{Authenticated, JsonBody, Problem};
use crate::lobby::PartyBody;
use crate::parties::Action;

/// Whether the caller is ready.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadyBody {
    /// Not to be ready ends a search of the party.
    #[schema(example = true)]
    ready: bool,
}

/// Be ready, or not
///
/// The leader can search once all members are ready.
#[utoipa::path(
    put, path = "/v1/parties/mine/ready", tag = "parties", security(("bearer" = [])), request_body = ReadyBody,
    responses(
        (status = 200, description = "The party.", body = PartyBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "you are in no party"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "`ready` is true or false"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(super) async fn set_ready(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<ReadyBody>,
) -> Result<Json<PartyBody>, Problem> {
    let party = app.lobby.act_in_party(&caller.account, Action::Ready(body.ready)).await?;
    Ok(Json(PartyBody::from(&party)))
}

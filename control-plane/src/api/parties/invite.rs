//! `POST /v1/parties/mine/invitations`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::WhomBody;
use crate::App;
use crate::http::{Authenticated, JsonBody, Problem};
use crate::lobby::PartyBody;

/// Invite a player
///
/// Into the caller's party; any member may. It is good for five minutes; to invite again makes it good for longer.
#[utoipa::path(
    post, path = "/v1/parties/mine/invitations", tag = "parties", security(("bearer" = [])), request_body = WhomBody,
    responses(
        (status = 200, description = "The party, with the invitation.", body = PartyBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "there is no such player, or you are in no party"),
        (status = 409, description = "the player is in the party already or cannot be invited, or the party is full"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "`player` is missing"),
        (status = 503, description = "the store or coordination is unavailable"),
    )
)]
pub(super) async fn invite(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<WhomBody>,
) -> Result<Json<PartyBody>, Problem> {
    let party = app.lobby.invite(&caller, &body.player).await?;
    Ok(Json(PartyBody::from(&party)))
}

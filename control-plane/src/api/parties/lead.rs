//! `PUT /v1/parties/mine/leader`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::WhomBody;
use crate::App;
use crate::http::{Authenticated, JsonBody, Problem};
use crate::lobby::PartyBody;
use crate::parties::Action;

/// Hand over a party
///
/// The leader lets another member lead.
#[utoipa::path(
    put, path = "/v1/parties/mine/leader", tag = "parties", security(("bearer" = [])), request_body = WhomBody,
    responses(
        (status = 200, description = "The party with its new leader.", body = PartyBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the leader of the party may do that"),
        (status = 404, description = "it is not in the party, or you are in none"),
        (status = 409, description = "that is yourself"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "`player` is missing"),
        (status = 503, description = "the store or coordination is unavailable"),
    )
)]
pub(super) async fn hand_over(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<WhomBody>,
) -> Result<Json<PartyBody>, Problem> {
    let to = app.lobby.player_named(&body.player).await?;
    let party = app.lobby.act_in_party(&caller.account, Action::HandOver { to }).await?;
    Ok(Json(PartyBody::from(&party)))
}

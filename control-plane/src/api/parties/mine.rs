//! `GET /v1/parties/mine`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::App;
use crate::http::{Authenticated, Problem};
use crate::lobby::{PartyBody, PartyError};

/// Get your party
///
/// As it is now. Every change of it is told as well: `GET /v1/events`.
#[utoipa::path(
    get, path = "/v1/parties/mine", tag = "parties", security(("bearer" = [])),
    responses(
        (status = 200, description = "The caller's party.", body = PartyBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "you are in no party"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(super) async fn get_party(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<PartyBody>, Problem> {
    let party = app.lobby.party_of(&caller.account).await?.ok_or(PartyError::None)?;
    Ok(Json(PartyBody::from(&party)))
}

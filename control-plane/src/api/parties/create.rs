//! `POST /v1/parties`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hyper::StatusCode;

use crate::App;
use crate::http::{Authenticated, Problem};
use crate::lobby::PartyBody;

/// Make a party
///
/// Of one, who leads it. Others come by its code (`POST /v1/parties/join`) or by invitation. Parties are forgotten a day after
/// anything last happened to them.
#[utoipa::path(
    post, path = "/v1/parties", tag = "parties", security(("bearer" = [])),
    responses(
        (status = 201, description = "The party.", body = PartyBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 409, description = "you are in a party already; leave it first"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(super) async fn create_party(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<(StatusCode, Json<PartyBody>), Problem> {
    let party = app.lobby.create_party(&caller).await?;
    Ok((StatusCode::CREATED, Json(PartyBody::from(&party))))
}

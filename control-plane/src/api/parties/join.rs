//! `POST /v1/parties/join`: by a link or by an invitation.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use stadion_protocol::InvalidId;
use utoipa::ToSchema;

use crate::App;
use crate::http::{Authenticated, Fault, JsonBody, Kind, Problem};
use crate::lobby::{PartyBody, Way};

/// How to come in: by its code, or by its id where one is invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "KBQTWXZR"}))]
pub(super) struct JoinBody {
    /// What the link carries.
    code: Option<String>,
    /// The party that an invitation names.
    party: Option<String>,
}

/// A wish that cannot be.
#[derive(Debug, thiserror::Error)]
enum JoinError {
    #[error("name either `code` or `party`")]
    Which,
    #[error(transparent)]
    Id(#[from] InvalidId),
}

impl Fault for JoinError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// Join a party
///
/// By its code, `{"code": ".."}`, or by an invitation, `{"party": ".."}`. A party that searches or plays takes nobody.
#[utoipa::path(
    post, path = "/v1/parties/join", tag = "parties", security(("bearer" = [])), request_body = JoinBody,
    responses(
        (status = 200, description = "The party, with the caller in it.", body = PartyBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "there is no such party, or no invitation to it"),
        (status = 409, description = "the party is full, searches or plays, or you are in one already"),
        (status = 410, description = "the code does not lead to the party any more"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "neither a code nor a party's id"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(super) async fn join_party(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<JoinBody>,
) -> Result<Json<PartyBody>, Problem> {
    let way = match (body.code, body.party) {
        (Some(code), None) => Way::Code(code.parse().map_err(JoinError::Id)?),
        (None, Some(party)) => Way::Invitation(party.parse().map_err(JoinError::Id)?),
        _ => return Err(JoinError::Which.into()),
    };
    let party = app.lobby.join_party(&caller, way).await?;
    Ok(Json(PartyBody::from(&party)))
}

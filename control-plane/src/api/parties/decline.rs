//! `DELETE /v1/invitations/{party}`.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use serde::Deserialize;
use stadion_protocol::MatchId;
use utoipa::IntoParams;

use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::parties::PartyId;

/// A party in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the id itself")]
pub(super) struct PartyPath {
    /// The party's id.
    #[param(example = "01h455vb4pex5vsknk084sn02q", pattern = "^[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    party: String,
}

/// Decline an invitation
///
/// The party is told. Declining one that is not there changes nothing.
#[utoipa::path(
    delete, path = "/v1/invitations/{party}", tag = "parties", security(("bearer" = [])), params(PartyPath),
    responses(
        (status = 204, description = "It is void."),
        (status = 400, description = "not a party's id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "there is no such invitation, or it has expired"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(super) async fn decline_invitation(
    State(app): State<Arc<App>>,
    UrlPath(party): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    app.lobby.decline(&caller.account, PartyId(party)).await?;
    Ok(StatusCode::NO_CONTENT)
}

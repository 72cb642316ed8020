//! `GET /v1/invitations`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::http::{Authenticated, Problem};

/// Into which parties the caller was asked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationsBody {
    /// The one that expires first comes first; at most 32.
    items: Vec<AskedBody>,
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AskedBody {
    /// The party.
    #[schema(example = "01h455vb4pex5vsknk084sn02q")]
    party: String,
    /// Account id of the member who asks.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    by: String,
    /// Its name.
    #[schema(example = "Ann")]
    name: String,
    /// Void from then on, RFC 3339.
    #[schema(example = "2026-11-20T10:05:00.000Z", format = DateTime)]
    until: String,
}

/// List your invitations
///
/// Accept one with `POST /v1/parties/join`, decline it with `DELETE /v1/invitations/{party}`.
#[utoipa::path(
    get, path = "/v1/invitations", tag = "parties", security(("bearer" = [])),
    responses(
        (status = 200, description = "Those that are good still.", body = InvitationsBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(super) async fn list_invitations(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<InvitationsBody>, Problem> {
    let open = app.lobby.invitations(&caller.account).await?;
    let asked = |(party, note): (String, crate::lobby::InvitationNote)| AskedBody {
        party,
        by: note.by.to_string(),
        name: note.name,
        until: note.until.to_string(),
    };
    Ok(Json(InvitationsBody { items: open.into_iter().map(asked).collect() }))
}

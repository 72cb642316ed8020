//! `DELETE /v1/sessions/{session}`: ending one of one's sign-ins.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;

use crate::App;
use crate::http::{Authenticated, Fault, Kind, Problem, UrlPath};
use crate::lobby::PlayerEvent;
use crate::model::SessionId;

/// Not a sign-in of the caller's.
#[derive(Debug, thiserror::Error)]
#[error("you have no such sign-in")]
pub(crate) struct NoSuchSession;

impl Fault for NoSuchSession {
    fn kind(&self) -> Kind {
        Kind::NotFound
    }
}

/// End a sign-in
///
/// Its refresh token is void at once, its access token within moments.
#[utoipa::path(
    delete, path = "/v1/sessions/{session}", tag = "accounts", security(("bearer" = [])),
    params(("session" = String, Path, description = "As the list of sign-ins names it.", example = "9f2b5c0d6e7a48119f2b5c0d6e7a4811", pattern = "^[0-9a-f]{32}$")),
    responses(
        (status = 204, description = "Its tokens are void."),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "you have no such sign-in"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn end_session(
    State(app): State<Arc<App>>,
    UrlPath(session): UrlPath<String>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    let mut id = [0; 16];
    hex::decode_to_slice(&session, &mut id).map_err(|_| NoSuchSession)?;
    if app.accounts.end_session(&caller, SessionId(id)).await? {
        app.lobby.tell(&caller.account, &PlayerEvent::SignedOut { session: Some(session) }).await;
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(NoSuchSession.into())
    }
}

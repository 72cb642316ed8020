//! `DELETE /v1/me/identities/{provider}`: an account lets go of an identity.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;

use crate::App;
use crate::http::{Authenticated, Fault, Kind, Problem, UrlPath};
use crate::store::Unlinked;

/// Why an identity stays linked.
#[derive(Debug, thiserror::Error)]
enum UnlinkRefusal {
    #[error("no identity of {0} is linked to this account")]
    NotLinked(String),
    #[error("there is no other way into this account: register a name and a password, or link another provider, first")]
    LastWayIn,
}

impl Fault for UnlinkRefusal {
    fn kind(&self) -> Kind {
        match self {
            UnlinkRefusal::NotLinked(_) => Kind::NotFound,
            UnlinkRefusal::LastWayIn => Kind::Conflict,
        }
    }
}

/// Unlink an identity
///
/// All of a provider's that are linked to the caller's account, which keeps its sign-ins. The provider signs nobody in to it any
/// more; whoever it vouches for gets an account of its own. An account keeps its last way in.
#[utoipa::path(
    delete, path = "/v1/me/identities/{provider}", tag = "accounts", security(("bearer" = [])),
    params(("provider" = String, Path, description = "Its name.", example = "acme")),
    responses(
        (status = 204, description = "It is linked no more."),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "no identity of acme is linked to this account"),
        (status = 409, description = "there is no other way into this account: register a name and a password, or link another provider, first"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn unlink_identity(
    State(app): State<Arc<App>>,
    UrlPath(provider): UrlPath<String>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    match app.store.unlink_identity(&caller.account, &provider).await? {
        Unlinked::Done => Ok(StatusCode::NO_CONTENT),
        Unlinked::NotLinked => Err(UnlinkRefusal::NotLinked(provider.chars().take(40).collect()).into()),
        Unlinked::LastWayIn => Err(UnlinkRefusal::LastWayIn.into()),
    }
}

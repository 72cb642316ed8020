//! `DELETE /v1/keys/{id}`: the end of a key.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;

use crate::App;
use crate::http::{Authenticated, Fault, Kind, Problem, UrlPath};
use crate::model::{ApiKeyId, InvalidApiKeyId};

/// Not a key of the caller's.
#[derive(Debug, thiserror::Error)]
#[error("you have no key {0}")]
pub(crate) struct NoSuchKey(ApiKeyId);

impl Fault for NoSuchKey {
    fn kind(&self) -> Kind {
        Kind::NotFound
    }
}

impl Fault for InvalidApiKeyId {
    fn kind(&self) -> Kind {
        Kind::BadRequest
    }
}

/// Revoke a key
///
/// It is good nowhere from now on; replicas that used it in the last 10 s find out within another 10.
#[utoipa::path(
    delete, path = "/v1/keys/{id}", tag = "accounts", security(("bearer" = [])),
    params(("id" = String, Path, description = "As the list of keys names it.", example = "5f1c0ad2b6e94c1d", pattern = "^[0-9a-f]{16}$")),
    responses(
        (status = 204, description = "Revoked."),
        (status = 400, description = "the id of a key is 16 hexadecimal digits, as the list of keys shows it"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role developer"),
        (status = 404, description = "you have no key 5f1c0ad2b6e94c1d"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn revoke_key(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<String>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    let id: ApiKeyId = id.parse().map_err(|error: InvalidApiKeyId| error)?;
    if app.accounts.revoke_key(&caller, id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(NoSuchKey(id).into()) }
}

//! `DELETE /v1/accounts/{id}/second-factor`: for somebody who has lost it.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use stadion_protocol::PlayerId;

use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};

/// Take an account's second factor away
///
/// For operators: for somebody who has lost app and recovery codes, and has shown who they are as well as for a new account. Every
/// sign-in of the account ends.
#[utoipa::path(
    delete, path = "/v1/accounts/{id}/second-factor", tag = "accounts", security(("bearer" = [])),
    params(("id" = String, Path, description = "The account's id.", example = "p-5f1c0ad2b6e94c1d01020304", pattern = "^[!-~]{1,64}$")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "the path does not read"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role operator"),
        (status = 404, description = "this account has no second factor; begin one with POST /v1/me/second-factor"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn reset_second_factor(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<PlayerId>,
    Authenticated(_caller): Authenticated,
) -> Result<StatusCode, Problem> {
    app.accounts.reset_second_factor(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `POST /v1/me/second-factor/remove`: codes are asked for no more.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::App;
use crate::http::{Authenticated, ClientAddress, JsonBody, Problem};

/// That it is the account's owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveBody {
    /// The account's password.
    #[schema(example = "correct horse battery staple", format = Password)]
    password: String,
    /// What the app shows, or a recovery code.
    #[schema(example = "287082")]
    code: String,
}

/// Remove the second factor
///
/// With the password and a code. Every other sign-in of the account ends.
#[utoipa::path(
    post, path = "/v1/me/second-factor/remove", tag = "accounts", security(("bearer" = [])), request_body = RemoveBody,
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "the password is not this account's"),
        (status = 404, description = "this account has no second factor; begin one with POST /v1/me/second-factor"),
        (status = 409, description = "this account has no password"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "the body lacks a field"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn remove_second_factor(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    ClientAddress(from): ClientAddress,
    JsonBody(body): JsonBody<RemoveBody>,
) -> Result<StatusCode, Problem> {
    app.accounts.remove_second_factor(&caller, from, (body.password, &body.code)).await?;
    Ok(StatusCode::NO_CONTENT)
}

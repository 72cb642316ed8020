//! `POST /v1/me/second-factor/confirm`: codes are asked for from now on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;
use crate::http::{Authenticated, JsonBody, Problem};

/// That the app has the secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmBody {
    /// What the app shows.
    #[schema(example = "287082")]
    code: String,
}

/// For whoever loses the app: shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecoveryCodesBody {
    /// Each signs in once in the place of a code.
    #[schema(example = json!(["u6t2-p4qz-x7mk-5dhb-ac3e-w2ny"]))]
    recovery_codes: Vec<String>,
}

/// Confirm the second factor
///
/// With a code of the app. Signing in asks for one from now on, and every other sign-in of the account ends. The answer holds ten
/// recovery codes, which nobody sees again.
#[utoipa::path(
    post, path = "/v1/me/second-factor/confirm", tag = "accounts", security(("bearer" = [])),
    request_body = ConfirmBody,
    responses(
        (status = 200, description = "It is on.", body = RecoveryCodesBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "that is no code of this account's second factor, or it was used before; wait for the next one"),
        (status = 404, description = "this account has no second factor; begin one with POST /v1/me/second-factor"),
        (status = 409, description = "this account has a second factor; remove it before you begin another one"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "the body lacks a field"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn confirm_second_factor(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<ConfirmBody>,
) -> Result<Response, Problem> {
    let recovery_codes = app.accounts.confirm_second_factor(&caller, &body.code).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(RecoveryCodesBody { recovery_codes })).into_response())
}

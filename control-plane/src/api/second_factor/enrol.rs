//! `POST /v1/me/second-factor`: the secret for an authenticator app.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;
use crate::http::{Authenticated, JsonBody, Problem};

/// That it is the account's owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnrolBody {
    /// The account's password.
    #[schema(example = "correct horse battery staple", format = Password)]
    password: String,
}

/// What an authenticator app is to know: shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnrolmentBody {
    /// To type, base32.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same for a QR code.
    #[schema(example = "otpauth://totp/Stadion:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Stadion")]
    uri: String,
}

/// Begin a second factor
///
/// Makes a secret for an authenticator app (RFC 6238: six digits, 30 s, SHA-1), in the place of one that was not confirmed. Codes
/// are asked for once it is confirmed with one of them.
#[utoipa::path(
    post, path = "/v1/me/second-factor", tag = "accounts", security(("bearer" = [])), request_body = EnrolBody,
    responses(
        (status = 201, description = "The secret.", body = EnrolmentBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "the password is not this account's"),
        (status = 409, description = "this account has a second factor; remove it before you begin another one"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "the body lacks a field"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn enrol_second_factor(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<EnrolBody>,
) -> Result<Response, Problem> {
    let enrolment = app.accounts.enrol_second_factor(&caller, body.password).await?;
    let body = EnrolmentBody { secret: enrolment.secret, uri: enrolment.uri };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

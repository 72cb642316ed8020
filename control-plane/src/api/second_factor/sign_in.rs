//! `POST /v1/sessions/second-factor`: the second step of signing in.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::App;
use crate::api::accounts::{TokensBody, tokens};
use crate::http::{AuditSlot, ClientAddress, JsonBody, Problem};

/// An answer to a challenge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerBody {
    /// As the problem `second-factor-required` said it.
    #[schema(example = "sf-AAABnR..")]
    challenge: String,
    /// What the app shows, or a recovery code.
    #[schema(example = "287082")]
    code: String,
}

/// Sign in, second step
///
/// For accounts with a second factor: the first step was answered with the problem `second-factor-required`, whose `challenge` is
/// good for five minutes. A code is good once. Tries are limited; a recovery code is taken in any case.
#[utoipa::path(
    post, path = "/v1/sessions/second-factor", tag = "accounts", request_body = AnswerBody,
    responses(
        (status = 200, description = "The account's tokens.", body = TokensBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "that is no code of this account's second factor, or it was used before; wait for the next one"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "the body lacks a field"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn answer_second_factor(
    State(app): State<Arc<App>>,
    ClientAddress(from): ClientAddress,
    audit: AuditSlot,
    JsonBody(body): JsonBody<AnswerBody>,
) -> Result<Response, Problem> {
    let account = app.accounts.challenged(&body.challenge).await?;
    audit.target(account.name.as_str());
    let signed_in = app.accounts.answer_challenge(from, account, &body.code).await?;
    audit.actor(&signed_in.account.id);
    Ok(tokens(StatusCode::OK, signed_in))
}

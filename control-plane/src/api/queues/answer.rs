//! `PUT /v1/ready-checks/{id}`.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use serde::Deserialize;
use stadion_protocol::MatchId;
use utoipa::ToSchema;

use crate::App;
use crate::api::wire::MatchPath;
use crate::http::{Authenticated, JsonBody, Problem, UrlPath};

/// Whether the caller plays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerBody {
    /// To decline ends the caller's search; the others wait on, at the front.
    #[schema(example = true)]
    accept: bool,
}

/// Answer a ready check
///
/// Of the match that the event `ready-check` names. What comes of it is told: `match-ready`, or `searching` again.
#[utoipa::path(
    put, path = "/v1/ready-checks/{id}", tag = "queues", security(("bearer" = [])), params(MatchPath),
    request_body = AnswerBody,
    responses(
        (status = 202, description = "The answer is passed on; one that comes too late changes nothing."),
        (status = 400, description = "not a match id, or the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "you do not search"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "`accept` is true or false"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(super) async fn answer_ready_check(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<AnswerBody>,
) -> Result<StatusCode, Problem> {
    app.lobby.answer(&caller, id, body.accept).await?;
    Ok(StatusCode::ACCEPTED)
}

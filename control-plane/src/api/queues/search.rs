//! `POST /v1/games/{game}/queues/{queue}/tickets`: begins to search.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hyper::StatusCode;
use serde::Deserialize;
use stadion_protocol::GameName;
use stadion_protocol::contract::QueueName;
use utoipa::ToSchema;

use super::{QueuePath, TicketBody, key};
use crate::App;
use crate::http::{Authenticated, JsonBody, Problem, UrlPath};
use crate::lobby::Asked;

/// What is told about those who search.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchBody {
    /// Round trips to regions, milliseconds, the worst of the party for each; none: anywhere.
    #[serde(default)]
    #[schema(example = json!({"eu": 24, "us": 112}))]
    latencies: BTreeMap<String, u16>,
}

/// Search for a match
///
/// Whoever leads a party searches for all of it, once all are ready. What comes of it is told as events: `ready-check` (answer
/// it), then `match-ready` with the code to `play` by, or `search-over`.
#[utoipa::path(
    post, path = "/v1/games/{game}/queues/{queue}/tickets", tag = "queues", security(("bearer" = [])), params(QueuePath),
    request_body = SearchBody,
    responses(
        (status = 200, description = "You search in this queue already: that search.", body = TicketBody),
        (status = 201, description = "The search.", body = TicketBody),
        (status = 400, description = "not a name, or the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the leader of the party may do that"),
        (status = 404, description = "there is no such game or queue"),
        (status = 409, description = "not everybody is ready, somebody searches elsewhere already, or the party is larger than a team"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "latencies that cannot be"),
        (status = 503, description = "the store or coordination is unavailable, or the queue is full"),
    )
)]
pub(super) async fn create_ticket(
    State(app): State<Arc<App>>,
    UrlPath(queue): UrlPath<(GameName, QueueName)>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<SearchBody>,
) -> Result<(StatusCode, Json<TicketBody>), Problem> {
    let (ticket, asked) = app.lobby.search(&caller, key(queue), body.latencies.into_iter().collect()).await?;
    let status = match asked {
        Asked::Anew => StatusCode::CREATED,
        Asked::Again => StatusCode::OK,
    };
    Ok((status, Json(TicketBody::from(ticket))))
}

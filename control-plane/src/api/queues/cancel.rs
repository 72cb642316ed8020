//! `DELETE /v1/tickets/{id}`.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use stadion_protocol::MatchId;

use super::TicketPath;
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::queues::TicketId;

/// Cancel a search
///
/// Of a party, its leader may; other members say that they are not ready.
#[utoipa::path(
    delete, path = "/v1/tickets/{id}", tag = "queues", security(("bearer" = [])), params(TicketPath),
    responses(
        (status = 204, description = "It is over."),
        (status = 400, description = "not the id of a search"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the leader of the party may do that"),
        (status = 404, description = "there is no such search of yours"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(super) async fn delete_ticket(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    app.lobby.cancel(&caller, TicketId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

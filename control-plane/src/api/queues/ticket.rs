//! `GET /v1/tickets/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use stadion_protocol::MatchId;

use super::{TicketBody, TicketPath};
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::queues::TicketId;

/// Get a search
///
/// As long as it waits. Once it is over, what came of it was told.
#[utoipa::path(
    get, path = "/v1/tickets/{id}", tag = "queues", security(("bearer" = [])), params(TicketPath),
    responses(
        (status = 200, description = "The search.", body = TicketBody),
        (status = 400, description = "not the id of a search"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "there is no such search of yours"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(super) async fn get_ticket(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
) -> Result<Json<TicketBody>, Problem> {
    Ok(Json(TicketBody::from(app.lobby.ticket(&caller.account, TicketId(id)).await?)))
}

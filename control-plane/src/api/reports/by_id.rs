//! `GET /v1/reports/{report}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{ReportBody, ReportPath, owned};
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::model::ReportId;

/// Get a report of a player
///
/// With what was said, by whom, and the match that it is about: for operators and the owner of the game.
#[utoipa::path(
    get, path = "/v1/reports/{report}", tag = "reports", security(("bearer" = [])), params(ReportPath),
    responses(
        (status = 200, description = "The report.", body = ReportBody),
        (status = 400, description = "not a report's id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may"),
        (status = 404, description = "there is no such report"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn get_report(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<ReportId>,
    Authenticated(caller): Authenticated,
) -> Result<Json<ReportBody>, Problem> {
    Ok(Json(owned(&app, &caller, &id).await?.into()))
}

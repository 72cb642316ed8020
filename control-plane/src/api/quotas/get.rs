//! `GET /v1/accounts/{id}/quotas`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use stadion_protocol::PlayerId;

use super::{AccountPath, QuotasBody, report};
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};

/// Get an owner's quotas
///
/// For operators.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/quotas", tag = "games", security(("bearer" = [])), params(AccountPath),
    responses(
        (status = 200, description = "The quotas.", body = QuotasBody),
        (status = 400, description = "not an account id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role operator"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_quotas(
    State(app): State<Arc<App>>,
    UrlPath(owner): UrlPath<PlayerId>,
    _operator: Authenticated,
) -> Result<Json<QuotasBody>, Problem> {
    app.matches.flush().await;
    Ok(Json(report(&app, &owner).await?))
}

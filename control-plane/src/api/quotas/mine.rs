//! `GET /v1/quotas`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{QuotasBody, report};
use crate::App;
use crate::http::{Authenticated, Problem};

/// Get your quotas
///
/// What the caller may have as an owner of games, and what it has. Whoever meets one is told by a problem with the code `quota`,
/// its name, the limit and what to do.
#[utoipa::path(
    get, path = "/v1/quotas", tag = "games", security(("bearer" = [])),
    responses(
        (status = 200, description = "The quotas.", body = QuotasBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_own_quotas(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<QuotasBody>, Problem> {
    app.matches.flush().await;
    Ok(Json(report(&app, &caller.account).await?))
}

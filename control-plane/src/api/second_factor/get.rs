//! `GET /v1/me/second-factor`: whether signing in asks for a code.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::SecondFactorBody;
use crate::App;
use crate::http::{Authenticated, Problem};

/// Show the second factor
///
/// Whether signing in to the caller's account asks for a code, and how many recovery codes are left.
#[utoipa::path(
    get, path = "/v1/me/second-factor", tag = "accounts", security(("bearer" = [])),
    responses(
        (status = 200, description = "What there is.", body = SecondFactorBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_second_factor(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<SecondFactorBody>, Problem> {
    Ok(Json(app.accounts.second_factor(&caller.account).await?.into()))
}

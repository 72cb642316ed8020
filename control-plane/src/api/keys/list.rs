//! `GET /v1/keys`: the keys of an account.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::KeyBody;
use crate::App;
use crate::http::{Authenticated, Problem};

/// Keys, at most 100.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeysBody {
    /// The oldest first; at most 100.
    items: Vec<KeyBody>,
}

/// List keys
///
/// The caller's API keys: what each may do, and until when. What a key says is shown only once, as it is made.
#[utoipa::path(
    get, path = "/v1/keys", tag = "accounts", security(("bearer" = [])),
    responses(
        (status = 200, description = "The caller's keys, without their texts.", body = KeysBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role developer"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn list_keys(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<KeysBody>, Problem> {
    let keys = app.store.api_keys(&caller.account).await?;
    Ok(Json(KeysBody { items: keys.iter().map(KeyBody::from).collect() }))
}

//! `GET /v1/blocks`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::http::{Authenticated, Problem};

/// Players whom the caller does not want to meet.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BlocksBody {
    /// By name; at most 500.
    items: Vec<BlockedBody>,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BlockedBody {
    /// Account id.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    player: String,
    /// The name that others see.
    #[schema(example = "Ann")]
    name: String,
}

/// List whom you block
///
/// Players whom the caller does not want to meet: they are not matched with one another.
#[utoipa::path(
    get, path = "/v1/blocks", tag = "friends", security(("bearer" = [])),
    responses(
        (status = 200, description = "Whom the caller blocks.", body = BlocksBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn list_blocks(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<BlocksBody>, Problem> {
    let blocked = app.store.blocked_accounts(&caller.account).await?;
    let body = |account: crate::model::Account| BlockedBody {
        player: account.id.to_string(),
        name: account.name.as_str().to_owned(),
    };
    Ok(Json(BlocksBody { items: blocked.into_iter().map(body).collect() }))
}

//! `POST /v1/games/{game}/webhooks/{webhook}/test`: does it answer?

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use stadion_protocol::GameName;

use super::{DeliveryBody, WebhookPath, find};
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};

/// Send a ping
///
/// A signed message of type `ping`, once, also to a webhook that is off; the answer tells what came of it. It takes up to 15
/// seconds.
#[utoipa::path(
    post, path = "/v1/games/{game}/webhooks/{webhook}/test", tag = "webhooks", security(("bearer" = [])),
    params(WebhookPath),
    responses(
        (status = 200, description = "What came of it: `delivered` or `failed`.", body = DeliveryBody),
        (status = 400, description = "not a name of a game or a webhook"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "tictactoe has no webhook results"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn test_webhook(
    State(app): State<Arc<App>>,
    UrlPath((game, name)): UrlPath<(GameName, String)>,
    Authenticated(caller): Authenticated,
) -> Result<Json<DeliveryBody>, Problem> {
    let webhook = find(&app, &caller, (&game, &name)).await?;
    // Each takes a connection for seconds, to wherever the caller wants.
    app.accounts.limit_changes(&caller.account).await?;
    Ok(Json(app.webhooks.test(&webhook).await?.into()))
}

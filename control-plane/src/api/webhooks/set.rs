//! `PUT /v1/games/{game}/webhooks/{webhook}`: another URL, other kinds, on or off.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use stadion_protocol::GameName;

use super::{WantedBody, WebhookBody, WebhookPath, find};
use crate::App;
use crate::http::{Authenticated, JsonBody, Problem, UrlPath};

/// Change a webhook
///
/// Its name, its secret and what waits for it stay. While it is off, nothing new is noted for it.
#[utoipa::path(
    put, path = "/v1/games/{game}/webhooks/{webhook}", tag = "webhooks", security(("bearer" = [])), params(WebhookPath),
    request_body = WantedBody,
    responses(
        (status = 200, description = "The webhook as it is now.", body = WebhookBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "tictactoe has no webhook results"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "url: the URL begins with https://"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn set_webhook(
    State(app): State<Arc<App>>,
    UrlPath((game, name)): UrlPath<(GameName, String)>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<WantedBody>,
) -> Result<Json<WebhookBody>, Problem> {
    let webhook = find(&app, &caller, (&game, &name)).await?;
    let webhook = app.webhooks.set(webhook, body.into()).await?;
    Ok(Json(WebhookBody::new(webhook, app.clock.now())))
}

//! `GET /v1/games/{game}/webhooks` and one of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use stadion_protocol::GameName;
use utoipa::ToSchema;

use super::{WebhookBody, WebhookPath, find, permit};
use crate::App;
use crate::api::wire::GamePath;
use crate::http::{Authenticated, Problem, UrlPath};

/// Webhooks of a game, at most 20.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhooksBody {
    /// By name, at most 20.
    items: Vec<WebhookBody>,
}

/// List webhooks
///
/// All of the game, by name, without their secrets.
#[utoipa::path(
    get, path = "/v1/games/{game}/webhooks", tag = "webhooks", security(("bearer" = [])), params(GamePath),
    responses(
        (status = 200, description = "The game's webhooks, without their secrets.", body = WebhooksBody),
        (status = 400, description = "not a game name"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such game"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn list_webhooks(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    Authenticated(caller): Authenticated,
) -> Result<Json<WebhooksBody>, Problem> {
    permit(&app, &caller, &game).await?;
    let now = app.clock.now();
    let webhooks = app.store.webhooks(&game).await?;
    Ok(Json(WebhooksBody { items: webhooks.into_iter().map(|webhook| WebhookBody::new(webhook, now)).collect() }))
}

/// Get a webhook
///
/// What it is told and how it fares, without its secret.
#[utoipa::path(
    get, path = "/v1/games/{game}/webhooks/{webhook}", tag = "webhooks", security(("bearer" = [])), params(WebhookPath),
    responses(
        (status = 200, description = "The webhook, without its secret.", body = WebhookBody),
        (status = 400, description = "not a name of a game or a webhook"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "tictactoe has no webhook results"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_webhook(
    State(app): State<Arc<App>>,
    UrlPath((game, name)): UrlPath<(GameName, String)>,
    Authenticated(caller): Authenticated,
) -> Result<Json<WebhookBody>, Problem> {
    let webhook = find(&app, &caller, (&game, &name)).await?;
    Ok(Json(WebhookBody::new(webhook, app.clock.now())))
}

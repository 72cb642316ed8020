//! `POST /v1/games/{game}/webhooks`: another webhook.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use utoipa::ToSchema;

use super::{KindName, WantedBody, WebhookBody, permit};
use crate::App;
use crate::api::wire::GamePath;
use crate::http::{Authenticated, JsonBody, Kind, Problem, UrlPath};
use crate::model::WebhookName;

/// A webhook that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhookBody {
    /// 1 to 40 characters of a-z, 0-9 and -, a letter first. The game calls it by this name.
    #[schema(example = "results")]
    name: String,
    /// Where messages go: https, without user and password, at most 2,000 bytes. Servers for developing take http to their own
    /// machine too.
    #[schema(example = "https://hooks.example.com/stadion")]
    url: String,
    /// What it is told of; none: nothing, it is there for the game's own calls.
    #[schema(example = json!(["match.ended", "match.failed"]))]
    #[serde(default)]
    kinds: Vec<KindName>,
    /// Whether it is told from now on [default: true].
    enabled: Option<bool>,
}

/// A webhook that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedWebhookBody {
    /// What messages are signed with, by the convention of Standard Webhooks: shown this once.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDMfKQ9r8GKYo=")]
    secret: String,
    /// As it is listed from now on.
    #[serde(flatten)]
    listed: WebhookBody,
}

/// Make a webhook
///
/// From now on its URL is told what happens in the game's matches, and answers the game's own calls.
#[utoipa::path(
    post, path = "/v1/games/{game}/webhooks", tag = "webhooks", security(("bearer" = [])), params(GamePath),
    request_body = NewWebhookBody,
    responses(
        (status = 201, description = "The webhook, with its secret, shown this once.", body = CreatedWebhookBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such game"),
        (status = 409, description = "the game has a webhook of this name already, or 20 of them"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "url: the URL begins with https://"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn create_webhook(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<NewWebhookBody>,
) -> Result<Response, Problem> {
    permit(&app, &caller, &game).await?;
    let name = body.name.parse::<WebhookName>();
    let name = name.map_err(|error| Problem::new(Kind::Invalid, format!("name: {error}")))?;
    let wanted = WantedBody { url: body.url, kinds: body.kinds, enabled: body.enabled };
    let (webhook, secret) = app.webhooks.create(&game, name, wanted.into()).await?;
    let body = CreatedWebhookBody { secret, listed: WebhookBody::new(webhook, app.clock.now()) };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], axum::Json(body)).into_response())
}

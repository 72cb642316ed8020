//! `POST /v1/games/{game}/webhooks/{webhook}/deliveries/{id}/redeliver`: once more.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hyper::StatusCode;
use stadion_protocol::GameName;

use super::{DeliveryBody, WebhookPath, find};
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::model::{DeliveryId, InvalidDeliveryId};

/// Deliver again
///
/// At once, whatever became of it, with the same `webhook-id`, and with as many tries as a new one. One that waits for its
/// next try is tried now.
#[utoipa::path(
    post, path = "/v1/games/{game}/webhooks/{webhook}/deliveries/{id}/redeliver", tag = "webhooks",
    security(("bearer" = [])),
    params(
        WebhookPath,
        ("id" = String, Path, description = "As the list of deliveries names it.", example = "msg_5f1c0ad2b6e94c1d5f1c0ad2b6e94c1d", pattern = "^msg_[0-9a-f]{32}$"),
    ),
    responses(
        (status = 202, description = "It is pending.", body = DeliveryBody),
        (status = 400, description = "the id of a delivery is msg_ and 32 hexadecimal digits, as the list of deliveries shows it"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "the webhook has no delivery msg_5f1c0ad2b6e94c1d5f1c0ad2b6e94c1d; those that are over are kept for 7 days"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn redeliver(
    State(app): State<Arc<App>>,
    UrlPath((game, name, id)): UrlPath<(GameName, String, String)>,
    Authenticated(caller): Authenticated,
) -> Result<(StatusCode, Json<DeliveryBody>), Problem> {
    let id: DeliveryId = id.parse().map_err(|error: InvalidDeliveryId| error)?;
    let webhook = find(&app, &caller, (&game, &name)).await?;
    let delivery = app.webhooks.redeliver(&webhook, id).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}

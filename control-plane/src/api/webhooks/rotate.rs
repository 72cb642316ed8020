//! `POST /v1/games/{game}/webhooks/{webhook}/secret`: another secret.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use utoipa::ToSchema;

use super::{WebhookPath, find};
use crate::App;
use crate::http::{Authenticated, JsonBody, Kind, Problem, UrlPath};
use crate::webhooks::{LONGEST_OVERLAP, OVERLAP};

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateWebhookBody {
    /// Seconds that the present secret signs beside the new one, at most 7 days; 0: not at all, for one that got into wrong
    /// hands [default: 86400].
    #[schema(example = 86_400, minimum = 0, maximum = 604_800)]
    overlap_s: Option<u64>,
}

/// A secret that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewSecretBody {
    /// Shown this once.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDMfKQ9r8GKYo=")]
    secret: String,
    /// Until when the one before signs beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    previous_secret_until: Option<String>,
}

/// Change a webhook's secret
///
/// Meanwhile messages carry a signature by each of the two. A third one that still signed stops at once.
#[utoipa::path(
    post, path = "/v1/games/{game}/webhooks/{webhook}/secret", tag = "webhooks", security(("bearer" = [])),
    params(WebhookPath), request_body = RotateWebhookBody,
    responses(
        (status = 200, description = "The new secret, shown this once.", body = NewSecretBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "tictactoe has no webhook results"),
        (status = 409, description = "its secret is being changed by another request; look at it and try again"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "overlap_s: two secrets sign for 7 days at most"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn rotate_webhook(
    State(app): State<Arc<App>>,
    UrlPath((game, name)): UrlPath<(GameName, String)>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<RotateWebhookBody>,
) -> Result<Response, Problem> {
    let overlap = body.overlap_s.map_or(OVERLAP, Duration::from_secs);
    if overlap > LONGEST_OVERLAP {
        return Err(Problem::new(Kind::Invalid, "overlap_s: two secrets sign for 7 days at most"));
    }
    let webhook = find(&app, &caller, (&game, &name)).await?;
    let (webhook, secret) = app.webhooks.rotate(webhook, overlap).await?;
    let previous_secret_until = webhook.salts.previous.map(|(_, until)| until.to_string());
    let body = NewSecretBody { secret, previous_secret_until };
    Ok(([(CACHE_CONTROL, "no-store")], axum::Json(body)).into_response())
}

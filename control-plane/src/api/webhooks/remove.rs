//! `DELETE /v1/games/{game}/webhooks/{webhook}`: the end of a webhook.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use stadion_protocol::GameName;

use super::{WebhookPath, find};
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};

/// Delete a webhook
///
/// With all that waits for it.
#[utoipa::path(
    delete, path = "/v1/games/{game}/webhooks/{webhook}", tag = "webhooks", security(("bearer" = [])),
    params(WebhookPath),
    responses(
        (status = 204, description = "Deleted."),
        (status = 400, description = "not a name of a game or a webhook"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "tictactoe has no webhook results"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn delete_webhook(
    State(app): State<Arc<App>>,
    UrlPath((game, name)): UrlPath<(GameName, String)>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    let webhook = find(&app, &caller, (&game, &name)).await?;
    app.webhooks.remove(&webhook).await?;
    Ok(StatusCode::NO_CONTENT)
}

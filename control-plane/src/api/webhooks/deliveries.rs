//! `GET /v1/games/{game}/webhooks/{webhook}/deliveries`: what was told, and what came of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use utoipa::{IntoParams, ToSchema};

use super::{DeliveryBody, WebhookPath, find};
use crate::App;
use crate::api::wire::{PageError, limit, read_cursor, write_cursor};
use crate::http::{Authenticated, Problem, UrlPath, UrlQuery};
use crate::model::{DeliveryStatus, PageRequest};

/// Which deliveries are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveryQuery {
    /// Of this status alone.
    #[param(inline)]
    status: Option<StatusName>,
    /// `next_cursor` of the page before; none: from the newest.
    cursor: Option<String>,
    /// Deliveries of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StatusName {
    /// It is tried, again if need be.
    Pending,
    /// It was taken.
    Delivered,
    /// It was given up.
    Failed,
}

impl From<StatusName> for DeliveryStatus {
    fn from(name: StatusName) -> DeliveryStatus {
        match name {
            StatusName::Pending => DeliveryStatus::Pending,
            StatusName::Delivered => DeliveryStatus::Delivered,
            StatusName::Failed => DeliveryStatus::Failed,
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryPage {
    /// The newest first.
    items: Vec<DeliveryBody>,
    /// For the next page; none: this was the last.
    #[schema(example = "MTc2MzYzMjgwMA")]
    next_cursor: Option<String>,
}

/// List deliveries
///
/// Those that are over are kept for 7 days.
#[utoipa::path(
    get, path = "/v1/games/{game}/webhooks/{webhook}/deliveries", tag = "webhooks", security(("bearer" = [])),
    params(WebhookPath, DeliveryQuery),
    responses(
        (status = 200, description = "A page of deliveries.", body = DeliveryPage),
        (status = 400, description = "limit: a page has 1 to 200 items"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "tictactoe has no webhook results"),
        (status = 422, description = "the cursor is not one of `next_cursor`"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn list_deliveries(
    State(app): State<Arc<App>>,
    UrlPath((game, name)): UrlPath<(GameName, String)>,
    Authenticated(caller): Authenticated,
    UrlQuery(query): UrlQuery<DeliveryQuery>,
) -> Result<Json<DeliveryPage>, Problem> {
    let webhook = find(&app, &caller, (&game, &name)).await?;
    let after = query.cursor.as_deref().map(place).transpose()?;
    let page = PageRequest { after, limit: limit(query.limit)? };
    let page = app.store.deliveries(webhook.id, query.status.map(DeliveryStatus::from), &page).await?;
    let next_cursor = page.next.map(|number| write_cursor(&number.to_string()));
    Ok(Json(DeliveryPage { items: page.items.into_iter().map(DeliveryBody::from).collect(), next_cursor }))
}

fn place(cursor: &str) -> Result<u64, PageError> {
    read_cursor(cursor)?.parse().map_err(|_| PageError::Cursor)
}

//! `GET /v1/games/{game}/reports`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use utoipa::{IntoParams, ToSchema};

use super::{ReportBody, StateBody};
use crate::App;
use crate::api::versions::check_owner;
use crate::api::wire::{GamePath, PageError, limit, read_cursor, write_cursor};
use crate::http::{Authenticated, Problem, UrlPath, UrlQuery};
use crate::model::{PageRequest, ReportId, UnixMs};

/// Which reports are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportsQuery {
    /// Only those that stand so.
    #[param(inline)]
    state: Option<StateBody>,
    /// `next_cursor` of the page before; none: from the newest.
    cursor: Option<String>,
    /// Reports of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// A page of reports.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportsPage {
    /// The newest first.
    items: Vec<ReportBody>,
    /// For the next page; none: this was the last.
    #[schema(example = "Y2hlc3M")]
    next_cursor: Option<String>,
}

/// List reports of players
///
/// What players of a game said of others: for its owner and operators.
#[utoipa::path(
    get, path = "/v1/games/{game}/reports", tag = "reports", security(("bearer" = [])),
    params(GamePath, ReportsQuery),
    responses(
        (status = 200, description = "A page of reports.", body = ReportsPage),
        (status = 400, description = "not a game name, a state that is none, or limit: a page has 1 to 200 items"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may"),
        (status = 404, description = "there is no such game"),
        (status = 422, description = "the cursor is not one of `next_cursor`"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn list_reports(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    Authenticated(caller): Authenticated,
    UrlQuery(query): UrlQuery<ReportsQuery>,
) -> Result<Json<ReportsPage>, Problem> {
    check_owner(&app, &caller, &game).await?;
    let after = query.cursor.as_deref().map(place).transpose()?;
    let page = PageRequest { after, limit: limit(query.limit)? };
    let page = app.store.reports(&game, query.state.map(Into::into), &page).await?;
    Ok(Json(ReportsPage {
        items: page.items.into_iter().map(ReportBody::from).collect(),
        next_cursor: page.next.map(|(at, id)| write_cursor(&format!("{}.{id}", at.0))),
    }))
}

fn place(cursor: &str) -> Result<(UnixMs, ReportId), PageError> {
    let text = read_cursor(cursor)?;
    let (at, id) = text.split_once('.').ok_or(PageError::Cursor)?;
    Ok((UnixMs(at.parse().map_err(|_| PageError::Cursor)?), id.parse().map_err(|_| PageError::Cursor)?))
}

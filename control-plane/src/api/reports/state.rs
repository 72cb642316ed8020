//! `PUT /v1/reports/{report}/state`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{ReportBody, ReportPath, StateBody, checked, owned};
use crate::App;
use crate::http::{Authenticated, JsonBody, Problem, UrlPath};
use crate::model::{EventKind, NewEvent, Report, ReportId, ReportState};

/// How a report stands from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewState {
    /// The state.
    state: StateBody,
    /// For those who look at it later, at most 1,000 characters.
    #[schema(example = "banned for a week")]
    note: Option<String>,
}

/// Close a report of a player
///
/// Or open it again. While it is open the journal of its match is kept.
#[utoipa::path(
    put, path = "/v1/reports/{report}/state", tag = "reports", security(("bearer" = [])), params(ReportPath),
    request_body = NewState,
    responses(
        (status = 200, description = "The report as it is now.", body = ReportBody),
        (status = 400, description = "not a report's id, or the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may"),
        (status = 404, description = "there is no such report"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "a state that is none, or a note that is too long"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn set_report_state(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<ReportId>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<NewState>,
) -> Result<Json<ReportBody>, Problem> {
    let note = checked(body.note)?;
    let before = owned(&app, &caller, &id).await?;
    let (state, now) = (ReportState::from(body.state), app.clock.now());
    let closed = (state != ReportState::Open).then(|| (now, caller.account.clone()));
    app.store.set_report_state(&id, state, closed.as_ref(), &note).await?;
    if state != ReportState::Open {
        let event = NewEvent {
            game: Some(before.game.clone()),
            of: Some(before.of),
            ..NewEvent::new(EventKind::ReportClosed, now)
        };
        app.event_log.record(event.with(json!({"report": id.as_str(), "state": state.as_str()})));
        // What it held may go now.
        app.matches.prune_journals().await?;
    }
    Ok(Json(Report { state, closed, note, ..before }.into()))
}

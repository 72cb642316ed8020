//! `POST /v1/matches/{id}/reports`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stadion_protocol::MatchId;
use utoipa::ToSchema;

use super::{ReasonBody, ReportError, checked, player};
use crate::App;
use crate::accounts::limits;
use crate::api::wire::MatchPath;
use crate::clock::random;
use crate::coordination::Rate;
use crate::http::{Authenticated, JsonBody, Problem, UrlPath};
use crate::model::{EventKind, Filed, NewEvent, Report, ReportId, ReportState};

/// Reports of one account: whoever plays all evening with cheaters has enough of them.
const REPORTS: Rate = Rate { burst: 10, every: Duration::from_secs(360) };

/// What somebody has to say about another player.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReport {
    /// Account id of whoever is reported; it sat in the match.
    #[schema(example = "p-0102030405060708090a0b0c")]
    player: String,
    /// What for.
    reason: ReasonBody,
    /// In the caller's words, at most 1,000 characters.
    #[schema(example = "walks through walls")]
    text: Option<String>,
}

/// A report that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FiledBody {
    /// Its id.
    #[schema(example = "r-5f1c0ad2b6e94c1d01020304")]
    id: String,
}

/// Report a player
///
/// By somebody who sat in the match, about another who did, once. The owner of the game looks at it; the match's journal, which
/// shows what everybody did, is kept until then.
#[utoipa::path(
    post, path = "/v1/matches/{id}/reports", tag = "reports", security(("bearer" = [])), params(MatchPath),
    request_body = NewReport,
    responses(
        (status = 201, description = "The owner of the game sees it.", body = FiledBody),
        (status = 400, description = "not a match id, or the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "reports are for those who sat in the match, about others who did"),
        (status = 404, description = "there is no such match"),
        (status = 409, description = "you have reported this player in this match"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "a player or a reason that is none, yourself, or a text that is too long"),
        (status = 429, description = "too many of these requests from here, or as many reports of this game are open as may be"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn file_report(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<NewReport>,
) -> Result<(StatusCode, Json<FiledBody>), Problem> {
    let (player, text) = (player(&body.player)?, checked(body.text)?);
    if player == caller.account {
        return Err(ReportError::Oneself.into());
    }
    let seated = app.matches.seated(id).await?.ok_or(ReportError::Match(id))?;
    if !seated.players.contains(&caller.account) || !seated.players.contains(&player) {
        return Err(ReportError::NotThere.into());
    }
    limits::by_caller(&*app.coordination, "reports", caller.account.as_str(), REPORTS).await?;
    let report = Report {
        id: ReportId::from_random(random(&*app.rng)),
        at: app.clock.now(),
        of: id,
        game: seated.game,
        reporter: caller.account,
        player,
        reason: body.reason.into(),
        text,
        state: ReportState::Open,
        closed: None,
        note: String::new(),
    };
    match app.store.file_report(&report).await? {
        Filed::New => {}
        Filed::Before(before) => return Err(ReportError::Before(before).into()),
        Filed::TooMany => return Err(ReportError::TooMany.into()),
    }
    let event = NewEvent {
        game: Some(report.game),
        version: Some(seated.version),
        of: Some(id),
        ..NewEvent::new(EventKind::ReportFiled, report.at)
    };
    let data = json!({"report": report.id.as_str(), "reason": report.reason.as_str()});
    app.event_log.record(event.with(data));
    Ok((StatusCode::CREATED, Json(FiledBody { id: report.id.to_string() })))
}

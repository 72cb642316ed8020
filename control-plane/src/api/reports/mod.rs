//! Players who are reported by others who were in the same match.

mod by_id;
mod file;
mod list;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stadion_protocol::{InvalidId, MatchId, PlayerId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::accounts::Caller;
use crate::api::versions::check_owner;
use crate::http::{Fault, Kind, Problem};
use crate::model::{Report, ReportId, ReportReason, ReportState};

/// Characters of what somebody writes about a report at most.
const TEXT: usize = 1_000;

pub(super) fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(file::file_report))
        .routes(routes!(list::list_reports))
        .routes(routes!(by_id::get_report))
        .routes(routes!(state::set_report_state))
}

/// A report in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the id itself")]
struct ReportPath {
    /// The report's id.
    #[param(example = "r-5f1c0ad2b6e94c1d01020304", pattern = "^r-[0-9a-f]{24}$")]
    report: String,
}

/// What somebody is reported for.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ReasonBody {
    /// With a program, or by what the game does not mean to allow.
    Cheating,
    /// By what they say or are called.
    Abuse,
    /// By playing so that nobody else can.
    Griefing,
    /// By leaving, or by not playing.
    Leaving,
    /// As the text says.
    Other,
}

impl From<ReasonBody> for ReportReason {
    fn from(body: ReasonBody) -> ReportReason {
        match body {
            ReasonBody::Cheating => ReportReason::Cheating,
            ReasonBody::Abuse => ReportReason::Abuse,
            ReasonBody::Griefing => ReportReason::Griefing,
            ReasonBody::Leaving => ReportReason::Leaving,
            ReasonBody::Other => ReportReason::Other,
        }
    }
}

/// How a report stands.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum StateBody {
    /// Nobody has dealt with it.
    Open,
    /// Something was done.
    Resolved,
    /// There was nothing to do.
    Dismissed,
}

impl From<StateBody> for ReportState {
    fn from(body: StateBody) -> ReportState {
        match body {
            StateBody::Open => ReportState::Open,
            StateBody::Resolved => ReportState::Resolved,
            StateBody::Dismissed => ReportState::Dismissed,
        }
    }
}

/// A report.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportBody {
    /// Its id.
    #[schema(example = "r-5f1c0ad2b6e94c1d01020304")]
    id: String,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// In which match. Its journal is at `/v1/matches/{id}/journal`, and is kept while the report is open.
    #[serde(rename = "match")]
    #[schema(rename = "match", example = "01h455vb4pex5vsknk084sn02q")]
    of: String,
    /// The game.
    #[schema(example = "tictactoe")]
    game: String,
    /// Account id of whoever reports.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    reporter: String,
    /// Account id of whoever is reported.
    #[schema(example = "p-0102030405060708090a0b0c")]
    player: String,
    /// `cheating`, `abuse`, `griefing`, `leaving` or `other`.
    #[schema(example = "cheating")]
    reason: &'static str,
    /// In the reporter's words.
    #[schema(example = "it cheats")]
    text: String,
    /// `open`, `resolved` or `dismissed`.
    #[schema(example = "open")]
    state: &'static str,
    /// When it was closed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    closed_at: Option<String>,
    /// Account id of whoever closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    closed_by: Option<String>,
    /// What that one wrote.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "a warning was given")]
    note: String,
}

impl From<Report> for ReportBody {
    fn from(report: Report) -> ReportBody {
        ReportBody {
            id: report.id.to_string(),
            at: report.at.to_string(),
            of: report.of.to_string(),
            game: report.game.to_string(),
            reporter: report.reporter.to_string(),
            player: report.player.to_string(),
            reason: report.reason.as_str(),
            text: report.text,
            state: report.state.as_str(),
            closed_at: report.closed.as_ref().map(|(at, _)| at.to_string()),
            closed_by: report.closed.map(|(_, by)| by.to_string()),
            note: report.note,
        }
    }
}

/// A report's own side of it, for the export of whoever made it: not who closed it, and not what that one wrote.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwnReportBody {
    /// Its id.
    #[schema(example = "r-5f1c0ad2b6e94c1d01020304")]
    id: String,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// In which match.
    #[serde(rename = "match")]
    #[schema(rename = "match", example = "01h455vb4pex5vsknk084sn02q")]
    of: String,
    /// Account id of whoever is reported.
    #[schema(example = "p-0102030405060708090a0b0c")]
    player: String,
    /// For what.
    #[schema(example = "cheating")]
    reason: &'static str,
    /// In the reporter's words.
    #[schema(example = "it cheats")]
    text: String,
    /// `open`, `resolved` or `dismissed`.
    #[schema(example = "open")]
    state: &'static str,
}

impl From<Report> for OwnReportBody {
    fn from(report: Report) -> OwnReportBody {
        OwnReportBody {
            id: report.id.to_string(),
            at: report.at.to_string(),
            of: report.of.to_string(),
            player: report.player.to_string(),
            reason: report.reason.as_str(),
            text: report.text,
            state: report.state.as_str(),
        }
    }
}

/// Something about a report does not work.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    #[error("there is no report {0}")]
    Unknown(ReportId),
    #[error("player: {0}")]
    Player(InvalidId),
    #[error("that is yourself")]
    Oneself,
    #[error("reports are for those who sat in the match, about others who did")]
    NotThere,
    #[error("a text is at most {TEXT} characters, without control characters")]
    Text,
    #[error("you have reported this player in this match: {0}")]
    Before(ReportId),
    #[error("as many reports of this game are open as may be; its owner is to close some first")]
    TooMany,
    #[error("there is no match {0}")]
    Match(MatchId),
}

impl Fault for ReportError {
    fn kind(&self) -> Kind {
        match self {
            ReportError::Unknown(_) | ReportError::Match(_) => Kind::NotFound,
            ReportError::Player(_) | ReportError::Oneself | ReportError::Text => Kind::Invalid,
            ReportError::NotThere => Kind::Forbidden,
            ReportError::Before(_) => Kind::Conflict,
            ReportError::TooMany => Kind::TooMany,
        }
    }
}

/// A text that somebody wrote: line breaks are all that it has beside what can be read.
fn checked(text: Option<String>) -> Result<String, ReportError> {
    let text = text.unwrap_or_default();
    let odd = |c: char| c.is_control() && c != '\n';
    if text.chars().count() > TEXT || text.chars().any(odd) { Err(ReportError::Text) } else { Ok(text) }
}

/// A report of a game that the caller owns.
async fn owned(app: &App, caller: &Caller, id: &ReportId) -> Result<Report, Problem> {
    let report = app.store.report(id).await?.ok_or_else(|| ReportError::Unknown(id.clone()))?;
    check_owner(app, caller, &report.game).await?;
    Ok(report)
}

fn player(text: &str) -> Result<PlayerId, ReportError> {
    text.parse().map_err(ReportError::Player)
}

//! `GET /v1/matches/{id}/log`: as a page, or as a stream of server-sent events (WHATWG HTML, section 9.2).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use hyper::HeaderMap;
use hyper::header::ACCEPT;
use serde::{Deserialize, Serialize};
use stadion_protocol::MatchId;
use stadion_protocol::contract::{LogLine, LogPage};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::accounts::Caller;
use crate::api::wire::{MatchPath, Position};
use crate::http::{Authenticated, Extras, Fault, Kind, Problem, UrlPath, UrlQuery};
use crate::model::UnixMs;

/// How long one look at the host waits for a line. A stream looks again and again.
const LOOK: Duration = Duration::from_secs(10);

/// Something passes over a quiet stream this often, so that proxies keep it.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Streams at a time.
pub(crate) const STREAMS: usize = 256;

/// Which lines are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogQuery {
    /// Only lines after this number.
    #[param(value_type = Option<u64>, default = 0)]
    after: Option<Position>,
}

/// Lines of a match's log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogBody {
    /// Oldest first; at most 256. Ask again with the number of the last as `after`.
    lines: Vec<LogLineBody>,
    /// No more lines follow: the match is over.
    over: bool,
}

/// One line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogLineBody {
    /// 1, 2, 3, ...; lines that were dropped leave a gap, and a match that goes on in another session leaves a large one.
    #[schema(example = 1)]
    number: u64,
    /// The tick that said it.
    #[schema(example = 412)]
    tick: u64,
    /// RFC 3339.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    at: String,
    /// `debug`, `info`, `warn` or `error`.
    #[schema(example = "info")]
    level: &'static str,
    /// What; at most 1 KiB, free of anything that a terminal acts on.
    #[schema(example = "a round begins")]
    text: String,
}

/// As many streams are open as may be.
#[derive(Debug, thiserror::Error)]
#[error("{STREAMS} logs are followed already; try again later, or read pages")]
struct TooManyStreams;

impl Fault for TooManyStreams {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }

    fn extras(&self) -> Extras {
        Extras { retry_after: Some(LOOK), ..Extras::default() }
    }
}

impl From<LogLine> for LogLineBody {
    fn from(line: LogLine) -> LogLineBody {
        let LogLine { number, tick, unix_ms, level, text } = line;
        LogLineBody { number, tick: tick.0, at: UnixMs(unix_ms).to_string(), level: level.as_str(), text }
    }
}

/// Get a match's log
///
/// What its game logs and prints, for the owner of the game and operators. The newest lines are kept while the match runs
/// and for a while after, the last 20 for good. With `Accept: text/event-stream` lines follow as they come: events named
/// `line`, whose id is the line's number (`Last-Event-ID` goes on from there), and one named `end` when the match is over.
#[utoipa::path(
    get, path = "/v1/matches/{id}/log", tag = "matches", security(("bearer" = [])), params(MatchPath, LogQuery),
    responses(
        (status = 200, description = "Lines of its log.", content(
            (LogBody = "application/json"),
            (String = "text/event-stream"),
        )),
        (status = 400, description = "not a match id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this match is for others: the owner of its game, operators"),
        (status = 404, description = "there is no such match"),
        (status = 503, description = "the store is unavailable, or too many logs are followed"),
    )
)]
pub(crate) async fn get_log(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    UrlQuery(query): UrlQuery<LogQuery>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = last_event(&headers).or(query.after.map(|after| after.0)).unwrap_or(0);
    let first = app.matches.log(id, &caller, after, Duration::ZERO).await?;
    if !wants_stream(&headers) {
        let lines = first.lines.into_iter().map(LogLineBody::from).collect();
        return Ok(Json(LogBody { lines, over: first.over }).into_response());
    }
    let place = Arc::clone(&app.log_streams).try_acquire_owned().map_err(|_| TooManyStreams)?;
    let follow = Follow { app, id, caller, after, _place: place };
    let keep_alive = KeepAlive::new().interval(HEARTBEAT);
    Ok(Sse::new(events(follow, first)).keep_alive(keep_alive).into_response())
}

/// Who follows which log, and how far.
struct Follow {
    app: Arc<App>,
    id: MatchId,
    caller: Caller,
    after: u64,
    _place: OwnedSemaphorePermit,
}

/// Ends when the match does, when it can no longer be read, or when the reader goes.
fn events(follow: Follow, first: LogPage) -> impl Stream<Item = Result<Event, Infallible>> {
    let pages = stream::unfold(Some((follow, Some(first))), async |state| {
        let (mut follow, ready) = state?;
        let page = match ready {
            Some(page) => page,
            None => match follow.app.matches.log(follow.id, &follow.caller, follow.after, LOOK).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::debug!(id = %follow.id, %error, "a log is followed no more");
                    return None;
                }
            },
        };
        follow.after = page.lines.last().map_or(follow.after, |line| line.number);
        let over = page.over;
        let end = over.then(|| Event::default().event("end").data("the match is over"));
        let events: Vec<_> = page.lines.into_iter().filter_map(event).chain(end).map(Ok).collect();
        Some((stream::iter(events), (!over).then_some((follow, None))))
    });
    futures_util::StreamExt::flatten(pages)
}

fn event(line: LogLine) -> Option<Event> {
    let number = line.number.to_string();
    Event::default().event("line").id(number).json_data(LogLineBody::from(line)).ok()
}

fn wants_stream(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/event-stream"))
}

fn last_event(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn the_owner_reads_the_log_from_where_they_left_off() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let player = stage.guest().await;
        let seat = stage.play_as(&player, "chess", json!({})).await.expect(201);
        let path = format!("/v1/matches/{}/log", seat["match"]["id"].as_str().unwrap());
        stage.get(&path).bearer(&player).await.expect(403);
        let log = stage.get(&path).bearer(&stage.developer_key).await.expect(200);
        assert_eq!((&log["lines"][0]["text"], &log["over"]), (&json!("it begins"), &json!(false)));
        let rest = stage.get(&format!("{path}?after=1")).bearer(&stage.developer_key).await.expect(200);
        assert_eq!(rest["lines"].as_array().unwrap().len(), 1);
        assert_eq!((&rest["lines"][0]["level"], &rest["lines"][0]["number"]), (&json!("error"), &json!(2)));
    }

    #[tokio::test]
    async fn a_log_is_followed_to_the_end_of_its_match() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let seat = stage.play("chess", json!({})).await.expect(201);
        let id = seat["match"]["id"].as_str().unwrap();
        stage.host.finish(id);
        stage.settled().await;
        let request = stage.get(&format!("/v1/matches/{id}/log")).bearer(&stage.developer_key);
        let answer = request.with("accept", "text/event-stream").with("last-event-id", "1").await;
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.starts_with("event: line\nid: 2\ndata: {\"number\":2,"), "{text}");
        assert!(text.trim_end().ends_with("event: end\ndata: the match is over"), "{text}");
    }

    #[tokio::test]
    async fn what_went_wrong_is_shown_to_the_author_with_the_last_lines() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let player = stage.guest().await;
        let seat = stage.play_as(&player, "chess", json!({})).await.expect(201);
        let id = seat["match"]["id"].as_str().unwrap();
        stage.host.trap(id, "unreachable in chess::rules::castle");
        stage.settled().await;
        let path = format!("/v1/matches/{id}");
        let seen = stage.get(&path).bearer(&player).await.expect(200);
        assert!(seen.get("failure").is_none());
        let failure = stage.get(&path).bearer(&stage.developer_key).await.expect(200)["failure"].clone();
        assert!(failure["message"].as_str().unwrap().contains("castle"));
        assert_eq!(failure["log"][1]["text"], "no such piece");
        assert_eq!(failure["reproduce"], format!("stadion replay {id} --trap"));
    }
}

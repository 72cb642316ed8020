//! Events as they come, as server-sent events (WHATWG HTML, section 9.2).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use hyper::HeaderMap;
use hyper::header::{ACCEPT, HeaderValue};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::{EventBody, EventsRefusal};
use crate::App;
use crate::events::Follower;
use crate::http::{Problem, header_text};
use crate::model::{Event, EventFilter};

/// Something passes over a quiet stream this often, so that proxies keep it and a lost client is noticed.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);

/// Streams of one replica at a time.
pub(crate) const STREAMS: usize = 1024;

/// A client that was cut off comes back after so long.
const RETRY: Duration = Duration::from_secs(1);

/// Whether events are wanted as they come.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    header_text(headers, ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/event-stream"))
}

/// A stream of what was asked for: from behind the last event that was heard, else from `since`, else from now on.
pub(super) async fn follow(app: &App, filter: EventFilter, headers: &HeaderMap) -> Result<Response, Problem> {
    let place = Arc::clone(&app.event_log_streams).try_acquire_owned().map_err(|_| EventsRefusal::Full)?;
    let last = header_text(headers, "last-event-id").and_then(|id| id.parse().ok());
    let after = last.or(filter.since.map(|_| 0));
    // What has happened by now counts as past.
    app.matches.flush().await;
    app.event_log.flush().await;
    let follower = Follower::start(&app.event_log, app.store.clone(), EventFilter { until: None, ..filter }, after);
    let follower = follower.await.map_err(EventsRefusal::from)?;
    // Whoever listens on shows a fresh token: one that was taken away ends here at last.
    let ends = Instant::now() + app.config.accounts.access_token;
    let first = Sent::default().comment("listening").retry(RETRY);
    let events = stream::once(async { Ok(first) }).chain(events(follower, ends, place));
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    // Proxies are to pass events on as they come.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn events(
    follower: Follower,
    ends: Instant,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Sent, Infallible>> {
    stream::unfold((follower, place), move |(mut follower, place)| async move {
        match tokio::time::timeout_at(ends, follower.next()).await {
            Ok(Ok(event)) => Some((Ok(sent(event)), (follower, place))),
            Ok(Err(error)) => {
                tracing::debug!(%error, "events are followed no more on this stream");
                None
            }
            Err(_) => None,
        }
    })
}

fn sent(event: Event) -> Sent {
    let (kind, number) = (event.kind.as_str(), event.number.to_string());
    let data = serde_json::to_string(&EventBody::from(event)).expect("events have only text keys");
    Sent::default().event(kind).id(number).data(data)
}

//! `GET /v1/events`: what a player is told, as server-sent events (WHATWG HTML, section 9.2).

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use hyper::HeaderMap;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, Sleep};

use crate::App;
use crate::coordination::{Listener, Told};
use crate::http::{Authenticated, Extras, Fault, Kind, Problem, header_text};
use crate::lobby::{PresentHere, RENEW};

/// Players who listen to one replica at a time.
pub(crate) const STREAMS: usize = 20_000;

/// Something passes over a quiet stream this often, so that proxies keep it and a lost client is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A client that was cut off comes back after so long.
const RETRY: Duration = Duration::from_secs(1);

/// No stream can be had.
#[derive(Debug, thiserror::Error)]
enum StreamRefusal {
    #[error("{STREAMS} players listen already; try again later")]
    Full,
    #[error("you listen in as many places as you may; close one")]
    TooMany,
}

impl Fault for StreamRefusal {
    fn kind(&self) -> Kind {
        match self {
            StreamRefusal::Full => Kind::Unavailable,
            StreamRefusal::TooMany => Kind::TooMany,
        }
    }

    fn extras(&self) -> Extras {
        Extras { retry_after: Some(HEARTBEAT), ..Extras::default() }
    }
}

/// Hear what happens
///
/// Events as they come: their names and data are those of `PlayerEvent`. The last 64 of the last five minutes are kept: who
/// was cut off goes on behind `Last-Event-ID`. An event named `missed` says that some are lost: ask for your party and for
/// your search. While a stream is open its player counts as present. It ends with the access token's life, and when its
/// sign-in is over (`signed-out`).
#[utoipa::path(
    get, path = "/v1/events", tag = "events", security(("bearer" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard.")),
    responses(
        (status = 200, description = "Events.", content((String = "text/event-stream"))),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 429, description = "you listen in as many places as you may"),
        (status = 503, description = "coordination is unavailable, or too many players listen"),
    )
)]
pub(crate) async fn get_events(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = Arc::clone(&app.event_streams).try_acquire_owned().map_err(|_| StreamRefusal::Full)?;
    let after = header_text(&headers, "last-event-id").and_then(|id| id.parse().ok());
    let listener = app.lobby.listen(&caller.account, after).await?;
    let here = app.lobby.arrive(&caller.account, caller.name.as_str()).await.ok_or(StreamRefusal::TooMany)?;
    let follow = Follow {
        listener,
        session: caller.session.map(|session| hex::encode(session.0)),
        renew: tokio::time::interval(RENEW),
        // Whoever listens on shows a fresh token: one that was taken away ends here at last.
        ends: Box::pin(tokio::time::sleep(app.config.accounts.access_token)),
        here,
        _place: place,
    };
    let first = Event::default().comment("listening").retry(RETRY);
    let events = stream::once(async { Ok(first) }).chain(events(follow));
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    // Proxies are to pass events on as they come.
    response.headers_mut().insert("x-accel-buffering", hyper::header::HeaderValue::from_static("no"));
    Ok(response)
}

/// Who listens, and until when.
struct Follow {
    listener: Listener,
    session: Option<String>,
    renew: Interval,
    ends: Pin<Box<Sleep>>,
    here: PresentHere,
    _place: OwnedSemaphorePermit,
}

/// What is read of an event to pass it on.
#[derive(Deserialize)]
struct Head {
    kind: String,
    session: Option<String>,
}

fn events(follow: Follow) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(follow), async |state| {
        let mut follow = state?;
        loop {
            tokio::select! {
                told = follow.listener.next() => {
                    let (event, last) = match told {
                        Ok(told) => follow.event(told)?,
                        Err(error) => {
                            tracing::debug!(%error, "a player is told nothing more on this stream");
                            return None;
                        }
                    };
                    return Some((Ok(event), (!last).then_some(follow)));
                }
                _ = follow.renew.tick() => follow.here.renew().await,
                () = &mut follow.ends => return None,
            }
        }
    })
}

impl Follow {
    /// An event, and whether it is the last of this stream. `None`: it does not read.
    fn event(&self, told: Told) -> Option<(Event, bool)> {
        let Told::Message { number, bytes } = told else {
            return Some((Event::default().event("missed").data("{\"kind\":\"missed\"}"), false));
        };
        let text = std::str::from_utf8(&bytes).ok()?;
        let head: Head = serde_json::from_str(text).ok()?;
        let last = head.kind == "signed-out" && (head.session.is_none() || head.session == self.session);
        Some((Event::default().event(head.kind).id(number.to_string()).data(text), last))
    }
}

//! `GET /v1/uploads/{upload}/events`.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use hyper::HeaderMap;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;

use super::UploadPath;
use crate::App;
use crate::coordination::{Listener, Told};
use crate::games::{UploadName, listen};
use crate::http::{Authenticated, Extras, Fault, Kind, Problem, UrlPath, header_text};

/// Something passes over a quiet stream this often, so that proxies keep it.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// No upload takes longer: whoever still listens has missed its end, or it never began.
const LONGEST: Duration = Duration::from_secs(600);

/// No stream can be had.
#[derive(Debug, thiserror::Error)]
#[error("too many streams are open; try again later")]
struct TooManyStreams;

impl Fault for TooManyStreams {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }

    fn extras(&self) -> Extras {
        Extras { retry_after: Some(HEARTBEAT), ..Extras::default() }
    }
}

/// Follow an upload
///
/// Server-sent events, each with the body of `GET /v1/uploads/{upload}`, named by its `state`: those that were told already, then
/// as they come, until `published` or `refused`. It may be opened before the upload begins. `Last-Event-ID` goes on from there.
#[utoipa::path(
    get, path = "/v1/uploads/{upload}/events", tag = "games", security(("bearer" = [])),
    params(UploadPath, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard.")),
    responses(
        (status = 200, description = "Events.", content((String = "text/event-stream"))),
        (status = 400, description = "not the name of an upload"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role developer"),
        (status = 503, description = "coordination is unavailable, or too many streams are open"),
    )
)]
pub(crate) async fn get_upload_events(
    State(app): State<Arc<App>>,
    UrlPath(name): UrlPath<String>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name: UploadName = name.parse()?;
    let place = Arc::clone(&app.log_streams).try_acquire_owned().map_err(|_| TooManyStreams)?;
    let after = header_text(&headers, "last-event-id").and_then(|id| id.parse().ok());
    let listener = listen(&*app.coordination, &caller.account, &name, after).await?;
    let follow = Follow { listener, ends: Box::pin(tokio::time::sleep(LONGEST)), _place: place };
    let mut response = Sse::new(events(follow)).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    // Proxies are to pass events on as they come.
    response.headers_mut().insert("x-accel-buffering", hyper::header::HeaderValue::from_static("no"));
    Ok(response)
}

struct Follow {
    listener: Listener,
    ends: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

/// What is read of a word to pass it on.
#[derive(Deserialize)]
struct Head {
    state: String,
}

fn events(follow: Follow) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(follow), async |state| {
        let mut follow = state?;
        loop {
            let told = tokio::select! {
                told = follow.listener.next() => told.ok()?,
                () = &mut follow.ends => return None,
            };
            // What is lost of it is no harm: the next word says more.
            let Told::Message { number, bytes } = told else { continue };
            let Ok(Head { state }) = serde_json::from_slice(&bytes) else { continue };
            let over = state == "published" || state == "refused";
            let event = Event::default().id(number.to_string()).data(String::from_utf8_lossy(&bytes)).event(state);
            return Some((Ok(event), (!over).then_some(follow)));
        }
    })
}

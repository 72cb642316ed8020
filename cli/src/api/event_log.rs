//! What happened in games and on hosts: page by page, or followed as it happens, over server-sent events: a connection that
//! is lost is made again, and goes on after the last event that came.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, HeaderName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Api, Page, sse};
use crate::failure::{Failure, Kind, Outcome};

/// A stream on which nothing passes for so long is dead: the server's heartbeat is 15 s.
const QUIET: Duration = Duration::from_secs(40);
/// As long as a stream may live; the server ends it sooner, and it is opened again.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Between two attempts to get at the server again, and how many: half a minute, in which a server has restarted.
const PAUSE: Duration = Duration::from_millis(500);
/// See [`PAUSE`].
const ATTEMPTS: u32 = 60;
/// Events of a page at most.
const PAGE: usize = 200;

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Happened {
    pub(crate) id: u64,
    /// RFC 3339.
    pub(crate) at: String,
    pub(crate) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) game: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    #[serde(default)]
    pub(crate) data: Value,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Of this game; `None`: of hosts.
    pub(crate) game: Option<String>,
    /// Query parameters: `kind`, `name`, `match`, `host`, `since`, `until`.
    pub(crate) narrowed: Vec<(&'static str, String)>,
}

impl Wanted {
    fn path(&self) -> String {
        self.game.as_ref().map_or_else(|| "/v1/events/hosts".to_owned(), |game| format!("/v1/games/{game}/events"))
    }
}

/// Who is told of what comes.
pub(crate) trait Hears {
    /// Something happened.
    fn event(&mut self, event: Happened);
    /// The connection is gone, and is being made again.
    fn lost(&mut self);
}

impl Api {
    /// The newest events, newest first, at most so many.
    pub(crate) async fn happened(&self, wanted: &Wanted, most: usize) -> Outcome<Vec<Happened>> {
        let (mut items, mut cursor): (Vec<Happened>, Option<String>) = (Vec::new(), None);
        // Each round brings some, or ends it.
        while items.len() < most {
            let limit = (most - items.len()).min(PAGE).to_string();
            let mut request = self.get(&wanted.path()).query(&wanted.narrowed).query(&[("limit", limit)]);
            if let Some(cursor) = &cursor {
                request = request.query(&[("cursor", cursor)]);
            }
            let page: Page<Happened> = self.json(request).await?;
            let brought = page.items.len();
            items.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() || brought == 0 {
                break;
            }
        }
        Ok(items)
    }

    /// Tells events as they come, until the server is lost for good.
    pub(crate) async fn follow_events(&self, wanted: &Wanted, hears: &mut dyn Hears) -> Outcome {
        let (mut last, mut attempts, mut known) = (None, 0, false);
        loop {
            match self.stream_events(wanted, &mut last, (&mut attempts, &mut *hears)).await {
                Ok(()) => known = true,
                Err(failure) => {
                    let passing = known && matches!(failure.kind, Kind::Unreachable | Kind::Failed);
                    if !passing || attempts >= ATTEMPTS {
                        return Err(failure);
                    }
                }
            }
            if attempts == 0 {
                hears.lost();
            }
            attempts += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Until the connection is gone.
    async fn stream_events(
        &self,
        wanted: &Wanted,
        last: &mut Option<u64>,
        (attempts, hears): (&mut u32, &mut dyn Hears),
    ) -> Outcome {
        let request = self.get(&wanted.path()).query(&wanted.narrowed).timeout(LONGEST);
        let mut request = request.header(ACCEPT, "text/event-stream");
        if let Some(last) = last {
            request = request.header(HeaderName::from_static("last-event-id"), *last);
        }
        let mut bytes = self.send(request).await?.bytes_stream();
        let mut events = sse::Reader::default();
        while let Ok(Some(Ok(chunk))) = tokio::time::timeout(QUIET, bytes.next()).await {
            *attempts = 0;
            for event in events.read(&chunk)? {
                if event.data.is_empty() {
                    continue;
                }
                let happened: Happened = serde_json::from_str(&event.data)
                    .map_err(|error| Failure::failed(format!("an event does not read: {error}")))?;
                *last = Some(happened.id);
                hears.event(happened);
            }
        }
        Ok(())
    }
}

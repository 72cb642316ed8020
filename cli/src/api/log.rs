//! A match's log: page by page, or followed as it is written, over server-sent events: a connection that is lost is made
//! again, and goes on after the last line that came.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, HeaderName};
use serde::{Deserialize, Serialize};

use super::{Api, sse};
use crate::failure::{Failure, Kind, Outcome};

/// A stream on which nothing passes for so long is dead: the server's heartbeat is 15 s.
const QUIET: Duration = Duration::from_secs(40);
/// As long as a stream may live: nothing that one follows at a terminal lasts longer.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// Between two attempts to get at the server again, and how many: half a minute, in which a server has restarted.
const PAUSE: Duration = Duration::from_millis(500);
/// See [`PAUSE`].
const ATTEMPTS: u32 = 60;
/// Pages of a log at most; a server keeps less than this of a match.
const MAX_PAGES: usize = 1_000;

/// A line of a match's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogLine {
    pub(crate) number: u64,
    pub(crate) tick: u64,
    /// RFC 3339.
    pub(crate) at: String,
    /// `debug`, `info`, `warn` or `error`.
    pub(crate) level: String,
    pub(crate) text: String,
}

#[derive(Debug, Deserialize)]
struct LogPage {
    lines: Vec<LogLine>,
}

/// What whoever follows a log is told.
#[derive(Debug)]
pub(crate) enum Followed {
    Line(LogLine),
    /// The connection is gone, and is being made again.
    Lost,
}

/// How a stream came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The match is over.
    Over,
    /// The connection is.
    Cut,
}

/// How far a log was followed.
struct Following<'a> {
    after: u64,
    /// Attempts in a row that brought nothing.
    attempts: u32,
    tell: &'a mut dyn FnMut(Followed),
}

impl Api {
    /// The lines that are kept, after a number.
    pub(crate) async fn log(&self, id: &str, mut after: u64) -> Outcome<Vec<LogLine>> {
        let mut lines = Vec::new();
        for _ in 0..MAX_PAGES {
            let request = self.get(&format!("/v1/matches/{id}/log")).query(&[("after", after)]);
            let page: LogPage = self.json(request).await?;
            let Some(last) = page.lines.last() else { break };
            after = last.number;
            lines.extend(page.lines);
        }
        Ok(lines)
    }

    /// Tells the lines of a log after a number as they come, until the match is over.
    pub(crate) async fn follow_log(&self, id: &str, after: u64, tell: &mut dyn FnMut(Followed)) -> Outcome {
        let mut following = Following { after, attempts: 0, tell };
        let mut known = false;
        loop {
            let ended = self.stream_log(id, &mut following).await;
            match ended {
                Ok(Ended::Over) => return Ok(()),
                Ok(Ended::Cut) => known = true,
                Err(failure) => {
                    let passing = known && matches!(failure.kind, Kind::Unreachable | Kind::Failed);
                    if !passing || following.attempts >= ATTEMPTS {
                        return Err(failure);
                    }
                }
            }
            if following.attempts == 0 {
                (following.tell)(Followed::Lost);
            }
            following.attempts += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn stream_log(&self, id: &str, following: &mut Following<'_>) -> Outcome<Ended> {
        let request = self
            .get(&format!("/v1/matches/{id}/log"))
            .timeout(LONGEST)
            .header(ACCEPT, "text/event-stream")
            .header(HeaderName::from_static("last-event-id"), following.after);
        let mut bytes = self.send(request).await?.bytes_stream();
        let mut events = sse::Reader::default();
        while let Ok(Some(Ok(chunk))) = tokio::time::timeout(QUIET, bytes.next()).await {
            following.attempts = 0;
            for event in events.read(&chunk)? {
                match event.name.as_str() {
                    "line" => following.line(&event.data)?,
                    "end" => return Ok(Ended::Over),
                    _ => {}
                }
            }
        }
        Ok(Ended::Cut)
    }
}

impl Following<'_> {
    fn line(&mut self, data: &str) -> Outcome {
        let line: LogLine = serde_json::from_str(data)
            .map_err(|error| Failure::failed(format!("a line of the log does not read: {error}")))?;
        self.after = line.number;
        (self.tell)(Followed::Line(line));
        Ok(())
    }
}

//! What the server tells a player, as it happens.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

use super::Api;
use super::sse::{Event, Reader};
use crate::failure::{Failure, Kind, Outcome};

/// A lost stream is looked for that often, and that far apart, before it counts as gone.
const TRIES: u32 = 10;
const BETWEEN: Duration = Duration::from_millis(500);

/// An open stream.
pub(crate) struct Events<'a> {
    api: &'a Api,
    response: Response,
    reader: Reader,
    /// Read, and not told yet.
    waiting: VecDeque<Event>,
    last: Option<String>,
}

impl<'a> Events<'a> {
    /// From now on.
    pub(crate) async fn open(api: &'a Api) -> Outcome<Events<'a>> {
        Ok(Events {
            response: api.listen(None).await?,
            api,
            reader: Reader::default(),
            waiting: VecDeque::new(),
            last: None,
        })
    }

    /// The next event: an object with a `kind`. A stream that breaks goes on where it was.
    pub(crate) async fn next(&mut self) -> Outcome<Value> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                match self.known(event) {
                    Some(event) => return Ok(event),
                    None => continue,
                }
            }
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.waiting.extend(self.reader.read(&chunk)?),
                Ok(None) | Err(_) => self.reopen().await?,
            }
        }
    }

    async fn reopen(&mut self) -> Outcome {
        // What was not whole comes again, whole.
        self.reader = Reader::default();
        let mut why = Failure::new(Kind::Unreachable, "the server tells nothing more");
        for _ in 0..TRIES {
            match self.api.listen(self.last.as_deref()).await {
                Ok(response) => {
                    self.response = response;
                    return Ok(());
                }
                Err(failure) if failure.kind == Kind::Refused => return Err(failure),
                Err(failure) => why = failure,
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Err(why)
    }

    /// `None`: nothing that is known.
    fn known(&mut self, event: Event) -> Option<Value> {
        self.last = event.id.or(self.last.take());
        serde_json::from_str(&event.data).ok()
    }
}

//! Server-sent events of a server, followed: a connection that is lost is made again, and goes on after the last event that was
//! handed out, so that nothing is lost and nothing comes twice.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::HeaderName;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answer::Events;
use crate::call::Call;
use crate::error::Error;
use crate::sse::{Event, Reader};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// A stream on which nothing passes for so long is dead: the server's heartbeat is 15 s.
const QUIET: Duration = Duration::from_secs(40);
/// As long as a stream may live; a server ends it sooner, and it is opened again.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Between two attempts to get at the server again, and how many: half a minute, in which a server has restarted.
const PAUSE: Duration = Duration::from_millis(500);
/// See [`PAUSE`].
const ATTEMPTS: u32 = 60;

/// Events as they come.
pub struct Told<T> {
    call: Call<Events<T>>,
    open: Option<Open>,
    last: Option<String>,
    /// Attempts in a row that brought nothing.
    attempts: u32,
    most_attempts: u32,
    /// The server knew what was asked for: what fails from now on passes.
    is_known: bool,
}

struct Open {
    response: Response,
    reader: Reader,
    /// Read, and not handed out yet.
    waiting: VecDeque<Event>,
}

/// What there is to be heard.
#[derive(Debug)]
pub enum Word {
    /// An event.
    Event(Event),
    /// The connection is gone, and is being made again.
    Lost,
}

impl<T: Serialize + DeserializeOwned> Call<Events<T>> {
    /// Follows what is told, from behind an event on if there is one to go on from. Nothing is asked before
    /// [`Told::open`] or [`Told::next`].
    pub fn told(self, last: Option<String>) -> Told<T> {
        let call = self.within(LONGEST);
        Told { call, open: None, last, attempts: 0, most_attempts: ATTEMPTS, is_known: false }
    }
}

impl<T: Serialize + DeserializeOwned> Told<T> {
    /// Fails after so many attempts in a row to get at the server again.
    pub fn with_attempts(self, most_attempts: u32) -> Told<T> {
        Told { most_attempts, ..self }
    }

    /// Asks: what happens from now on is told.
    pub async fn open(&mut self) -> Result<(), Error> {
        if self.open.is_none() {
            let call = match &self.last {
                Some(last) => &self.call.clone().header(LAST_EVENT_ID, last),
                None => &self.call,
            };
            let response = call.open().await?;
            self.open = Some(Open { response, reader: Reader::default(), waiting: VecDeque::new() });
            self.is_known = true;
        }
        Ok(())
    }

    /// The id of the last event that was handed out.
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The next event, read. Safe to cancel.
    pub async fn next(&mut self) -> Result<T, Error> {
        loop {
            if let Word::Event(event) = self.word().await?
                && !event.data.is_empty()
            {
                return self.read(&event);
            }
        }
    }

    /// Reads the data of an event.
    pub fn read(&self, event: &Event) -> Result<T, Error> {
        serde_json::from_str(&event.data).map_err(|error| self.call.unexpected(&error))
    }

    /// The next event as it came, or that the connection is lost. Fails when the server refuses, or is lost for good. Safe to
    /// cancel.
    pub async fn word(&mut self) -> Result<Word, Error> {
        loop {
            let Some(open) = &mut self.open else {
                self.reopen().await?;
                continue;
            };
            if let Some(event) = open.waiting.pop_front() {
                if event.id.is_some() {
                    self.last.clone_from(&event.id);
                }
                return Ok(Word::Event(event));
            }
            if let Ok(Ok(Some(chunk))) = tokio::time::timeout(QUIET, open.response.chunk()).await {
                self.attempts = 0;
                open.waiting.extend(open.reader.read(&chunk)?);
                continue;
            }
            // What was not whole comes again, whole.
            self.open = None;
            if self.attempts == 0 {
                return Ok(Word::Lost);
            }
        }
    }

    async fn reopen(&mut self) -> Result<(), Error> {
        if self.is_known {
            self.attempts += 1;
            tokio::time::sleep(PAUSE).await;
        }
        match self.open().await {
            Err(error) if self.is_known && error.is_passing() && self.attempts < self.most_attempts => Ok(()),
            Ok(()) if self.attempts > self.most_attempts => {
                let why = "it takes connections, and tells nothing".to_owned();
                Err(Error::Unreachable { server: self.call.api.url(""), why })
            }
            opened => opened,
        }
    }
}

//! Topics: what is told on one replica is heard on all of them, in order, and nothing is missed unnoticed.
//!
//! Each message of a topic has a number, and says the number of the one before it. The last [`KEPT`] are kept for
//! [`KEPT_FOR`], so that a listener who was cut off for a moment (a browser that reconnects with `Last-Event-ID`, a replica
//! that lost its connection) goes on where it was. A listener who comes too late for that is told [`Told::Gap`] and asks for
//! the state afresh.
//!
//! **Bounds.** A message has [`MESSAGE_BYTES`]; a listener that is [`BEHIND`] messages behind loses its place and catches up
//! from what is kept.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast::{self, error::RecvError};

use super::CoordinationError;

/// Messages of a topic that are kept.
pub const KEPT: usize = 64;

/// For how long after the last of them.
pub const KEPT_FOR: Duration = Duration::from_secs(5 * 60);

/// For how long the number of the last message is known: who listens to a topic that was quiet for longer hears of a gap
/// that there was not.
pub(crate) const NUMBERED_FOR: Duration = Duration::from_secs(24 * 3600);

/// The largest message.
pub const MESSAGE_BYTES: usize = 64 * 1024;

/// Messages that wait for a slow listener.
const BEHIND: usize = 256;

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A message.
    Message {
        /// Its number: greater than that of every message before it, and not the next one.
        number: u64,
        /// What it says.
        bytes: Bytes,
    },
    /// Messages before the next one are lost to this listener.
    Gap,
}

/// Tells and listens.
#[async_trait::async_trait]
pub trait Topics: Send + Sync + 'static {
    /// Tells everybody who listens now and keeps it for those who come back: its number.
    async fn tell(&self, topic: &str, message: &[u8]) -> Result<u64, CoordinationError>;

    /// Listens from now on, or from behind message `after`.
    async fn listen(&self, topic: &str, after: Option<u64>) -> Result<Listener, CoordinationError>;
}

/// A message as it is kept and passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: u64,
    /// Number of the message before it; 0: there was none, or none is known.
    pub(crate) before: u64,
    pub(crate) bytes: Bytes,
}

/// What is kept of a topic.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// Number of the last message; 0: none is known.
    pub(crate) last: u64,
    /// The last messages, oldest first.
    pub(crate) lines: VecDeque<Line>,
}

/// Where listeners catch up.
#[async_trait::async_trait]
pub(crate) trait Backlog: Send + Sync + 'static {
    async fn kept(&self, topic: &str) -> Result<Kept, CoordinationError>;
}

/// What the listeners of one replica are woken with.
#[derive(Clone, Debug)]
pub(crate) enum Signal {
    Line(Line),
    /// Messages may have been told that did not get here.
    CatchUp,
}

/// The listeners of one replica, by topic.
#[derive(Debug, Default)]
pub(crate) struct Switchboard {
    topics: Mutex<HashMap<String, broadcast::Sender<Signal>>>,
}

impl Switchboard {
    /// Adds a listener: whether it is the first of its topic.
    pub(crate) fn connect(&self, topic: &str) -> (broadcast::Receiver<Signal>, bool) {
        let mut topics = self.topics();
        let first = !topics.contains_key(topic);
        let sender = topics.entry(topic.to_owned()).or_insert_with(|| broadcast::channel(BEHIND).0);
        (sender.subscribe(), first)
    }

    /// Forgets a topic that nobody listens to any more: whether that is so.
    pub(crate) fn tidy(&self, topic: &str) -> bool {
        let mut topics = self.topics();
        let idle = topics.get(topic).is_some_and(|sender| sender.receiver_count() == 0);
        if idle {
            topics.remove(topic);
        }
        idle
    }

    pub(crate) fn pass_on(&self, topic: &str, line: Line) {
        if let Some(sender) = self.topics().get(topic) {
            // It fails when the last listener has just gone.
            let _ = sender.send(Signal::Line(line));
        }
    }

    /// Every listener looks for what it may have missed.
    pub(crate) fn all_catch_up(&self) {
        for sender in self.topics().values() {
            let _ = sender.send(Signal::CatchUp);
        }
    }

    /// The topics that somebody listens to.
    pub(crate) fn wanted(&self) -> Vec<String> {
        self.topics().keys().cloned().collect()
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<String, broadcast::Sender<Signal>>> {
        // No step under this lock can panic half-way.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who listens to a topic, until it is dropped.
pub struct Listener {
    topic: String,
    /// The last message that was heard, or that it listens from behind.
    last: u64,
    ready: VecDeque<Told>,
    /// Something may be kept that did not come by `live`.
    behind: bool,
    live: Option<broadcast::Receiver<Signal>>,
    backlog: Arc<dyn Backlog>,
    /// Called once nobody here listens any more.
    hang_up: Box<dyn Fn(&str) + Send + Sync>,
}

impl Listener {
    /// `live` must hear everything that is told from before this call.
    pub(crate) async fn start(
        topic: &str,
        after: Option<u64>,
        live: broadcast::Receiver<Signal>,
        backlog: Arc<dyn Backlog>,
        hang_up: Box<dyn Fn(&str) + Send + Sync>,
    ) -> Result<Listener, CoordinationError> {
        let live = Some(live);
        let mut listener = Listener {
            topic: topic.to_owned(),
            last: after.unwrap_or_default(),
            ready: VecDeque::new(),
            behind: false,
            live,
            backlog,
            hang_up,
        };
        let kept = listener.backlog.kept(topic).await?;
        match after {
            None => listener.last = kept.last,
            Some(_) => listener.catch_up(kept),
        }
        Ok(listener)
    }

    /// The next message. May be dropped while it waits: nothing is lost by that.
    pub async fn next(&mut self) -> Result<Told, CoordinationError> {
        loop {
            if let Some(told) = self.ready.pop_front() {
                return Ok(told);
            }
            if self.behind {
                let kept = self.backlog.kept(&self.topic).await?;
                self.behind = false;
                self.catch_up(kept);
                continue;
            }
            let live = self.live.as_mut().expect("taken as it is dropped");
            match live.recv().await {
                Ok(Signal::Line(line)) => self.hear(line),
                Ok(Signal::CatchUp) | Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return Err(CoordinationError("it was shut down".to_owned())),
            }
        }
    }

    fn hear(&mut self, line: Line) {
        if line.number <= self.last {
            return;
        }
        if line.before != self.last {
            self.ready.push_back(Told::Gap);
        }
        self.last = line.number;
        self.ready.push_back(Told::Message { number: line.number, bytes: line.bytes });
    }

    fn catch_up(&mut self, kept: Kept) {
        for line in kept.lines {
            self.hear(line);
        }
        // Numbers only grow: a last one that is lower means that what it was is not known any more.
        if kept.last != self.last {
            self.ready.push_back(Told::Gap);
            self.last = kept.last;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.live.take());
        (self.hang_up)(&self.topic);
    }
}

/// Whether a message may be told.
pub(crate) fn check_size(message: &[u8]) -> Result<(), CoordinationError> {
    if message.len() <= MESSAGE_BYTES {
        return Ok(());
    }
    Err(CoordinationError(format!("a message of {} bytes; {MESSAGE_BYTES} are the most", message.len())))
}

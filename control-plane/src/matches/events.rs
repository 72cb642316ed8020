//! What hosts tell: queued on their threads without waiting, handled by one task.
//!
//! The queue is bounded by what it may drop: of changes only the newest of each match is kept (as many as matches run),
//! the end of a match always stays, its journal goes when too many bytes of them wait, and reports go when too many wait.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use stadion_protocol::MatchId;
use stadion_protocol::contract::{HostEvent, HostEvents, LogLine, MatchEnded, MatchState, MatchStatus, MatchUsage};
use tokio::sync::Notify;

use super::journals::Journals;
use super::live::LiveIndex;
use super::writer::Writer;
use crate::clock::Clock;
use crate::lobby::{self, Lobby};
use crate::model::{MatchEnd, MatchWrite, Usage};

/// Journals that may wait to be kept, bytes.
const JOURNAL_BACKLOG: usize = 256 * 1024 * 1024;

/// Reports that may wait.
const REPORT_BACKLOG: usize = 4096;

/// Takes events from hosts. Built before host and control plane, and given to both.
#[derive(Default)]
pub struct HostEventQueue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    changed: HashMap<MatchId, MatchStatus>,
    ended: VecDeque<Over>,
    journal_bytes: usize,
    reports: VecDeque<(MatchId, String, String)>,
    dropped_reports: u64,
    closed: bool,
}

/// A match that is over.
struct Over {
    status: MatchStatus,
    ended: MatchEnded,
    journal: Bytes,
    usage: Box<MatchUsage>,
    last_log: Vec<LogLine>,
}

impl HostEventQueue {
    /// Empty.
    pub fn new() -> HostEventQueue {
        HostEventQueue::default()
    }

    /// Lets the task end once it has handled what is here.
    pub(crate) fn close(&self) {
        self.waiting().closed = true;
        self.arrived.notify_one();
    }

    /// Everything that waits; `None` once the queue is closed and empty.
    async fn take(&self) -> Option<Waiting> {
        loop {
            {
                let mut waiting = self.waiting();
                if !waiting.is_empty() {
                    let closed = waiting.closed;
                    return Some(std::mem::replace(&mut *waiting, Waiting { closed, ..Waiting::default() }));
                }
                if waiting.closed {
                    return None;
                }
            }
            self.arrived.notified().await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // No step under this lock can panic half-way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HostEvents for HostEventQueue {
    fn publish(&self, event: HostEvent) {
        self.waiting().add(event);
        self.arrived.notify_one();
    }
}

impl Waiting {
    fn add(&mut self, event: HostEvent) {
        match event {
            HostEvent::Changed(status) if status.state == MatchState::Ended => {}
            HostEvent::Changed(status) => {
                self.changed.insert(status.id, status);
            }
            HostEvent::Ended { status, ended, journal, usage, last_log } => {
                self.changed.remove(&status.id);
                let fits = self.journal_bytes + journal.len() <= JOURNAL_BACKLOG;
                let journal = if fits { journal } else { Bytes::new() };
                self.journal_bytes += journal.len();
                self.ended.push_back(Over { status, ended, journal, usage, last_log });
            }
            HostEvent::Report { .. } if self.reports.len() >= REPORT_BACKLOG => self.dropped_reports += 1,
            HostEvent::Report { id, kind, json } => self.reports.push_back((id, kind, json)),
        }
    }

    fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.ended.is_empty() && self.reports.is_empty()
    }
}

/// What [`handle_events`] stands on.
pub(crate) struct EventParts {
    pub(crate) queue: Arc<HostEventQueue>,
    pub(crate) live: Arc<LiveIndex>,
    pub(crate) journals: Arc<Journals>,
    pub(crate) writer: Writer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lobby: Arc<Lobby>,
}

/// Handles events until the queue is closed.
pub(crate) async fn handle_events(parts: EventParts) {
    while let Some(waiting) = parts.queue.take().await {
        for status in waiting.changed.values() {
            if let Err(error) = parts.live.changed(status).await {
                tracing::warn!(id = %status.id, %error, "a change of a match was not noted");
            }
            parts.lobby.match_changed(status).await;
        }
        for over in waiting.ended {
            end(&parts, over).await;
        }
        for (id, kind, json) in waiting.reports {
            tracing::info!(%id, kind, json, "report");
        }
        if waiting.dropped_reports > 0 {
            tracing::warn!(dropped = waiting.dropped_reports, "reports came faster than they are handled");
        }
    }
}

async fn end(parts: &EventParts, over: Over) {
    let Over { status, ended, journal, usage, last_log } = over;
    let id = status.id;
    parts.live.forget_surely(id).await;
    let end = MatchEnd {
        at: parts.clock.now(),
        journal_bytes: parts.journals.keep(id, journal).await,
        reason: ended.reason,
        placings: ended.placings,
        data: ended.data,
        chain: Some(ended.chain),
        usage: Some(Usage::from(&*usage)),
        last_log,
    };
    parts.journals.prune().await;
    tracing::debug!(%id, reason = %end.reason, "match ended");
    let (game, seats, placings) = (status.game.clone(), status.seats.clone(), end.placings.clone());
    parts.writer.write(MatchWrite::Ended { status: Box::new(status), end: Box::new(end) }).await;
    parts.lobby.match_over(lobby::Over { id, game: &game, seats: &seats, placings: &placings }).await;
}

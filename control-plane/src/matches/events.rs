//! What hosts tell: queued on their threads without waiting, handled by one task.
//!
//! The queue is bounded by what it may drop: of changes only the newest of each match is kept (as many as matches run),
//! the end of a match always stays, its journal goes when too many bytes of them wait, and reports go when too many wait.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::json;
use stadion_protocol::MatchId;
use stadion_protocol::contract::{HostEvent, HostEvents, LogLine, MatchEnded, MatchState, MatchStatus, MatchUsage};
use tokio::sync::Notify;

use super::journals::Journals;
use super::live::{LiveIndex, LiveMatch};
use super::writer::Writer;
use crate::clock::Clock;
use crate::events::{Budgets, EventLog};
use crate::lobby::{self, Lobby};
use crate::model::{EventKind, HostName, MatchEnd, MatchWrite, NewEvent, Usage};

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
    pub(crate) event_log: EventLog,
    /// Where what is told here happens, unless a note says otherwise.
    pub(crate) host_name: HostName,
}

/// Handles events until the queue is closed.
pub(crate) async fn handle_events(parts: EventParts) {
    let (mut budgets, mut seated) = (Budgets::default(), Seated::default());
    while let Some(waiting) = parts.queue.take().await {
        for status in waiting.changed.values() {
            if let Err(error) = parts.live.told(status).await {
                tracing::warn!(id = %status.id, %error, "a change of a match was not noted");
            }
            parts.lobby.match_changed(status).await;
            seated.note(&parts, status);
        }
        // Before the ends: of a match that is over it is not noted any more where it ran.
        record_reports(&parts, &mut budgets, waiting.reports).await;
        if waiting.dropped_reports > 0 {
            let why = "reports came faster than they are handled";
            tracing::warn!(dropped = waiting.dropped_reports, why);
            let event = NewEvent::new(EventKind::EventsDropped, parts.clock.now()).on(&parts.host_name);
            parts.event_log.record(event.with(json!({"dropped": waiting.dropped_reports, "why": why})));
        }
        for over in waiting.ended {
            seated.of.remove(&over.status.id);
            end(&parts, over).await;
        }
    }
}

/// Who sits in the matches that run here, as their rows say: a hash of each, for as many as run.
#[derive(Default)]
struct Seated {
    of: HashMap<MatchId, u64>,
}

impl Seated {
    /// Has the row say who sits there. Where too much waits to be written it does not, until the next change.
    fn note(&mut self, parts: &EventParts, status: &MatchStatus) {
        let mut hasher = DefaultHasher::new();
        status.seats.iter().for_each(|seat| (seat.seat.0, seat.player.id.as_str()).hash(&mut hasher));
        let now = hasher.finish();
        if status.seats.is_empty() || self.of.get(&status.id) == Some(&now) {
            return;
        }
        let Ok(place) = parts.writer.reserve() else { return };
        place.write(MatchWrite::Seated { status: Box::new(status.clone()), at: parts.clock.now() });
        self.of.insert(status.id, now);
    }
}

/// What games report, as far as each may.
async fn record_reports(parts: &EventParts, budgets: &mut Budgets, reports: VecDeque<(MatchId, String, String)>) {
    let now = parts.clock.now();
    // As many as reports wait.
    let mut found: HashMap<MatchId, Option<LiveMatch>> = HashMap::new();
    for (id, name, json) in reports {
        let live = match found.entry(id) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(new) => new.insert(parts.live.by_id(id).await.unwrap_or_default()),
        };
        let Some(live) = live else {
            tracing::debug!(%id, name, "nobody knows any more what the match that reports this is");
            continue;
        };
        let mut event = NewEvent::report(now, &name, &json);
        if !budgets.admit(&live.game, event.bytes(), now) {
            continue;
        }
        event.host = Some(live.host.clone().unwrap_or_else(|| parts.host_name.clone()));
        (event.game, event.version, event.of) = (Some(live.game.clone()), Some(live.version), Some(id));
        parts.event_log.record(event);
    }
    for (game, dropped) in budgets.dropped(now) {
        let why = "the game reports more than 256 KiB a second";
        tracing::warn!(%game, dropped, why);
        let event = NewEvent { game: Some(game), ..NewEvent::new(EventKind::EventsDropped, now) };
        parts.event_log.record(event.with(json!({"dropped": dropped, "why": why})));
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
    let (game, seats) = (status.game.clone(), status.seats.clone());
    let (placings, reason) = (end.placings.clone(), end.reason.clone());
    parts.writer.write(MatchWrite::Ended { status: Box::new(status), end: Box::new(end) }).await;
    parts.lobby.match_over(lobby::Over { id, game: &game, seats: &seats, placings: &placings, reason: &reason }).await;
}

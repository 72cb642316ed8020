//! The machine: what it holds, its timers, and what a player asks of it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::backoff::Backoff;
use super::ledger::Ledger;
use super::meter::{Meter, TickClock};
use super::path::{Path, Purpose};
use super::{ClientConfig, Endpoint, Event, PathId, SendError, Transmit};
use crate::clock::Moment;
use crate::close::CloseCode;
use crate::ids::{Incarnation, Tick};
use crate::token::ResumeToken;
use crate::wire::{ClientFrame, ClientId, Credential, Hello, PROTOCOL_VERSION, Speaker};

/// One player's hold on one seat.
///
/// The driver's wheel: [`handle`](Client::handle) what happens on transports, [`on_timeout`](Client::on_timeout) at
/// [`next_timeout`](Client::next_timeout), [`send`](Client::send) and its like whenever the player wants; after each,
/// drain [`poll_transmit`](Client::poll_transmit) and [`poll_event`](Client::poll_event). Both queues are bounded by what
/// one call can cause, as long as they are drained. `now` never goes back. Words about paths that were closed are
/// ignored, so a driver need not race them out of its queues. After [`Event::Closed`] nothing happens any more.
#[derive(Debug)]
pub struct Client {
    pub(super) config: ClientConfig,
    pub(super) endpoint: usize,
    pub(super) credential: Credential,
    /// At most [`MAX_ATTEMPTS`] attempts, one target and the current one.
    pub(super) paths: Vec<Path>,
    pub(super) last_path: u64,
    /// The one path that was welcomed.
    pub(super) current: Option<PathId>,
    pub(super) welcomed_at: Moment,
    pub(super) ledger: Ledger,
    pub(super) meter: Meter,
    pub(super) clock: TickClock,
    pub(super) backoff: Backoff,
    /// The highest incarnation heard of; `None` before the first welcome.
    pub(super) known: Option<Incarnation>,
    pub(super) phase: Phase,
    pub(super) health: Health,
    /// When the match was last heard, or this began.
    pub(super) heard: Moment,
    pub(super) retry_at: Moment,
    pub(super) ack_at: Option<Moment>,
    pub(super) transmits: VecDeque<Transmit>,
    pub(super) events: VecDeque<Event>,
}

/// Where in its life.
#[derive(Debug)]
pub(super) enum Phase {
    Playing,
    Leaving { until: Moment },
    Ended { until: Moment, code: CloseCode, reason: String },
    Closed,
}

/// What the player was last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Starting,
    Live,
    Stalled,
}

/// Attempts at once. One that nobody answers makes room for another after as many seconds: a transport asks a server that
/// is down again after pauses that double, a new attempt is there when the server is. Handshakes take no longer anywhere.
const MAX_ATTEMPTS: usize = 3;
/// Acknowledgements wait this long for company; nothing waits for them but the server's memory.
pub(super) const ACK_DELAY: Duration = Duration::from_millis(40);
/// A server that does not close after `leave` is not waited for longer.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);

impl Client {
    /// Starts at once: the first [`Transmit::Connect`] is ready.
    pub fn new(config: ClientConfig, now: Moment) -> Client {
        let mut client = Client {
            endpoint: 0,
            credential: config.credential.clone(),
            paths: Vec::new(),
            last_path: 0,
            current: None,
            welcomed_at: now,
            ledger: Ledger::default(),
            meter: Meter::default(),
            clock: TickClock::default(),
            backoff: Backoff::new(config.seed, config.timers.longest_backoff),
            known: None,
            phase: Phase::Playing,
            health: Health::Starting,
            heard: now,
            retry_at: now,
            ack_at: None,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            config,
        };
        client.attempt_if_due(now);
        client
    }

    /// What to do next; `None` until something else happens.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// What happened next; `None` until something else happens.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Sends a reliable input, now or when the connection is back: it counts exactly once, in order.
    pub fn send(&mut self, data: Bytes) -> Result<(), SendError> {
        self.check_playing()?;
        let frame = self.ledger.push(data)?;
        self.transmit_frame(&frame);
        Ok(())
    }

    /// Sends an unreliable input, or drops it.
    pub fn send_unreliable(&mut self, now: Moment, data: Bytes) -> Result<(), SendError> {
        self.check_playing()?;
        let current = self.current.ok_or(SendError::NotConnected)?;
        let path = self.paths.iter_mut().find(|path| path.id == current).ok_or(SendError::NotConnected)?;
        let datagrams = path.outgoing.push(now, data, path.max_datagram)?;
        self.transmits.extend(datagrams.into_iter().map(|data| Transmit::Datagram { path: current, data }));
        Ok(())
    }

    /// Gives up the seat. [`Event::Closed`] follows, at once when there is no connection to say it on.
    pub fn leave(&mut self, now: Moment) {
        if !matches!(self.phase, Phase::Playing) {
            return;
        }
        if self.current.is_none() {
            return self.finish(CloseCode::Left, "left");
        }
        self.acknowledge();
        self.transmit_frame(&ClientFrame::Leave);
        self.phase = Phase::Leaving { until: now + LEAVE_WITHIN };
        self.drop_attempts(CloseCode::Left, |_| true);
    }

    /// When [`on_timeout`](Client::on_timeout) wants to be called; `None` when closed.
    pub fn next_timeout(&self) -> Option<Moment> {
        let timers = &self.config.timers;
        let attempts = self.paths.iter().filter_map(|path| path.give_up_at(timers));
        let phase = match &self.phase {
            Phase::Playing => self.heard + timers.give_up,
            Phase::Leaving { until } | Phase::Ended { until, .. } => *until,
            Phase::Closed => return None,
        };
        let silence = (self.health == Health::Live).then(|| self.silent_at());
        let retry = self.wants_attempt().then_some(self.retry_at);
        let others = [Some(phase), silence, retry, self.ping_at(), self.ack_at];
        attempts.chain(others.into_iter().flatten()).min()
    }

    /// Does what time asks for.
    pub fn on_timeout(&mut self, now: Moment) {
        self.end_if_due(now);
        if matches!(self.phase, Phase::Closed) {
            return;
        }
        self.drop_late_attempts(now);
        if self.health == Health::Live && now >= self.silent_at() {
            self.stall(now);
        }
        self.attempt_if_due(now);
        if self.ping_at().is_some_and(|at| now >= at) {
            let (ping, report) = (self.meter.ping(now), self.meter.report(now));
            self.transmit_frame(&ping);
            report.iter().for_each(|report| self.transmit_frame(report));
        }
        if self.ack_at.is_some_and(|at| now >= at) {
            self.acknowledge();
        }
    }

    /// The newest resume token: whoever has it can come back to the seat, also from another process. `None` until the
    /// server has given one.
    pub fn resume_token(&self) -> Option<ResumeToken> {
        match &self.credential {
            Credential::Resume(token) => Some(*token),
            Credential::Join { .. } => None,
        }
    }

    /// Where the match is: the endpoint that last welcomed this client, or the next to be tried.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.config.endpoints.get(self.endpoint)
    }

    /// The smoothed round trip, once measured.
    pub fn round_trip(&self) -> Option<Duration> {
        self.meter.round_trip()
    }

    /// Packets lost of a thousand, as the transport sees it; goes into the reports to the server.
    pub fn set_loss(&mut self, permille: u16) {
        self.meter.set_loss(permille);
    }

    /// The newest tick heard of.
    pub fn newest_tick(&self) -> Tick {
        self.clock.newest()
    }

    /// The tick that the server makes now, with its fraction; event-driven matches stand at the newest heard of.
    pub fn estimated_tick(&self, now: Moment) -> f64 {
        self.clock.estimate(now, self.meter.round_trip().unwrap_or_default())
    }

    /// Reliable inputs that are not yet acknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.ledger.waiting()
    }

    /// Whether [`Event::Closed`] was, or is about to be, given.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    fn check_playing(&self) -> Result<(), SendError> {
        if matches!(self.phase, Phase::Playing) { Ok(()) } else { Err(SendError::Closed) }
    }

    fn silent_at(&self) -> Moment {
        self.heard + self.config.timers.silence
    }

    fn ping_at(&self) -> Option<Moment> {
        self.current?;
        match self.health {
            Health::Live => Some(self.meter.next_ping(self.heard, self.config.timers.ping)),
            // A server that was restarted answers with a reset: the connection is known to be gone as soon as it is back.
            Health::Stalled => Some(self.meter.next_knock(self.config.timers.ping)),
            Health::Starting => None,
        }
    }

    fn end_if_due(&mut self, now: Moment) {
        match &self.phase {
            Phase::Playing if now >= self.heard + self.config.timers.give_up => {
                self.finish(CloseCode::TimedOut, "the server did not answer");
            }
            Phase::Leaving { until } if now >= *until => self.finish(CloseCode::Left, "left"),
            Phase::Ended { until, code, reason } if now >= *until => {
                let (code, reason) = (*code, reason.clone());
                self.finish(code, &reason);
            }
            _ => {}
        }
    }

    fn drop_late_attempts(&mut self, now: Moment) {
        let timers = self.config.timers;
        let late = |path: &Path| path.give_up_at(&timers).is_some_and(|at| now >= at);
        if self.drop_attempts(CloseCode::TimedOut, late) {
            self.attempt_failed(now);
        }
    }

    /// Tells the player, and looks for another way at once.
    pub(super) fn stall(&mut self, now: Moment) {
        if self.health == Health::Live {
            self.health = Health::Stalled;
            self.events.push_back(Event::Stalled);
            self.retry_at = self.retry_at.min(now);
        }
    }

    pub(super) fn attempt_failed(&mut self, now: Moment) {
        self.try_next_endpoint();
        self.retry_at = now + self.backoff.next();
    }

    fn try_next_endpoint(&mut self) {
        self.endpoint = (self.endpoint + 1) % self.config.endpoints.len().max(1);
    }

    fn wants_attempt(&self) -> bool {
        matches!(self.phase, Phase::Playing)
            && (self.current.is_none() || self.health == Health::Stalled)
            && (self.attempts().count() < MAX_ATTEMPTS || self.attempts().any(Path::is_connecting))
    }

    /// Attempts to reach the match that are under way, oldest first.
    fn attempts(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().filter(|path| path.is_attempt() && path.purpose == Purpose::Reach)
    }

    pub(super) fn attempt_if_due(&mut self, now: Moment) {
        if !self.wants_attempt() || now < self.retry_at {
            return;
        }
        let hanging = self.attempts().find(|path| path.is_connecting()).map(|path| path.id);
        if let Some(oldest) = hanging.filter(|_| self.attempts().count() >= MAX_ATTEMPTS) {
            self.drop_path(oldest, CloseCode::TimedOut);
            self.try_next_endpoint();
        }
        match self.endpoint().cloned() {
            Some(endpoint) => self.open(now, Purpose::Reach, endpoint),
            None => return self.finish(CloseCode::Refused, "no endpoint to connect to"),
        }
        self.retry_at = now + self.config.timers.silence;
    }

    pub(super) fn open(&mut self, now: Moment, purpose: Purpose, endpoint: Endpoint) {
        self.last_path += 1;
        let path = PathId(self.last_path);
        self.paths.push(Path::new(path, purpose, endpoint.clone(), now, self.config.repeats));
        self.transmits.push_back(Transmit::Connect { path, endpoint });
    }

    /// Drops attempts that are not wanted; whether there were any.
    pub(super) fn drop_attempts(&mut self, code: CloseCode, unwanted: impl Fn(&Path) -> bool) -> bool {
        let attempts = self.paths.iter().filter(|path| path.is_attempt() && unwanted(path));
        let dropped: Vec<PathId> = attempts.map(|path| path.id).collect();
        dropped.iter().for_each(|&path| self.drop_path(path, code));
        !dropped.is_empty()
    }

    /// Closes a path from this side.
    pub(super) fn drop_path(&mut self, id: PathId, code: CloseCode) {
        if self.forget_path(id).is_some() {
            self.transmits.push_back(Transmit::Close { path: id, code });
        }
    }

    /// Takes a path out, with everything that was still to be sent on it.
    pub(super) fn forget_path(&mut self, id: PathId) -> Option<Path> {
        let at = self.paths.iter().position(|path| path.id == id)?;
        if self.current == Some(id) {
            self.current = None;
            self.ack_at = None;
        }
        self.transmits.retain(|transmit| match transmit {
            Transmit::Stream { path, .. } | Transmit::Datagram { path, .. } => *path != id,
            Transmit::Connect { .. } | Transmit::Close { .. } => true,
        });
        Some(self.paths.remove(at))
    }

    pub(super) fn hello(&self, path: PathId, purpose: Purpose) -> ClientFrame {
        ClientFrame::Hello(Box::new(Hello {
            protocol_version: PROTOCOL_VERSION,
            schema: self.config.schema,
            speaker: Speaker {
                client: ClientId(self.config.seed.to_le_bytes()),
                connection: u32::try_from(path.0).unwrap_or(u32::MAX),
            },
            credential: match purpose {
                Purpose::Reach => self.credential.clone(),
                Purpose::Target(token) => Credential::Resume(token),
            },
            last_out_seq: self.ledger.last_out_seq(),
            incarnation: self.known.map_or(0, |known| known.0),
            last_tick: self.clock.newest(),
            fresh: self.known.is_none(),
            options: self.config.options.clone(),
        }))
    }

    /// Sends the newest acknowledgement, if there is anybody to tell.
    pub(super) fn acknowledge(&mut self) {
        if self.ack_at.take().is_some() {
            self.transmit_frame(&ClientFrame::Ack { out_seq: self.ledger.last_out_seq() });
        }
    }

    /// Sends on the current path; without one, what must not be lost is in the ledger.
    pub(super) fn transmit_frame(&mut self, frame: &ClientFrame) {
        if let Some(path) = self.current {
            self.transmits.push_back(Transmit::Stream { path, data: frame.encode() });
        }
    }

    /// Over, for good.
    pub(super) fn finish(&mut self, code: CloseCode, reason: &str) {
        let paths = std::mem::take(&mut self.paths);
        self.transmits.extend(paths.iter().map(|path| Transmit::Close { path: path.id, code }));
        self.current = None;
        self.phase = Phase::Closed;
        self.events.push_back(Event::Closed { code, reason: reason.to_owned() });
    }
}

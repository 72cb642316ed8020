//! What transports tell the machine.

use std::time::Duration;

use super::ledger::{Arrived, Impossible};
use super::machine::{ACK_DELAY, Client, Health, Phase};
use super::path::{Path, Purpose, Stage};
use super::{Endpoint, Event, Input, PathId, Transmit};
use crate::clock::Moment;
use crate::close::CloseCode;
use crate::ids::{Incarnation, Tick};
use crate::wire::{ClientFrame, Credential, ServerDatagram, ServerFrame, Welcome, WireError};

/// The server said what it may not say.
#[derive(Debug)]
struct Malformed;

impl From<WireError> for Malformed {
    fn from(_: WireError) -> Malformed {
        Malformed
    }
}

impl From<Impossible> for Malformed {
    fn from(_: Impossible) -> Malformed {
        Malformed
    }
}

/// After `ended` the server closes once everything is acknowledged, or when its linger time is over.
const CLOSE_WITHIN: Duration = Duration::from_secs(10);
/// A connection that lived this long was a good one: the next attempt need not wait. Long against a server that lets in
/// and drops at once, short against one that was killed twice.
const GOOD_LIFE: Duration = Duration::from_millis(500);

impl Client {
    /// Takes what happened on a transport.
    pub fn handle(&mut self, now: Moment, input: Input<'_>) {
        match input {
            Input::Connected { path, max_datagram } => self.on_connected(now, path, max_datagram),
            Input::Stream { path, chunk } => self.on_stream(now, path, chunk),
            Input::Datagram { path, data } => self.on_datagram(now, path, data),
            Input::Closed { path, code, reason } => self.on_closed(now, path, code, reason),
        }
    }

    fn path_mut(&mut self, id: PathId) -> Option<&mut Path> {
        self.paths.iter_mut().find(|path| path.id == id)
    }

    fn on_connected(&mut self, now: Moment, id: PathId, max_datagram: Option<usize>) {
        let Some(path) = self.path_mut(id) else { return };
        let Stage::Connecting { since } = path.stage else { return };
        path.stage = Stage::Greeting { since: now, connecting_since: since };
        path.max_datagram = max_datagram.unwrap_or(0);
        let purpose = path.purpose;
        // The answer is on its way: no second attempt beside this one before it had its time.
        self.retry_at = self.retry_at.max(now + self.config.timers.silence);
        let data = self.hello(id, purpose).encode();
        self.transmits.push_back(Transmit::Stream { path: id, data });
    }

    fn on_stream(&mut self, now: Moment, id: PathId, chunk: &[u8]) {
        let Some(path) = self.path_mut(id) else { return };
        path.reader.push(chunk);
        self.hear(now, id);
        // The path may go away while its frames are read.
        while let Some(path) = self.path_mut(id) {
            let frame = match path.reader.next_frame() {
                Ok(Some(body)) => ServerFrame::decode(body).map_err(Malformed::from),
                Ok(None) => return,
                Err(error) => Err(error.into()),
            };
            if frame.and_then(|frame| self.on_frame(now, id, frame)).is_err() {
                let was_current = self.current == Some(id);
                self.drop_path(id, CloseCode::ProtocolError);
                return self.gone(now, was_current, CloseCode::ProtocolError);
            }
        }
    }

    fn on_frame(&mut self, now: Moment, id: PathId, frame: ServerFrame) -> Result<(), Malformed> {
        let welcomed = self.current == Some(id);
        match frame {
            ServerFrame::Welcome(welcome) if !welcomed => return self.on_welcome(now, id, &welcome),
            _ if !welcomed => return Err(Malformed),
            ServerFrame::Welcome(_) => return Err(Malformed),
            ServerFrame::ResumeToken(token) => self.credential = Credential::Resume(token),
            ServerFrame::Message { out_seq, tick, data } => {
                self.ack_at.get_or_insert(now + ACK_DELAY);
                if self.ledger.message(out_seq)? == Arrived::Next {
                    self.clock.hear(now, tick);
                    self.events.push_back(Event::Message { tick, data });
                }
            }
            ServerFrame::Ack { in_seq } => self.ledger.acknowledged(in_seq)?,
            ServerFrame::Pong { token } => self.meter.pong(now, token),
            ServerFrame::PrepareMove(target) => {
                self.drop_attempts(CloseCode::Moved, |path| path.purpose != Purpose::Reach);
                let endpoint = Endpoint { address: target.address, certificate_hashes: target.certificate_hashes };
                self.open(now, Purpose::Target(target.token), endpoint);
            }
            ServerFrame::Moved { incarnation, tick, out_seq } => {
                if out_seq != self.ledger.last_out_seq() {
                    return Err(Malformed);
                }
                self.on_moved(incarnation, tick);
            }
            ServerFrame::Ended { code, reason } => self.on_ended(now, code, reason),
        }
        Ok(())
    }

    fn on_welcome(&mut self, now: Moment, id: PathId, welcome: &Welcome) -> Result<(), Malformed> {
        let Some(path) = self.paths.iter().find(|path| path.id == id) else { return Ok(()) };
        let (Stage::Greeting { since, .. }, purpose, endpoint) = (path.stage, path.purpose, path.endpoint.clone())
        else {
            return Err(Malformed);
        };
        // A host that was fenced off does not know it yet: it is not to be believed.
        if self.known.is_some_and(|known| welcome.incarnation < known) {
            return Err(Malformed);
        }
        self.ledger.welcome(welcome, self.known)?;
        self.make_current(id, welcome.incarnation);
        self.welcomed_at = now;
        self.heard = now;
        self.meter.reconnected(now, now.since(since));
        self.adopt(purpose, endpoint);
        self.raise(welcome.incarnation, welcome.tick);
        self.clock.set(now, welcome.tick.max(self.clock.newest()), welcome.rate);
        let Welcome { seat, incarnation, tick, fresh, rate, .. } = *welcome;
        self.events.push_back(Event::Welcome { seat, incarnation, tick, fresh, rate });
        self.enliven();
        let resend: Vec<ClientFrame> = self.ledger.unacknowledged().collect();
        resend.iter().for_each(|frame| self.transmit_frame(frame));
        Ok(())
    }

    /// The winner of the handshake replaces the rest. Only a younger path whose `hello` is on its way stays (the server
    /// will take it for this seat's newest connection, whatever happens here), and one to where the match will be.
    fn make_current(&mut self, id: PathId, incarnation: Incarnation) {
        let beaten =
            |path: &&Path| path.id < id || (path.id > id && path.is_connecting() && path.purpose == Purpose::Reach);
        let beaten: Vec<PathId> = self.paths.iter().filter(beaten).map(|path| path.id).collect();
        beaten.into_iter().for_each(|path| self.drop_path(path, CloseCode::Superseded));
        if let Some(path) = self.path_mut(id) {
            path.stage = Stage::Welcomed { incarnation };
        }
        self.current = Some(id);
    }

    /// Where the welcome came from is where to come back to.
    fn adopt(&mut self, purpose: Purpose, endpoint: Endpoint) {
        if let Purpose::Target(token) = purpose {
            self.credential = Credential::Resume(token);
            self.config.endpoints = vec![endpoint];
            self.endpoint = 0;
        } else if let Some(at) = self.config.endpoints.iter().position(|known| *known == endpoint) {
            self.endpoint = at;
        }
    }

    /// A session of the match speaks, which goes on from `tick`.
    fn raise(&mut self, incarnation: Incarnation, tick: Tick) {
        if let Some(known) = self.known
            && incarnation > known
        {
            self.clock.rewind(tick);
            self.events.push_back(Event::Rewound { incarnation, tick });
        }
        self.known = self.known.max(Some(incarnation));
    }

    fn on_moved(&mut self, incarnation: Incarnation, tick: Tick) {
        if self.known.is_some_and(|known| incarnation <= known) {
            return;
        }
        self.raise(incarnation, tick);
        let target = self.paths.iter().find(|path| path.purpose != Purpose::Reach && self.current != Some(path.id));
        if let Some((purpose, endpoint)) = target.map(|path| (path.purpose, path.endpoint.clone())) {
            self.adopt(purpose, endpoint);
        }
        self.events.push_back(Event::Moved { incarnation, tick });
    }

    fn on_ended(&mut self, now: Moment, code: CloseCode, reason: String) {
        if matches!(self.phase, Phase::Playing | Phase::Leaving { .. }) {
            self.acknowledge();
            self.drop_attempts(code, |_| true);
            self.events.push_back(Event::Ended { code, reason: reason.clone() });
            self.phase = Phase::Ended { until: now + CLOSE_WITHIN, code, reason };
        }
    }

    fn on_datagram(&mut self, now: Moment, id: PathId, data: &[u8]) {
        self.hear(now, id);
        let Some(known) = self.known.filter(|_| self.current == Some(id)) else { return };
        let Some(path) = self.path_mut(id) else { return };
        let Ok(ServerDatagram::Unreliable { id: message, fragment, data }) = ServerDatagram::decode(data) else {
            return;
        };
        let Stage::Welcomed { incarnation } = path.stage else { return };
        // What an older session says is undone; a newer one has welcomed nobody here.
        if message.incarnation != incarnation || message.incarnation < known {
            return;
        }
        if let Some(data) = path.incoming.push(message, fragment, data) {
            self.clock.hear(now, message.tick);
            self.events.push_back(Event::Unreliable { tick: message.tick, data });
        }
    }

    /// Any sign of life of the current path.
    fn hear(&mut self, now: Moment, id: PathId) {
        if self.current == Some(id) {
            self.heard = now;
            self.enliven();
        }
    }

    fn enliven(&mut self) {
        if self.health != Health::Live && !matches!(self.phase, Phase::Closed) {
            self.health = Health::Live;
            let needless = |path: &Path| path.purpose == Purpose::Reach && path.is_connecting();
            self.drop_attempts(CloseCode::Superseded, needless);
            self.events.push_back(Event::Live { round_trip: self.meter.round_trip().unwrap_or_default() });
        }
    }

    fn on_closed(&mut self, now: Moment, id: PathId, code: Option<u64>, reason: &str) {
        let was_current = self.current == Some(id);
        let Some(path) = self.forget_path(id) else { return };
        // A target that refuses leaves the match where it is.
        let needed = was_current || path.purpose == Purpose::Reach || self.current.is_none();
        if !needed {
            return;
        }
        let Some(number) = code.filter(|_| matches!(self.phase, Phase::Playing)) else {
            return self.gone(now, was_current, CloseCode::TimedOut);
        };
        match CloseCode::from_number(number) {
            Some(code) if code.worth_retrying() => self.gone(now, was_current, code),
            Some(code) => self.finish(code, reason),
            None => self.finish(CloseCode::ProtocolError, &format!("closed with unknown code {number}: {reason}")),
        }
    }

    /// A path is gone without ending everything by its close code.
    fn gone(&mut self, now: Moment, was_current: bool, code: CloseCode) {
        match &self.phase {
            Phase::Playing if was_current => self.lost(now, code),
            Phase::Playing => self.attempt_failed(now),
            Phase::Leaving { .. } if was_current => self.finish(CloseCode::Left, "left"),
            Phase::Ended { code, reason, .. } if was_current => {
                let (code, reason) = (*code, reason.clone());
                self.finish(code, &reason);
            }
            Phase::Leaving { .. } | Phase::Ended { .. } | Phase::Closed => {}
        }
    }

    /// The current path is gone; the match may be reached on another.
    fn lost(&mut self, now: Moment, code: CloseCode) {
        let good = now.since(self.welcomed_at) >= GOOD_LIFE;
        if good {
            self.backoff.reset();
        }
        // All clients of a host that goes down come back: not all at once.
        let at_once = good && code != CloseCode::ShuttingDown;
        let pause = if at_once { Duration::ZERO } else { self.backoff.next() };
        if self.paths.iter().any(Path::is_greeting) {
            // Another path is about to be welcomed: whether it stalls is for the timer to say.
            self.retry_at = now + pause.max(self.config.timers.silence);
        } else {
            self.stall(now);
            self.retry_at = now + pause;
        }
        self.attempt_if_due(now);
    }
}

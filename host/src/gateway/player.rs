//! One player's connection from its first byte to its last: the only owner of its protocol machine and of what waits
//! to be written. It checks credentials, posts what the player says, writes what the match says, and keeps its bounds.
//! It knows nothing of what carries it (`transport`) nor of what a match decides (`link`).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use stadion_protocol::server::{Closing, Connection, ConnectionConfig, Received};
use stadion_protocol::wire::{self, Hello};
use stadion_protocol::{CloseCode, MatchId, Moment};
use tokio::time::{Instant, Sleep};

use super::config::{CLOSE_WITHIN, FAREWELL_WITHIN, HANDSHAKE_WITHIN, WAITING_BYTES};
use super::quality::{QualityWatch, SAMPLE_EVERY};
use super::shared::{Listed, Shared, Watching};
use super::transport::{Arrived, Control, Departure, Receive, Stopped};
use super::waiting::Waiting;
use super::words::Word;
use crate::clock;
use crate::link::{Admission, ConnId, Credential, FromPlayer};

/// A connection whose transport is established.
pub(super) struct Player<C: Control, R: Receive> {
    shared: Arc<Shared>,
    listed: Listed,
    control: Arc<C>,
    receive: R,
    transmit: Option<R::Transmit>,
    machine: Connection,
    /// The match that took the `hello`.
    playing: Option<Playing>,
    waiting: Waiting,
    quality: QualityWatch,
    next_sample: Moment,
    /// The match did not take an input: it is over, and its farewell comes until then, or its mailbox is full.
    refused: Option<Moment>,
    timer: Pin<Box<Sleep>>,
}

/// Between `hello` and the end of a connection. Its match hears of the end in any case, once and last.
struct Playing {
    id: MatchId,
    conn: ConnId,
    shared: Arc<Shared>,
    /// It has no seat.
    _watching: Option<Watching>,
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.shared.inbox.post(self.id, self.conn, FromPlayer::Closed);
    }
}

/// Why a connection ends.
#[derive(Debug)]
enum Ending {
    /// There is nobody left to tell.
    Gone(Departure),
    /// At once: the client broke a bound, or was never let in.
    Cut(CloseCode, String),
    /// After everything that was said before it.
    Said(CloseCode, String),
}

impl<C: Control, R: Receive> Player<C, R> {
    pub(super) fn new(shared: Arc<Shared>, control: C, receive: R) -> Player<C, R> {
        let (now, control) = (clock::now(), Arc::new(control));
        let config = ConnectionConfig { hello_within: HANDSHAKE_WITHIN, ..ConnectionConfig::default() };
        Player {
            listed: shared.list(Arc::clone(&control) as Arc<dyn Control>),
            shared,
            control,
            receive,
            transmit: None,
            machine: Connection::new(config, now),
            playing: None,
            waiting: Waiting::default(),
            quality: QualityWatch::default(),
            next_sample: now + SAMPLE_EVERY,
            refused: None,
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
        }
    }

    /// Runs to the end of the connection.
    pub(super) async fn run(mut self) {
        let ending = loop {
            if let Err(ending) = self.step().await {
                break ending;
            }
        };
        self.count(&ending);
        tracing::debug!(conn = self.listed.conn.0, ?ending, "connection ends");
        self.playing = None;
        self.finish(ending).await;
    }

    /// Waits for one thing to happen and handles it.
    async fn step(&mut self) -> Result<(), Ending> {
        // In this order, without a draw: a client is held to so many messages a second that nothing behind it starves.
        tokio::select! {
            biased;
            arrived = self.receive.next(), if self.refused.is_none() => self.on_arrived(arrived),
            written = self.waiting.write(&mut self.transmit) => written.map_err(stopped),
            () = self.listed.link.rung() => self.on_words(),
            () = &mut self.timer => self.on_time(),
        }
    }

    fn on_arrived(&mut self, arrived: Arrived<R::Transmit>) -> Result<(), Ending> {
        let now = clock::now();
        let checked = match arrived {
            Arrived::Opened(transmit) => {
                self.transmit = Some(transmit);
                Ok(())
            }
            Arrived::Stream(bytes) => self.machine.on_stream(now, &bytes),
            Arrived::Datagram(datagram) => self.machine.on_datagram(now, &datagram),
            Arrived::Nonsense(reason) => return Err(Ending::Cut(CloseCode::ProtocolError, reason.to_owned())),
            Arrived::Gone(departure) => return Err(Ending::Gone(departure)),
        };
        // What came before a fault still counts.
        while let Some(received) = self.machine.poll_received() {
            self.on_received(received)?;
        }
        while let Some(reply) = self.machine.poll_reply() {
            self.waiting.push(reply);
        }
        checked.map_err(cut)?;
        self.check_waiting()
    }

    fn on_received(&mut self, received: Received) -> Result<(), Ending> {
        match received {
            Received::Hello(hello) => self.admit(*hello),
            Received::Input { in_seq, data } => {
                self.post(FromPlayer::Input { in_seq, data });
                Ok(())
            }
            Received::Leave => {
                self.post(FromPlayer::Leave);
                Ok(())
            }
            Received::Ack { out_seq } => {
                // A lost acknowledgement costs a duplicate, which its number gives away.
                let _ = self.offer(FromPlayer::Ack { out_seq });
                Ok(())
            }
            Received::Unreliable { data } => {
                if !self.offer(FromPlayer::Unreliable { data }) {
                    self.shared.counters.dropped_inputs.up();
                }
                Ok(())
            }
            // The transport measures the same path from here, and cannot be lied to by a client.
            Received::Quality(_) => Ok(()),
        }
    }

    /// Checks a `hello` and passes it to its match.
    fn admit(&mut self, hello: Hello) -> Result<(), Ending> {
        let (id, credential) = self.credential(hello.credential)?;
        let watching = match &credential {
            Credential::Join { claims, .. } if claims.seat.is_spectator() => Some(self.place_to_watch()?),
            Credential::Join { .. } | Credential::Resume(_) => None,
        };
        let admission = Admission {
            speaker: hello.speaker,
            credential,
            schema: hello.schema,
            last_out_seq: hello.last_out_seq,
            incarnation: hello.incarnation,
            last_tick: hello.last_tick,
            fresh: hello.fresh,
            options: hello.options,
        };
        if !self.shared.inbox.post(id, self.listed.conn, FromPlayer::Hello(Box::new(admission))) {
            return Err(Ending::Cut(CloseCode::Expired, "no such match here".to_owned()));
        }
        let shared = Arc::clone(&self.shared);
        self.playing = Some(Playing { id, conn: self.listed.conn, shared, _watching: watching });
        Ok(())
    }

    fn place_to_watch(&self) -> Result<Watching, Ending> {
        let full = || Ending::Cut(CloseCode::Refused, "as many watch on this host as may; try again later".to_owned());
        self.shared.spectator().ok_or_else(full)
    }

    fn credential(&self, credential: wire::Credential) -> Result<(MatchId, Credential), Ending> {
        let (token, nonce) = match credential {
            wire::Credential::Resume(token) => return Ok((token.match_id, Credential::Resume(token))),
            wire::Credential::Join { token, nonce } => (token, nonce),
        };
        match self.shared.join_keys.verify(&token, clock::unix_ns() / 1_000_000_000) {
            Ok(claims) => Ok((claims.match_id, Credential::Join { claims: Box::new(claims), nonce })),
            Err(refusal) => {
                tracing::info!(conn = self.listed.conn.0, %refusal, "join token not accepted");
                let code = refusal.close_code();
                let reason = if code == CloseCode::Expired { "the join token has expired" } else { "not accepted" };
                Err(Ending::Cut(code, reason.to_owned()))
            }
        }
    }

    fn offer(&self, word: FromPlayer) -> bool {
        self.playing.as_ref().is_some_and(|playing| self.shared.inbox.post(playing.id, playing.conn, word))
    }

    /// Posts what must not be lost. A match that takes no more is over, and has said so in words that are still on
    /// their way; or its mailbox is full. So the end waits a little for the better reason.
    fn post(&mut self, word: FromPlayer) {
        if self.refused.is_some() || self.offer(word) {
            return;
        }
        let now = clock::now();
        self.refused = Some(now + FAREWELL_WITHIN);
        self.timer.as_mut().reset(Instant::now() + FAREWELL_WITHIN);
    }

    fn on_words(&mut self) -> Result<(), Ending> {
        for word in self.listed.link.take() {
            match word {
                Word::Frame(frame) => self.waiting.push(self.machine.frame(&frame)),
                Word::Close { code, reason } => return Err(Ending::Said(code, reason)),
            }
        }
        self.check_waiting()
    }

    /// A client that reads too slowly is closed: what waits for it has a bound.
    fn check_waiting(&self) -> Result<(), Ending> {
        if self.waiting.bytes() > WAITING_BYTES {
            return Err(Ending::Cut(CloseCode::TimedOut, "too much waits to be read".to_owned()));
        }
        Ok(())
    }

    fn on_time(&mut self) -> Result<(), Ending> {
        let now = clock::now();
        self.machine.on_timeout(now).map_err(cut)?;
        if self.refused.is_some_and(|until| now >= until) {
            return Err(Ending::Cut(CloseCode::TooFast, "the match takes no more input now".to_owned()));
        }
        if now >= self.next_sample {
            self.next_sample = now + SAMPLE_EVERY;
            if self.playing.is_some()
                && let Some(report) = self.quality.sample(now, self.control.path())
            {
                let _ = self.offer(report);
            }
        }
        let next =
            [self.machine.next_timeout(), self.refused].into_iter().flatten().fold(self.next_sample, Moment::min);
        self.timer.as_mut().reset(Instant::now() + next.since(now));
        Ok(())
    }

    fn count(&self, ending: &Ending) {
        let counters = &self.shared.counters;
        match ending {
            Ending::Cut(CloseCode::TooFast, _) => counters.too_fast.up(),
            Ending::Cut(CloseCode::TimedOut, _) if self.playing.is_none() => counters.without_hello.up(),
            Ending::Cut(CloseCode::TimedOut, _) => counters.too_slow.up(),
            Ending::Cut(CloseCode::ProtocolError, _) => counters.protocol_errors.up(),
            Ending::Cut(CloseCode::Refused, _) => counters.refused_tokens.up(),
            Ending::Cut(CloseCode::Expired, _) => counters.expired.up(),
            Ending::Gone(Departure::Lost) => counters.lost.up(),
            Ending::Cut(..) | Ending::Gone(Departure::ClosedByClient) | Ending::Said(..) => {}
        }
    }

    /// Closes the transport. A QUIC close discards what the client's transport has not received, so the last words are
    /// written, ended and acknowledged first, within [`CLOSE_WITHIN`].
    async fn finish(mut self, ending: Ending) {
        match ending {
            Ending::Gone(_) => self.control.close(CloseCode::Left, ""),
            Ending::Cut(code, reason) => self.control.close(code, clip(&reason)),
            Ending::Said(code, reason) => {
                if let Some(transmit) = &mut self.transmit {
                    let _ = tokio::time::timeout(CLOSE_WITHIN, self.waiting.flush(transmit)).await;
                }
                self.control.close(code, clip(&reason));
            }
        }
    }
}

fn stopped(_: Stopped) -> Ending {
    Ending::Gone(Departure::ClosedByClient)
}

fn cut(closing: Closing) -> Ending {
    Ending::Cut(closing.code, closing.reason)
}

/// Reasons travel in the packet that closes; the rest of it is for others.
fn clip(reason: &str) -> &str {
    let end = (0..=reason.len().min(wire::MAX_REASON)).rev().find(|&end| reason.is_char_boundary(end));
    &reason[..end.unwrap_or(0)]
}

//! One transport connection of one client, as the server sees it.
//!
//! ```text
//!            new           hello in time, readable          frame, datagram
//!   (accepted) ──▶ Waiting ─────────────────────▶ Open ◀───────────────────┐
//!                    │ 3 s, wrong first frame,     │ └───────────────────────┘
//!                    │ wrong version, too fast     │ second hello, malformed, too fast
//!                    └──────────────▶ Closed ◀─────┘
//! ```
//!
//! It checks form and pace, answers pings, drops repeated unreliable inputs and puts fragments together. Whether a token
//! is good, which input is next and what is sent when are for others to decide.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::limits::{Buckets, InputLimits};
use crate::clock::Moment;
use crate::close::CloseCode;
use crate::ids::{Incarnation, Tick};
use crate::wire::{
    ClientDatagram, ClientFrame, DEFAULT_MAX_DATAGRAM, Fragments, FrameReader, Hello, MAX_CLIENT_FRAME,
    MAX_DATAGRAM_HEADER, PROTOCOL_VERSION, Quality, Reassembly, ServerDatagram, ServerFrame, TooManyFragments,
    UnreliableId, WireError,
};

/// What a connection is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionConfig {
    /// A `hello` must be whole by then.
    pub hello_within: Duration,
    /// How much the client may send.
    pub limits: InputLimits,
    /// The largest datagram to send, bytes. Set it to what the transport says once the path is known.
    pub max_datagram: usize,
}

impl Default for ConnectionConfig {
    fn default() -> ConnectionConfig {
        ConnectionConfig {
            hello_within: Duration::from_secs(3),
            limits: InputLimits::default(),
            max_datagram: DEFAULT_MAX_DATAGRAM,
        }
    }
}

/// What a client said, checked for form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Asks to be let in. Always the first, never again.
    Hello(Box<Hello>),
    /// A reliable input.
    Input {
        /// As numbered by the client.
        in_seq: u64,
        /// Content.
        data: Bytes,
    },
    /// An unreliable input; each at most once.
    Unreliable {
        /// Content.
        data: Bytes,
    },
    /// Everything up to this reliable message has arrived there.
    Ack {
        /// Cumulative.
        out_seq: u64,
    },
    /// The connection as the client measures it.
    Quality(Quality),
    /// The player gives up the seat.
    Leave,
}

/// Why this connection is to be closed, for both ends to know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code:?}: {reason}")]
pub struct Closing {
    /// For programs.
    pub code: CloseCode,
    /// For people.
    pub reason: String,
}

/// One transport connection.
///
/// Feed it what arrives ([`on_stream`](Connection::on_stream), [`on_datagram`](Connection::on_datagram)) and the time
/// ([`on_timeout`](Connection::on_timeout) at [`next_timeout`](Connection::next_timeout)); after each, drain
/// [`poll_received`](Connection::poll_received) and [`poll_reply`](Connection::poll_reply). An `Err` is final: what was
/// received before it still counts, then close the transport with its code. The queue of received things is bounded by
/// the bucket of messages, as long as it is drained after each call.
#[derive(Debug)]
pub struct Connection {
    config: ConnectionConfig,
    state: State,
    reader: FrameReader,
    buckets: Buckets,
    received: VecDeque<Received>,
    replies: VecDeque<Bytes>,
    /// Unreliable inputs that came, so that repeats are dropped.
    seen: Seen,
    parts: Reassembly<u64>,
    unreliables: Unreliables,
}

/// Numbers a connection's unreliable messages and cuts them into datagrams. It stands alone, since nothing else that a
/// connection does depends on it.
#[derive(Debug, Default)]
pub struct Unreliables {
    /// The last message, to number those of one tick.
    last: Option<UnreliableId>,
}

#[derive(Debug)]
enum State {
    Waiting { until: Moment },
    Open,
    Closed(Closing),
}

/// Pongs that wait to be taken. A client that pings faster than its answers leave gets fewer.
const MAX_REPLIES: usize = 4;

impl Connection {
    /// For a connection whose transport is established now.
    pub fn new(config: ConnectionConfig, now: Moment) -> Connection {
        Connection {
            state: State::Waiting { until: now + config.hello_within },
            reader: FrameReader::new(MAX_CLIENT_FRAME),
            buckets: Buckets::new(&config.limits, now),
            received: VecDeque::new(),
            replies: VecDeque::new(),
            seen: Seen::default(),
            parts: Reassembly::new(),
            unreliables: Unreliables::default(),
            config,
        }
    }

    /// Bytes of the client's stream, in order, in any chunks.
    pub fn on_stream(&mut self, now: Moment, chunk: &[u8]) -> Result<(), Closing> {
        self.check_open(now)?;
        if !self.buckets.bytes(now, chunk.len()) {
            return Err(self.close(CloseCode::TooFast, "too many bytes".into()));
        }
        self.reader.push(chunk);
        loop {
            let frame = match self.reader.next_frame() {
                Ok(Some(body)) => ClientFrame::decode(body),
                Ok(None) => return Ok(()),
                Err(malformed) => Err(malformed),
            };
            if !self.buckets.messages(now, 1) {
                return Err(self.close(CloseCode::TooFast, "too many messages".into()));
            }
            let checked = frame.map_err(refusal).and_then(|frame| self.on_frame(frame));
            checked.map_err(|Closing { code, reason }| self.close(code, reason))?;
        }
    }

    /// A datagram, in whatever order. Before the `hello` it is dropped: it may have outrun it.
    pub fn on_datagram(&mut self, now: Moment, datagram: &[u8]) -> Result<(), Closing> {
        self.check_open(now)?;
        if !self.buckets.bytes(now, datagram.len()) || !self.buckets.messages(now, 1) {
            return Err(self.close(CloseCode::TooFast, "too many datagrams".into()));
        }
        if matches!(self.state, State::Waiting { .. }) {
            return Ok(());
        }
        match ClientDatagram::decode(datagram) {
            Ok(ClientDatagram::Inputs { first, inputs }) => {
                for (number, data) in (first..).zip(inputs) {
                    if self.seen.first_time(number) {
                        self.received.push_back(Received::Unreliable { data });
                    }
                }
            }
            Ok(ClientDatagram::Fragment { number, fragment, data }) => {
                if self.seen.is_new(number)
                    && let Some(data) = self.parts.push(number, fragment, data)
                {
                    self.seen.first_time(number);
                    self.received.push_back(Received::Unreliable { data });
                }
            }
            Err(malformed) => {
                let Closing { code, reason } = refusal(malformed);
                return Err(self.close(code, reason));
            }
        }
        Ok(())
    }

    /// When [`on_timeout`](Connection::on_timeout) wants to be called.
    pub fn next_timeout(&self) -> Option<Moment> {
        match self.state {
            State::Waiting { until } => Some(until),
            State::Open | State::Closed(_) => None,
        }
    }

    /// Closes a connection that did not say `hello` in time.
    pub fn on_timeout(&mut self, now: Moment) -> Result<(), Closing> {
        self.check_open(now)
    }

    /// The next thing that the client said.
    pub fn poll_received(&mut self) -> Option<Received> {
        self.received.pop_front()
    }

    /// Stream bytes that the connection itself answers with (pongs): write them like [`frame`](Connection::frame)'s.
    pub fn poll_reply(&mut self) -> Option<Bytes> {
        self.replies.pop_front()
    }

    /// Stream bytes of a frame. Write them in order and whole.
    pub fn frame(&self, frame: &ServerFrame) -> Bytes {
        frame.encode()
    }

    /// The datagrams of an unreliable message, numbered within its tick; several when it does not fit one. A driver
    /// that has [`Unreliables`] of its own for this connection uses those instead, and never both.
    pub fn unreliable(
        &mut self,
        incarnation: Incarnation,
        tick: Tick,
        data: Bytes,
    ) -> Result<impl Iterator<Item = Bytes> + use<>, TooManyFragments> {
        self.unreliables.datagrams(incarnation, tick, data, Some(self.config.max_datagram))
    }

    /// What the transport takes in one datagram now, bytes; it changes with the path.
    pub fn set_max_datagram(&mut self, bytes: usize) {
        self.config.max_datagram = bytes;
    }

    fn check_open(&mut self, now: Moment) -> Result<(), Closing> {
        match &self.state {
            State::Waiting { until } if now >= *until => {
                Err(self.close(CloseCode::TimedOut, "no hello in time".into()))
            }
            State::Waiting { .. } | State::Open => Ok(()),
            State::Closed(closing) => Err(closing.clone()),
        }
    }

    fn on_frame(&mut self, frame: ClientFrame) -> Result<(), Closing> {
        let waiting = matches!(self.state, State::Waiting { .. });
        let received = match frame {
            ClientFrame::Hello(hello) if waiting => {
                self.state = State::Open;
                Received::Hello(hello)
            }
            ClientFrame::Hello(_) => return Err(protocol_error("a second hello")),
            _ if waiting => return Err(protocol_error("no hello first")),
            ClientFrame::Input { in_seq, data } => Received::Input { in_seq, data },
            ClientFrame::Ack { out_seq } => Received::Ack { out_seq },
            ClientFrame::Leave => Received::Leave,
            ClientFrame::Quality(quality) => Received::Quality(quality),
            ClientFrame::Ping { token } => {
                if self.replies.len() < MAX_REPLIES {
                    self.replies.push_back(ServerFrame::Pong { token }.encode());
                }
                return Ok(());
            }
        };
        self.received.push_back(received);
        Ok(())
    }

    fn close(&mut self, code: CloseCode, reason: String) -> Closing {
        let closing = Closing { code, reason };
        self.state = State::Closed(closing.clone());
        closing
    }
}

impl Unreliables {
    /// The datagrams of a message; several when it does not fit `max_datagram` bytes. `None`: the caller knows that it
    /// fits.
    pub fn datagrams(
        &mut self,
        incarnation: Incarnation,
        tick: Tick,
        data: Bytes,
        max_datagram: Option<usize>,
    ) -> Result<impl Iterator<Item = Bytes> + use<>, TooManyFragments> {
        let index = match self.last {
            Some(last) if (last.incarnation, last.tick) == (incarnation, tick) => last.index.saturating_add(1),
            _ => 0,
        };
        let id = UnreliableId { incarnation, tick, index };
        let room = max_datagram.map_or(usize::MAX, |most| most.saturating_sub(MAX_DATAGRAM_HEADER));
        let parts = Fragments::split(data, room)?;
        self.last = Some(id);
        Ok(parts.map(move |(fragment, data)| ServerDatagram::Unreliable { id, fragment, data }.encode()))
    }
}

fn protocol_error(reason: &str) -> Closing {
    Closing { code: CloseCode::ProtocolError, reason: reason.to_owned() }
}

fn refusal(error: WireError) -> Closing {
    match error {
        WireError::Version(theirs) => Closing {
            code: CloseCode::OutdatedClient,
            reason: format!("this server speaks protocol version {PROTOCOL_VERSION}, the client {theirs}"),
        },
        malformed => Closing { code: CloseCode::ProtocolError, reason: malformed.to_string() },
    }
}

/// Which numbers came: the newest and a window of 64 below it. Older ones count as seen.
#[derive(Debug, Default)]
struct Seen {
    newest: u64,
    /// Bit i: `newest - i` came.
    window: u64,
}

impl Seen {
    fn is_new(&self, number: u64) -> bool {
        match self.newest.checked_sub(number) {
            None => true,
            Some(age) => age < 64 && self.window & (1 << age) == 0,
        }
    }

    /// Marks a number; whether it was new.
    fn first_time(&mut self, number: u64) -> bool {
        if !self.is_new(number) {
            return false;
        }
        if let Some(ahead) = number.checked_sub(self.newest).filter(|&ahead| ahead > 0) {
            self.window = if ahead < 64 { self.window << ahead } else { 0 };
            self.newest = number;
        }
        self.window |= 1 << (self.newest - number);
        true
    }
}

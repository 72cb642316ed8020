//! The client's side as a state machine without clock and socket: one player's whole hold on a seat, over as many
//! transport connections as it takes.
//!
//! ```text
//!                    Connect            Connected: hello           Welcome
//!   Client::new ──▶ Connecting ───────▶ Greeting ────────────────▶ current path ──┐ messages, acks, pings
//!        ▲               │ failed, late      │ failed, late           │   ▲───────┘
//!        │ backoff       ▼                   ▼                        │ lost, or silent for 1 s (it stays open beside
//!        └───────────────┴───────────────────┴────────────────────────┘ the new one until one of them is welcomed)
//!
//!   for good: a close code that is not worth retrying, `ended`, leaving, or nothing heard for the give-up time
//! ```
//!
//! A driver owns sockets and clock; see [`Client`] for how it turns the wheel.

mod backoff;
mod ledger;
mod machine;
mod meter;
mod path;
mod receive;
mod unreliable;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::close::CloseCode;
use crate::ids::{Incarnation, Seat, Tick};
use crate::token::SchemaHash;
use crate::wire::Credential;

pub use machine::Client;

/// A transport connection of one [`Client`], numbered from 1 in the order of their attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub u64);

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// UDP, QUIC.
    pub address: SocketAddr,
    /// SHA-256 of the certificates to accept; empty: the system's roots.
    pub certificate_hashes: Vec<[u8; 32]>,
}

/// What a client needs to know once.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// At least one; tried in turn.
    pub endpoints: Vec<Endpoint>,
    /// What lets it in: a join token with a random nonce of its own, or a resume token that was kept.
    pub credential: Credential,
    /// The schema it was built for.
    pub schema: SchemaHash,
    /// Untrusted options for the game, at most [`crate::wire::MAX_OPTIONS`] bytes.
    pub options: Bytes,
    /// Random for each client, also among those of one player: it names the client to the server, and jitter comes from it.
    pub seed: u64,
    /// See [`Timers`].
    pub timers: Timers,
    /// In how many datagrams each small unreliable input travels, 1 to [`crate::wire::MAX_REPEATS`].
    pub repeats: usize,
}

impl ClientConfig {
    /// With usual timers, and each unreliable input sent three times: two lost packets in a row are rare, a third copy
    /// costs a few bytes.
    pub fn new(endpoints: Vec<Endpoint>, credential: Credential, schema: SchemaHash, seed: u64) -> ClientConfig {
        ClientConfig {
            endpoints,
            credential,
            schema,
            options: Bytes::new(),
            seed,
            timers: Timers::default(),
            repeats: 3,
        }
    }
}

/// How long a client waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Quiet for this long: ask for a pong.
    pub ping: Duration,
    /// Silent for this long: open a second connection beside the first.
    pub silence: Duration,
    /// An attempt that is not welcomed by then is dropped.
    pub attempt: Duration,
    /// Nothing heard for this long: closed for good.
    pub give_up: Duration,
    /// The longest pause between attempts.
    pub longest_backoff: Duration,
}

impl Default for Timers {
    fn default() -> Timers {
        Timers {
            ping: Duration::from_millis(500),
            silence: Duration::from_secs(1),
            attempt: Duration::from_secs(5),
            // The default time that a match keeps a lost player's seat.
            give_up: Duration::from_secs(30),
            longest_backoff: Duration::from_secs(4),
        }
    }
}

/// What a driver tells a [`Client`].
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The transport is established and its stream open.
    Connected {
        /// Which.
        path: PathId,
        /// The largest datagram it takes, bytes; `None`: none, or unknown.
        max_datagram: Option<usize>,
    },
    /// Bytes of the stream, in order.
    Stream {
        /// On which.
        path: PathId,
        /// In any cut.
        chunk: &'a [u8],
    },
    /// A datagram.
    Datagram {
        /// On which.
        path: PathId,
        /// Whole.
        data: &'a [u8],
    },
    /// The transport failed or was closed.
    Closed {
        /// Which.
        path: PathId,
        /// The application close code, if the server gave one.
        code: Option<u64>,
        /// What the server said with it, or what failed.
        reason: &'a str,
    },
}

/// What a driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// Open a transport connection and its stream; answer with `Connected` or `Closed`.
    Connect {
        /// Its name from now on.
        path: PathId,
        /// Where to.
        endpoint: Endpoint,
    },
    /// Write to the stream, in order.
    Stream {
        /// On which.
        path: PathId,
        /// Whole frames.
        data: Bytes,
    },
    /// Send or drop.
    Datagram {
        /// On which.
        path: PathId,
        /// Whole.
        data: Bytes,
    },
    /// Close the transport; nothing more is heard of it. What was written before may be lost.
    Close {
        /// Which.
        path: PathId,
        /// For the server.
        code: CloseCode,
    },
}

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Let in, for the first time or again.
    Welcome {
        /// The seat, the same each time.
        seat: Seat,
        /// Which session of the match speaks.
        incarnation: Incarnation,
        /// Its newest recorded tick.
        tick: Tick,
        /// Forget what you know of the match: everything follows.
        fresh: bool,
        /// Ticks a second, 0 when event-driven.
        rate: u16,
    },
    /// A reliable message: in order, exactly once.
    Message {
        /// The tick that made it.
        tick: Tick,
        /// Content.
        data: Bytes,
    },
    /// An unreliable message: at most once, in any order.
    Unreliable {
        /// The tick that made it.
        tick: Tick,
        /// Content.
        data: Bytes,
    },
    /// A newer session of the match speaks: forget baselines and predictions of ticks past this one.
    Rewound {
        /// Which session.
        incarnation: Incarnation,
        /// The last tick that counts.
        tick: Tick,
    },
    /// Nothing is heard; reconnecting. Nothing reliable is lost.
    Stalled,
    /// Heard from, for the first time or again after [`Event::Stalled`].
    Live {
        /// The newest round trip.
        round_trip: Duration,
    },
    /// The match moved to another host.
    Moved {
        /// Which session runs there.
        incarnation: Incarnation,
        /// The last tick made at the old place.
        tick: Tick,
    },
    /// The match is over; [`Event::Closed`] follows.
    Ended {
        /// Why, for programs.
        code: CloseCode,
        /// Why, for people.
        reason: String,
    },
    /// The last event: nothing more will happen.
    Closed {
        /// Why, for programs.
        code: CloseCode,
        /// Why, for people.
        reason: String,
    },
}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Over [`crate::wire::MAX_INPUT`] or [`crate::wire::MAX_UNRELIABLE`] bytes, or more datagrams than allowed.
    #[error("{0} bytes are too many for one message")]
    TooLarge(usize),
    /// Too much is unacknowledged; wait until the connection is live again.
    #[error("too many unacknowledged inputs")]
    Full,
    /// Unreliable, and no connection is there to take it: it is dropped.
    #[error("not connected")]
    NotConnected,
    /// [`Event::Closed`] was, or is about to be, given.
    #[error("the connection is closed for good")]
    Closed,
}

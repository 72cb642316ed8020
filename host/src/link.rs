//! The narrow waist between gateway and shards: what a connection says to its match, and what a match says to a
//! connection. Whatever carries packets can stand on one side, whatever runs matches on the other.
//!
//! Both directions are mailboxes. A [`FromPlayer`] waits in the mailbox of its match until the shard seals the next tick
//! (only event-driven matches are woken by it); a [`ToPlayer`] waits in the gateway's mailbox for its next turn.

use bytes::Bytes;
use stadion_protocol::token::{JoinClaims, ResumeToken, SchemaHash};
use stadion_protocol::wire::Speaker;
use stadion_protocol::{CloseCode, Incarnation, Seat, Tick};

/// One transport connection, unique for the life of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What a player showed to be let in. The gateway has checked signatures and expiry; the match checks the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A join token and the client's nonce: the same pair again is an honest retry.
    Join {
        /// Verified claims.
        claims: Box<JoinClaims>,
        /// The client's nonce.
        nonce: [u8; 16],
    },
    /// A resume token; the match compares its hash.
    Resume(ResumeToken),
}

/// A client's `hello`, after the gateway's checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Which client of the player it is.
    pub speaker: Speaker,
    /// What lets it in.
    pub credential: Credential,
    /// The schema the client was built for.
    pub schema: SchemaHash,
    /// Newest reliable message it has; 0 for none.
    pub last_out_seq: u64,
    /// Highest incarnation it has seen; 0 for none.
    pub incarnation: u32,
    /// Newest tick it has seen.
    pub last_tick: Tick,
    /// It kept nothing: send it everything.
    pub fresh: bool,
    /// Untrusted options for the game (`player.options`).
    pub options: Bytes,
}

/// From a connection to its match.
#[derive(Clone, Debug)]
pub enum FromPlayer {
    /// Asks to be let in. Always the first of a connection.
    Hello(Box<Admission>),
    /// A reliable input.
    Input {
        /// Counted from 1 for each seat, over connections.
        in_seq: u64,
        /// As sent.
        data: Bytes,
    },
    /// An unreliable input, duplicates already dropped.
    Unreliable {
        /// As sent.
        data: Bytes,
    },
    /// Everything up to this reliable message has arrived.
    Ack {
        /// Cumulative.
        out_seq: u64,
    },
    /// The connection, measured by the transport.
    Quality {
        /// Milliseconds.
        round_trip_ms: u16,
        /// Milliseconds.
        jitter_ms: u16,
        /// Lost of a thousand.
        loss_permille: u16,
    },
    /// The player gives up the seat.
    Leave,
    /// The transport is gone. Always the last of a connection.
    Closed,
}

/// From a match to one connection.
#[derive(Clone, Debug)]
pub enum ToPlayer {
    /// Let in.
    Welcome {
        /// The player's seat.
        seat: Seat,
        /// Of the session that speaks.
        incarnation: Incarnation,
        /// Newest recorded tick.
        tick: Tick,
        /// Everything up to this input is durable; resend what is newer.
        in_seq: u64,
        /// The first reliable message that will follow.
        next_out_seq: u64,
        /// The client is to forget what it knows of the match.
        fresh: bool,
        /// Ticks a second, 0 when event-driven.
        rate: u16,
    },
    /// A token for coming back. The one before stays valid until this one is used.
    ResumeToken(ResumeToken),
    /// A reliable message.
    Reliable {
        /// Its number.
        out_seq: u64,
        /// The tick that made it.
        tick: Tick,
        /// Content.
        data: Bytes,
    },
    /// An unreliable message; newest wins.
    Unreliable {
        /// Of the session that speaks.
        incarnation: Incarnation,
        /// The tick that made it.
        tick: Tick,
        /// Content.
        data: Bytes,
    },
    /// Inputs up to here are durable.
    Ack {
        /// Cumulative.
        in_seq: u64,
    },
    /// The match is over. A [`ToPlayer::Close`] follows once everything is acknowledged or the linger time is over.
    Ended {
        /// What its players are told.
        code: CloseCode,
        /// For people.
        reason: String,
    },
    /// Close the connection.
    Close {
        /// Why, for programs.
        code: CloseCode,
        /// Why, for people; at most 200 bytes.
        reason: String,
    },
}

/// Where a match's words for its players go: the gateway, or a test.
pub trait Outbox: Send + Sync + 'static {
    /// Queues a word for a connection without blocking; connections that are gone swallow it.
    fn post(&self, conn: ConnId, word: ToPlayer);
}

/// Where a connection's words go: the shards, or a test.
pub trait Inbox: Send + Sync + 'static {
    /// Queues a word for a match without blocking. `false`: no such match here, or its mailbox is full; the caller
    /// closes the connection.
    fn post(&self, id: stadion_protocol::MatchId, conn: ConnId, word: FromPlayer) -> bool;
}

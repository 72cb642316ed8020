//! Why a connection was closed, as a number that every client language can switch over.

use serde::{Deserialize, Serialize};

/// The application close code of a player's connection (RFC 9000 section 20.2; a WebSocket adds 4000).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u16)]
pub enum CloseCode {
    /// The match is over and its results were delivered.
    Finished = 1,
    /// The game removed this player.
    Kicked = 2,
    /// Another client of the same player took the seat.
    Replaced = 3,
    /// The client was built for another message schema or protocol version: reload or update it.
    OutdatedClient = 4,
    /// The token is too old, or the seat was given up: ask the control plane for a new one.
    Expired = 5,
    /// The game trapped, spun or broke a quota; the match is over.
    GameFailed = 6,
    /// The match lives on another host now.
    Moved = 7,
    /// This client sent more than its limits allow.
    TooFast = 8,
    /// The host is going down; its matches come back.
    ShuttingDown = 9,
    /// The bytes received were not this protocol.
    ProtocolError = 10,
    /// The token was not accepted.
    Refused = 11,
    /// Nothing, or nothing in time, was said.
    TimedOut = 12,
    /// The player left by choice.
    Left = 13,
    /// A younger connection of the same client has the seat: go on with that one.
    Superseded = 14,
}

impl CloseCode {
    /// Every code, for tables and generators.
    pub const ALL: [CloseCode; 14] = [
        CloseCode::Finished,
        CloseCode::Kicked,
        CloseCode::Replaced,
        CloseCode::OutdatedClient,
        CloseCode::Expired,
        CloseCode::GameFailed,
        CloseCode::Moved,
        CloseCode::TooFast,
        CloseCode::ShuttingDown,
        CloseCode::ProtocolError,
        CloseCode::Refused,
        CloseCode::TimedOut,
        CloseCode::Left,
        CloseCode::Superseded,
    ];

    /// The code on the wire.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The code behind a number from the wire; `None` for numbers of a future protocol.
    pub fn from_number(number: u64) -> Option<CloseCode> {
        CloseCode::ALL.into_iter().find(|code| u64::from(code.number()) == number)
    }

    /// Whether a client should try again by itself with what it holds.
    pub fn worth_retrying(self) -> bool {
        use CloseCode::{Moved, ShuttingDown, Superseded, TimedOut};
        matches!(self, Moved | ShuttingDown | TimedOut | Superseded)
    }
}

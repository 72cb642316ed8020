//! The one byte that tells what follows, inside the opaque bytes that the wire protocol carries.
//!
//! ```text
//! to the client:  0x00 message                      one of the game's `Out`
//!                 0x01 number:varint view           what this seat sees; a higher number is newer
//! to the game:    0x00 message                      one of the game's `In`
//!                 0x01 number:varint                that view, sent unreliably, has arrived
//! ```
//!
//! A client acknowledges only views that came unreliably, and only when none newer came for 100 ms; the game repeats its
//! newest view until then. A client drops a view whose number is below the highest that it has seen, except at the start
//! of a connection that is told everything afresh. Games that take raw bytes use no envelope.

use std::fmt;

use crate::reader::{Reader, put_varint};

const MESSAGE: u8 = 0x00;
const VIEW: u8 = 0x01;

/// From a game to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down<'a> {
    /// One of the game's `Out`, encoded.
    Message(&'a [u8]),
    /// What the seat sees.
    View {
        /// Rises with every change.
        number: u64,
        /// The game's `View`, encoded.
        data: &'a [u8],
    },
}

/// From a client to its game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Up<'a> {
    /// One of the game's `In`, encoded.
    Message(&'a [u8]),
    /// The unreliable view of this number has arrived.
    Ack(u64),
}

/// Bytes that are no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadEnvelope;

impl fmt::Display for BadEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a message of a typed game")
    }
}

impl std::error::Error for BadEnvelope {}

impl<'a> Down<'a> {
    /// Opens what a client received.
    pub fn parse(bytes: &'a [u8]) -> Result<Down<'a>, BadEnvelope> {
        match bytes.split_first().ok_or(BadEnvelope)? {
            (&MESSAGE, data) => Ok(Down::Message(data)),
            (&VIEW, rest) => number(rest).map(|(number, data)| Down::View { number, data }),
            _ => Err(BadEnvelope),
        }
    }

    /// Closes it again.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Down::Message(data) => with_head(vec![MESSAGE], data),
            Down::View { number, data } => {
                let mut head = vec![VIEW];
                put_varint(&mut head, *number);
                with_head(head, data)
            }
        }
    }
}

impl<'a> Up<'a> {
    /// Opens what a game received.
    pub fn parse(bytes: &'a [u8]) -> Result<Up<'a>, BadEnvelope> {
        match bytes.split_first().ok_or(BadEnvelope)? {
            (&MESSAGE, data) => Ok(Up::Message(data)),
            (&VIEW, rest) => match number(rest)? {
                (number, []) => Ok(Up::Ack(number)),
                _ => Err(BadEnvelope),
            },
            _ => Err(BadEnvelope),
        }
    }

    /// Closes it again.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Up::Message(data) => with_head(vec![MESSAGE], data),
            Up::Ack(number) => {
                let mut bytes = vec![VIEW];
                put_varint(&mut bytes, *number);
                bytes
            }
        }
    }
}

fn number(bytes: &[u8]) -> Result<(u64, &[u8]), BadEnvelope> {
    let mut reader = Reader::new(bytes);
    let number = reader.varint(64).map_err(|_| BadEnvelope)?;
    let rest = reader.take(reader.remaining()).map_err(|_| BadEnvelope)?;
    Ok((number, rest))
}

fn with_head(mut head: Vec<u8>, data: &[u8]) -> Vec<u8> {
    head.extend(data);
    head
}

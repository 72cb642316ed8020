//! Frames from a server to a client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;

use super::client_frame::read_resume_token;
use super::codec::{Reader, WireError, clip, put_blob, put_varint};
use super::{MAX_CERTIFICATE_HASHES, MAX_MESSAGE, MAX_REASON, framed};
use crate::close::CloseCode;
use crate::ids::{Incarnation, Seat, Tick};
use crate::token::ResumeToken;

/// What a server says on a client's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFrame {
    /// Let in: the first frame of a connection, and only the first (a `pong` excepted).
    Welcome(Welcome),
    /// A token for coming back. The one before stays valid until this one is used.
    ResumeToken(ResumeToken),
    /// A reliable message.
    Message {
        /// Counted from 1 for each seat, over connections.
        out_seq: u64,
        /// The tick that made it.
        tick: Tick,
        /// At most [`MAX_MESSAGE`] bytes.
        data: Bytes,
    },
    /// Inputs up to here are durable.
    Ack {
        /// Cumulative.
        in_seq: u64,
    },
    /// The match is about to move: connect there now, beside this connection.
    PrepareMove(PrepareMove),
    /// The match lives at the prepared place from here on.
    Moved {
        /// Of the session there.
        incarnation: Incarnation,
        /// The last tick made here.
        tick: Tick,
        /// The last reliable message sent from here; 0 for none.
        out_seq: u64,
    },
    /// The match is over; nothing but the close follows.
    Ended {
        /// Why, for programs.
        code: CloseCode,
        /// Why, for people; at most [`MAX_REASON`] bytes.
        reason: String,
    },
    /// The answer to a `ping`.
    Pong {
        /// As in the ping.
        token: u64,
    },
}

/// How things stand for a client that was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The player's seat.
    pub seat: Seat,
    /// Of the session that speaks.
    pub incarnation: Incarnation,
    /// Newest recorded tick.
    pub tick: Tick,
    /// Inputs up to here need not be sent again.
    pub in_seq: u64,
    /// The number of the first reliable message that will follow.
    pub next_out_seq: u64,
    /// Forget what you know of the match: everything follows.
    pub fresh: bool,
    /// Ticks a second, 0 when event-driven.
    pub rate: u16,
}

/// Where a match is about to move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrepareMove {
    /// UDP, QUIC.
    pub address: SocketAddr,
    /// SHA-256 of the certificates to accept there; empty: the system's roots.
    pub certificate_hashes: Vec<[u8; 32]>,
    /// What lets this client in there.
    pub token: ResumeToken,
}

mod kind {
    pub(super) const WELCOME: u8 = 0x41;
    pub(super) const RESUME_TOKEN: u8 = 0x42;
    pub(super) const MESSAGE: u8 = 0x43;
    pub(super) const ACK: u8 = 0x44;
    pub(super) const PREPARE_MOVE: u8 = 0x45;
    pub(super) const MOVED: u8 = 0x46;
    pub(super) const ENDED: u8 = 0x47;
    pub(super) const PONG: u8 = 0x48;
}

const FLAG_FRESH: u8 = 1;
const ADDRESS_V4: u8 = 4;
const ADDRESS_V6: u8 = 6;

impl ServerFrame {
    /// The frame with its length, ready for the stream. Reasons are cut to their limit; other fields are the caller's to
    /// keep within theirs.
    pub fn encode(&self) -> Bytes {
        let mut body = Vec::with_capacity(48);
        match self {
            ServerFrame::Welcome(welcome) => welcome.put(&mut body),
            ServerFrame::ResumeToken(token) => {
                body.push(kind::RESUME_TOKEN);
                body.extend_from_slice(&token.to_bytes());
            }
            ServerFrame::Message { out_seq, tick, data } => {
                body.reserve(data.len());
                put_numbers(&mut body, kind::MESSAGE, &[*out_seq, tick.0]);
                body.extend_from_slice(data);
            }
            ServerFrame::Ack { in_seq } => put_numbers(&mut body, kind::ACK, &[*in_seq]),
            ServerFrame::PrepareMove(target) => target.put(&mut body),
            ServerFrame::Moved { incarnation, tick, out_seq } => {
                put_numbers(&mut body, kind::MOVED, &[u64::from(incarnation.0), tick.0, *out_seq]);
            }
            ServerFrame::Ended { code, reason } => {
                put_numbers(&mut body, kind::ENDED, &[u64::from(code.number())]);
                put_blob(&mut body, clip(reason, MAX_REASON).as_bytes());
            }
            ServerFrame::Pong { token } => put_numbers(&mut body, kind::PONG, &[*token]),
        }
        framed(&body)
    }

    /// Reads the body of one frame.
    pub fn decode(body: &[u8]) -> Result<ServerFrame, WireError> {
        let mut fields = Reader::new(body);
        let frame = match fields.u8()? {
            kind::WELCOME => ServerFrame::Welcome(Welcome::read(&mut fields)?),
            kind::RESUME_TOKEN => ServerFrame::ResumeToken(read_resume_token(&mut fields)?),
            kind::MESSAGE => {
                let (out_seq, tick) = (fields.u64()?, Tick(fields.u64()?));
                return Ok(ServerFrame::Message { out_seq, tick, data: fields.rest(MAX_MESSAGE, "message")? });
            }
            kind::ACK => ServerFrame::Ack { in_seq: fields.u64()? },
            kind::PREPARE_MOVE => ServerFrame::PrepareMove(PrepareMove::read(&mut fields)?),
            kind::MOVED => ServerFrame::Moved {
                incarnation: Incarnation(fields.u32()?),
                tick: Tick(fields.u64()?),
                out_seq: fields.u64()?,
            },
            kind::ENDED => ServerFrame::Ended {
                code: CloseCode::from_number(fields.u64()?).ok_or(WireError::BadValue("close code"))?,
                reason: fields.text(MAX_REASON, "reason")?,
            },
            kind::PONG => ServerFrame::Pong { token: fields.u64()? },
            unknown => return Err(WireError::UnknownKind(unknown)),
        };
        fields.finish()?;
        Ok(frame)
    }
}

fn put_numbers(body: &mut Vec<u8>, kind: u8, numbers: &[u64]) {
    body.push(kind);
    numbers.iter().for_each(|&number| put_varint(body, number));
}

impl Welcome {
    fn put(&self, body: &mut Vec<u8>) {
        body.push(kind::WELCOME);
        body.push(if self.fresh { FLAG_FRESH } else { 0 });
        put_varint(body, u64::from(self.seat.0));
        put_varint(body, u64::from(self.incarnation.0));
        put_varint(body, self.tick.0);
        put_varint(body, self.in_seq);
        put_varint(body, self.next_out_seq);
        put_varint(body, u64::from(self.rate));
    }

    fn read(fields: &mut Reader<'_>) -> Result<Welcome, WireError> {
        let flags = fields.u8()?;
        if flags & !FLAG_FRESH != 0 {
            return Err(WireError::BadValue("welcome flags"));
        }
        Ok(Welcome {
            fresh: flags & FLAG_FRESH != 0,
            seat: Seat(fields.u16()?),
            incarnation: Incarnation(fields.u32()?),
            tick: Tick(fields.u64()?),
            in_seq: fields.u64()?,
            next_out_seq: fields.u64()?,
            rate: fields.u16()?,
        })
    }
}

impl PrepareMove {
    fn put(&self, body: &mut Vec<u8>) {
        body.push(kind::PREPARE_MOVE);
        match self.address.ip() {
            IpAddr::V4(ip) => {
                body.push(ADDRESS_V4);
                body.extend_from_slice(&ip.octets());
            }
            IpAddr::V6(ip) => {
                body.push(ADDRESS_V6);
                body.extend_from_slice(&ip.octets());
            }
        }
        body.extend_from_slice(&self.address.port().to_le_bytes());
        let hashes = &self.certificate_hashes[..self.certificate_hashes.len().min(MAX_CERTIFICATE_HASHES)];
        body.push(hashes.len() as u8);
        hashes.iter().for_each(|hash| body.extend_from_slice(hash));
        body.extend_from_slice(&self.token.to_bytes());
    }

    fn read(fields: &mut Reader<'_>) -> Result<PrepareMove, WireError> {
        let ip = match fields.u8()? {
            ADDRESS_V4 => IpAddr::V4(Ipv4Addr::from(fields.array::<4>()?)),
            ADDRESS_V6 => IpAddr::V6(Ipv6Addr::from(fields.array::<16>()?)),
            _ => return Err(WireError::BadValue("address family")),
        };
        let address = SocketAddr::new(ip, fields.u16_le()?);
        let count = usize::from(fields.u8()?);
        if count > MAX_CERTIFICATE_HASHES {
            return Err(WireError::TooLarge("certificate hashes"));
        }
        let certificate_hashes = (0..count).map(|_| fields.array()).collect::<Result<_, _>>()?;
        Ok(PrepareMove { address, certificate_hashes, token: read_resume_token(fields)? })
    }
}

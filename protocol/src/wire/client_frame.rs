//! Frames from a client to a server.

use bytes::Bytes;

use super::codec::{Reader, WireError, put_blob, put_varint};
use super::{MAX_INPUT, MAX_JOIN_TOKEN, MAX_OPTIONS, PROTOCOL_VERSION, framed};
use crate::ids::Tick;
use crate::token::{ResumeToken, SchemaHash};

/// What a client says on its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientFrame {
    /// Asks to be let in: the first frame of a connection, and only the first.
    Hello(Box<Hello>),
    /// A reliable input.
    Input {
        /// Counted from 1 for each seat, over connections.
        in_seq: u64,
        /// At most [`MAX_INPUT`] bytes.
        data: Bytes,
    },
    /// Everything up to this reliable message has arrived.
    Ack {
        /// Cumulative.
        out_seq: u64,
    },
    /// The player gives up the seat.
    Leave,
    /// Asks for a `pong` with the same token.
    Ping {
        /// Means nothing to the server.
        token: u64,
    },
    /// The connection as the client measures it.
    Quality(Quality),
}

/// What a client shows and what it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`]. It stands first in every version of the protocol, so any server can read it.
    pub protocol_version: u16,
    /// The schema the client was built for; zero for raw bytes.
    pub schema: SchemaHash,
    /// Which client of the player it is.
    pub speaker: Speaker,
    /// What lets it in.
    pub credential: Credential,
    /// The newest reliable message it has; 0 for none.
    pub last_out_seq: u64,
    /// The highest incarnation it has seen; 0 for none.
    pub incarnation: u32,
    /// The newest tick it has seen.
    pub last_tick: Tick,
    /// It knows nothing of the match: send it everything.
    pub fresh: bool,
    /// Untrusted options for the game, at most [`MAX_OPTIONS`] bytes.
    pub options: Bytes,
}

/// Names a client among those of its player: random bytes that it makes once, when it starts. Not a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientId(pub [u8; 8]);

/// Which client says `hello`, and on which of its connections: hellos of one client may overtake each other, and the
/// server has to know the youngest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Speaker {
    /// The client.
    pub client: ClientId,
    /// Its connections are numbered from 1 in the order in which it opens them.
    pub connection: u32,
}

/// What lets a client in.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A join token, fresh from the control plane.
    Join {
        /// The token as text, at most [`MAX_JOIN_TOKEN`] bytes.
        token: String,
        /// Random. The same pair again is an honest retry, another nonce is refused.
        nonce: [u8; 16],
    },
    /// The newest resume token of the seat.
    Resume(ResumeToken),
}

impl std::fmt::Debug for Credential {
    /// Shows what kind it is and keeps its secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Credential::Join { .. } => f.debug_struct("Join").finish_non_exhaustive(),
            Credential::Resume(token) => f.debug_tuple("Resume").field(token).finish(),
        }
    }
}

/// A connection, measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Milliseconds.
    pub round_trip_ms: u16,
    /// Milliseconds.
    pub jitter_ms: u16,
    /// Lost of a thousand, 0 to 1,000.
    pub loss_permille: u16,
}

mod kind {
    pub(super) const HELLO: u8 = 0x01;
    pub(super) const INPUT: u8 = 0x02;
    pub(super) const ACK: u8 = 0x03;
    pub(super) const LEAVE: u8 = 0x04;
    pub(super) const PING: u8 = 0x05;
    pub(super) const QUALITY: u8 = 0x06;
}

const CREDENTIAL_JOIN: u8 = 0;
const CREDENTIAL_RESUME: u8 = 1;
const FLAG_FRESH: u8 = 1;

impl ClientFrame {
    /// The frame with its length, ready for the stream. Fields are the caller's to keep within their limits.
    pub fn encode(&self) -> Bytes {
        let mut body = Vec::with_capacity(32);
        match self {
            ClientFrame::Hello(hello) => hello.put(&mut body),
            ClientFrame::Input { in_seq, data } => {
                body.push(kind::INPUT);
                put_varint(&mut body, *in_seq);
                body.extend_from_slice(data);
            }
            ClientFrame::Ack { out_seq } => {
                body.push(kind::ACK);
                put_varint(&mut body, *out_seq);
            }
            ClientFrame::Leave => body.push(kind::LEAVE),
            ClientFrame::Ping { token } => {
                body.push(kind::PING);
                put_varint(&mut body, *token);
            }
            ClientFrame::Quality(quality) => {
                body.push(kind::QUALITY);
                for number in [quality.round_trip_ms, quality.jitter_ms, quality.loss_permille] {
                    put_varint(&mut body, u64::from(number));
                }
            }
        }
        framed(&body)
    }

    /// Reads the body of one frame.
    pub fn decode(body: &[u8]) -> Result<ClientFrame, WireError> {
        let mut fields = Reader::new(body);
        let frame = match fields.u8()? {
            kind::HELLO => ClientFrame::Hello(Box::new(Hello::read(&mut fields)?)),
            kind::INPUT => {
                let in_seq = fields.u64()?;
                return Ok(ClientFrame::Input { in_seq, data: fields.rest(MAX_INPUT, "input")? });
            }
            kind::ACK => ClientFrame::Ack { out_seq: fields.u64()? },
            kind::LEAVE => ClientFrame::Leave,
            kind::PING => ClientFrame::Ping { token: fields.u64()? },
            kind::QUALITY => ClientFrame::Quality(Quality::read(&mut fields)?),
            unknown => return Err(WireError::UnknownKind(unknown)),
        };
        fields.finish()?;
        Ok(frame)
    }
}

impl Hello {
    fn put(&self, body: &mut Vec<u8>) {
        body.push(kind::HELLO);
        body.extend_from_slice(&self.protocol_version.to_le_bytes());
        body.extend_from_slice(&self.schema.0);
        body.push(if self.fresh { FLAG_FRESH } else { 0 });
        body.extend_from_slice(&self.speaker.client.0);
        put_varint(body, u64::from(self.speaker.connection));
        match &self.credential {
            Credential::Join { token, nonce } => {
                body.push(CREDENTIAL_JOIN);
                put_blob(body, token.as_bytes());
                body.extend_from_slice(nonce);
            }
            Credential::Resume(token) => {
                body.push(CREDENTIAL_RESUME);
                body.extend_from_slice(&token.to_bytes());
            }
        }
        put_varint(body, self.last_out_seq);
        put_varint(body, u64::from(self.incarnation));
        put_varint(body, self.last_tick.0);
        put_blob(body, &self.options);
    }

    fn read(fields: &mut Reader<'_>) -> Result<Hello, WireError> {
        let protocol_version = fields.u16_le()?;
        if protocol_version != PROTOCOL_VERSION {
            return Err(WireError::Version(protocol_version));
        }
        let schema = SchemaHash(fields.array()?);
        let flags = fields.u8()?;
        if flags & !FLAG_FRESH != 0 {
            return Err(WireError::BadValue("hello flags"));
        }
        Ok(Hello {
            protocol_version,
            schema,
            fresh: flags & FLAG_FRESH != 0,
            speaker: Speaker { client: ClientId(fields.array()?), connection: fields.u32()? },
            credential: Credential::read(fields)?,
            last_out_seq: fields.u64()?,
            incarnation: fields.u32()?,
            last_tick: Tick(fields.u64()?),
            options: Bytes::copy_from_slice(fields.blob(MAX_OPTIONS, "options")?),
        })
    }
}

impl Credential {
    fn read(fields: &mut Reader<'_>) -> Result<Credential, WireError> {
        match fields.u8()? {
            CREDENTIAL_JOIN => {
                Ok(Credential::Join { token: fields.text(MAX_JOIN_TOKEN, "join token")?, nonce: fields.array()? })
            }
            CREDENTIAL_RESUME => read_resume_token(fields).map(Credential::Resume),
            _ => Err(WireError::BadValue("credential")),
        }
    }
}

impl Quality {
    fn read(fields: &mut Reader<'_>) -> Result<Quality, WireError> {
        let quality = Quality { round_trip_ms: fields.u16()?, jitter_ms: fields.u16()?, loss_permille: fields.u16()? };
        if quality.loss_permille > 1_000 { Err(WireError::BadValue("loss")) } else { Ok(quality) }
    }
}

pub(super) fn read_resume_token(fields: &mut Reader<'_>) -> Result<ResumeToken, WireError> {
    ResumeToken::from_bytes(fields.take(ResumeToken::LEN)?).ok_or(WireError::BadValue("resume token"))
}

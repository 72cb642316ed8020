//! The player wire protocol, version 1, as bytes: `PROTOCOL.md` of this crate in code.
//!
//! One bidirectional stream, opened by the client, carries [frames](ClientFrame) both ways; each is a varint length and
//! a body of that many bytes, the first of which names its kind. [Datagrams](ClientDatagram) carry what may be lost.
//! Decoding takes bodies and whole datagrams; [`FrameReader`] cuts a stream into bodies.
//!
//! This module knows bytes and limits only. What may follow what, and when, is for [`crate::server`] and
//! [`crate::client`]. Decoders never panic, allocate no more than they were given, and accept exactly what the encoders
//! write.

mod client_frame;
mod codec;
mod datagram;
mod fragment;
mod server_frame;
mod stream;

pub use client_frame::{ClientFrame, ClientId, Credential, Hello, Quality, Speaker};
pub use codec::WireError;
pub use datagram::{ClientDatagram, Fragment, ServerDatagram, UnreliableId};
pub use fragment::{Fragments, Reassembly, TooManyFragments};
pub use server_frame::{PrepareMove, ServerFrame, Welcome};
pub use stream::FrameReader;

/// The ALPN protocol name (RFC 7301) of native clients.
pub const ALPN: &[u8] = b"stadion/1";
/// The ALPN protocol name of browsers: HTTP/3, for WebTransport.
pub const WEBTRANSPORT_ALPN: &[u8] = b"h3";
/// Where browsers connect: the path of WebTransport on the gateway's UDP port and of WebSocket on the REST API's port.
pub const CONNECT_PATH: &str = "/v1/connect";
/// The WebSocket subprotocol (RFC 6455 section 1.9).
pub const WEBSOCKET_PROTOCOL: &str = "stadion.1";
/// The version that a `hello` names.
pub const PROTOCOL_VERSION: u16 = 1;

/// The largest reliable input, bytes. Larger than any move; what is larger belongs in HTTP.
pub const MAX_INPUT: usize = 16 * 1024;
/// The largest reliable message to a player, bytes.
pub const MAX_MESSAGE: usize = 64 * 1024;
/// The largest unreliable payload in either direction, bytes; it travels in fragments.
pub const MAX_UNRELIABLE: usize = 8 * 1024;
/// The largest join token, bytes: 4 KiB of trusted data, twice in base 64, with its claims.
pub const MAX_JOIN_TOKEN: usize = 12 * 1024;
/// The largest untrusted options of a player, bytes.
pub const MAX_OPTIONS: usize = 2 * 1024;
/// The longest text that says why, bytes of UTF-8.
pub const MAX_REASON: usize = 200;
/// The most certificate hashes in a `prepare-move`.
pub const MAX_CERTIFICATE_HASHES: usize = 4;
/// The most unreliable inputs repeated in one datagram.
pub const MAX_REPEATS: usize = 8;
/// The most datagrams of one unreliable payload.
pub const MAX_FRAGMENTS: usize = 16;
/// The payload that fits one datagram on every path that QUIC allows (1,200-byte packets), bytes.
pub const UNRELIABLE_PAYLOAD: usize = 1_100;
/// The most that stands before the payload of a datagram, bytes.
pub const MAX_DATAGRAM_HEADER: usize = 21;
/// The datagram size that every path takes, bytes.
pub const DEFAULT_MAX_DATAGRAM: usize = UNRELIABLE_PAYLOAD + MAX_DATAGRAM_HEADER;
/// The largest body of a frame from a client, bytes: an input and its number, or a `hello`.
pub const MAX_CLIENT_FRAME: usize = MAX_INPUT + 64;
/// The largest body of a frame from a server, bytes: a message, its number and tick.
pub const MAX_SERVER_FRAME: usize = MAX_MESSAGE + 64;

/// A body with its length before it.
fn framed(body: &[u8]) -> bytes::Bytes {
    let mut out = Vec::with_capacity(body.len() + 3);
    codec::put_blob(&mut out, body);
    out.into()
}

//! Browsers over UDP: WebTransport over HTTP/3 (draft-ietf-webtrans-http3), one session for each connection. The page
//! opens one bidirectional stream; from there on it is what [`super::quic`] is for native clients.
//!
//! A session is asked for by an HTTP request, which names a path and the page's origin: both are looked at before there
//! is a session. Close codes travel as the session's own, not as those of HTTP/3.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use quinn::{Connection, ConnectionError};
use stadion_protocol::CloseCode;
use stadion_protocol::origin::Origins;
use stadion_protocol::wire::{CONNECT_PATH, WEBSOCKET_PROTOCOL};
use web_transport_quinn::http::StatusCode;
use web_transport_quinn::proto::{ConnectRequest, ConnectResponse};
use web_transport_quinn::{ReadError, RecvStream, Request, SendStream, Session, SessionError};

use super::{Arrived, Control, Departure, Fate, Path, READ_BYTES, Receive, Stopped, Transmit, WRITE_PIECES};

/// How long whoever was refused may take to read why.
const REFUSAL_WITHIN: Duration = Duration::from_secs(1);

/// HTTP/3's "no error" and "general protocol error" (RFC 9114 section 8.1).
const H3_NO_ERROR: u32 = 0x100;
const H3_GENERAL_PROTOCOL_ERROR: u32 = 0x101;

/// A session as a whole.
#[derive(Clone)]
pub(in super::super) struct WebControl {
    session: Session,
}

/// The receiving side of a session.
pub(in super::super) struct WebReceive {
    session: Session,
    stream: Option<RecvStream>,
}

/// The sending side of its stream.
pub(in super::super) struct WebTransmit {
    stream: SendStream,
}

/// Why there is no session; the connection is closed.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum Refused {
    /// The client speaks no HTTP/3, or asks for no session.
    #[error("no session was asked for: {0}")]
    NotAsked(String),
    /// Another path, or a page that may not talk to this server.
    #[error("answered {status} to a page of {origin:?}")]
    Answered {
        /// The answer.
        status: StatusCode,
        /// As the browser named it.
        origin: String,
    },
}

/// Waits for a connection's request and answers it. Its caller bounds the time.
pub(in super::super) async fn accept(
    connection: Connection,
    origins: &dyn Origins,
) -> Result<(WebControl, WebReceive), Refused> {
    let request = match Request::accept(connection.clone()).await {
        Ok(request) => request,
        Err(error) => {
            connection.close(H3_GENERAL_PROTOCOL_ERROR.into(), b"WebTransport is all there is here");
            return Err(Refused::NotAsked(error.to_string()));
        }
    };
    match check(&request, origins) {
        StatusCode::OK => {
            let answer = request.protocols.iter().any(|offered| offered == WEBSOCKET_PROTOCOL).then(|| {
                // Only what was offered may be chosen, and a client that offers nothing is fine too.
                ConnectResponse::OK.with_protocol(WEBSOCKET_PROTOCOL)
            });
            let session = request.respond(answer.unwrap_or(ConnectResponse::OK)).await;
            let session = session.map_err(|error| Refused::NotAsked(error.to_string()))?;
            Ok((WebControl { session: session.clone() }, WebReceive { session, stream: None }))
        }
        status => {
            let origin = origin(&request).unwrap_or_default().to_owned();
            if request.reject(status).await.is_ok() {
                // A close would overtake the answer.
                let _ = tokio::time::timeout(REFUSAL_WITHIN, connection.closed()).await;
            }
            connection.close(H3_NO_ERROR.into(), b"");
            Err(Refused::Answered { status, origin })
        }
    }
}

/// The status to answer.
fn check(request: &ConnectRequest, origins: &dyn Origins) -> StatusCode {
    if request.url.path() != CONNECT_PATH {
        return StatusCode::NOT_FOUND;
    }
    match origin(request) {
        Some(origin) if !origins.allows(origin, request.url.authority()) => StatusCode::FORBIDDEN,
        _ => StatusCode::OK,
    }
}

fn origin(request: &ConnectRequest) -> Option<&str> {
    // A name that is no text is no origin: it is refused like any other that nobody knows.
    request.headers.get("origin").map(|value| value.to_str().unwrap_or("?"))
}

impl Control for WebControl {
    fn send_datagram(&self, datagram: Bytes) -> Fate {
        let displaced = self.session.datagram_send_buffer_space() < datagram.len();
        match self.session.send_datagram(datagram) {
            Ok(()) if displaced => Fate::Displaced,
            Ok(()) => Fate::Queued,
            Err(_) => Fate::Dropped,
        }
    }

    fn max_datagram(&self) -> usize {
        self.session.max_datagram_size()
    }

    fn path(&self) -> Path {
        let path = Connection::stats(&self.session).path;
        Path { round_trip: path.rtt, sent_packets: path.sent_packets, lost_packets: path.lost_packets }
    }

    fn close(&self, code: CloseCode, reason: &str) {
        self.session.close(u32::from(code.number()), reason.as_bytes());
        // The close is on its way as a task of the session's, bounded in time; dropped before that, the session would
        // end the streams of HTTP/3 under it, and the page would see a broken connection instead of a code.
        let session = self.session.clone();
        drop(tokio::spawn(async move { drop(session.closed().await) }));
    }
}

impl Receive for WebReceive {
    type Transmit = WebTransmit;

    async fn next(&mut self) -> Arrived<WebTransmit> {
        let session = &self.session;
        let Some(stream) = &mut self.stream else {
            return match session.accept_bi().await {
                Ok((send, receive)) => {
                    self.stream = Some(receive);
                    Arrived::Opened(WebTransmit { stream: send })
                }
                Err(error) => Arrived::Gone(departure(&error)),
            };
        };
        tokio::select! {
            chunk = stream.read_chunk(READ_BYTES, true) => match chunk {
                Ok(Some(chunk)) => Arrived::Stream(chunk.bytes),
                Err(ReadError::SessionError(error)) => Arrived::Gone(departure(&error)),
                // Ended or reset: this client says nothing more, so the connection is of no use.
                Ok(None) | Err(_) => Arrived::Gone(Departure::ClosedByClient),
            },
            datagram = session.read_datagram() => match datagram {
                Ok(datagram) => Arrived::Datagram(datagram),
                Err(error) => Arrived::Gone(departure(&error)),
            },
        }
    }
}

impl Transmit for WebTransmit {
    async fn write(&mut self, pieces: &mut VecDeque<Bytes>) -> Result<usize, Stopped> {
        let (front, _) = pieces.as_mut_slices();
        let offered = front.len().min(WRITE_PIECES);
        let written = self.stream.write_chunks(&mut front[..offered]).await.map_err(|_| Stopped)?;
        pieces.drain(..written.chunks);
        Ok(written.bytes)
    }

    async fn finish(&mut self) {
        if self.stream.finish().is_ok() {
            // Either way, stopped or acknowledged, there is nothing left to wait for.
            let _ = self.stream.stopped().await;
        }
    }
}

fn departure(error: &SessionError) -> Departure {
    match error {
        SessionError::ConnectionError(ConnectionError::TimedOut) => Departure::Lost,
        _ => Departure::ClosedByClient,
    }
}

//! One QUIC connection: a task that turns it into events, and a handle that the driver holds.
//!
//! Each connection has a UDP socket of its own: a second one beside a silent first also leaves a dead socket, route or
//! NAT entry behind.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{
    AckFrequencyConfig, Connection, ConnectionError, Endpoint, IdleTimeout, RecvStream, SendStream, TransportConfig,
    VarInt,
};
use stadion_protocol::CloseCode;
use stadion_protocol::client::{Endpoint as Target, PathId};
use tokio::sync::{mpsc, oneshot};

use crate::error::Error;
use crate::tls;

/// What happens on a path.
#[derive(Debug)]
pub(crate) enum PathEvent {
    Connected(Connection),
    Stream(Bytes),
    Datagram(Bytes),
    Closed {
        code: Option<u64>,
        reason: String,
    },
    /// The server could not show that it is the right one.
    Untrusted {
        reason: String,
    },
}

/// The driver's end of a path. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct PathHandle {
    writes: mpsc::Sender<Bytes>,
    close: Option<oneshot::Sender<CloseCode>>,
    connection: Option<Connection>,
}

/// Events of all paths, on their way to the driver.
pub(crate) type PathEvents = mpsc::Sender<(PathId, PathEvent)>;

/// Events that wait for the driver; behind it, QUIC's own flow control holds the server back.
pub(crate) const MAX_EVENTS: usize = 64;
/// Frames that wait for the stream. Unacknowledged inputs are bounded, so a path with this many takes nothing any more.
const MAX_WRITES: usize = 1_024;
/// One read of the stream.
const MAX_CHUNK: usize = 64 * 1024;
/// The server notices a lost client, and a client a lost server, long before.
const IDLE_TIMEOUT_MS: u32 = 30_000;
/// The first guess, for the first retransmission: QUIC's own third of a second is long for a game.
const INITIAL_RTT: Duration = Duration::from_millis(100);
/// What may wait in memory: a reliable message with its frame, a few times over, and a burst of datagrams.
const STREAM_WINDOW: u32 = 256 * 1024;
const DATAGRAM_BUFFER: usize = 128 * 1024;
/// The server acknowledges every fourth packet or after this time, where it knows the extension: most acknowledgements
/// then travel with the states that it sends anyway.
const ACK_DELAY: Duration = Duration::from_millis(60);
const ACK_EVERY: u32 = 4;
/// How long the last packet of a connection is waited for.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);

impl PathHandle {
    /// Starts connecting.
    pub(crate) fn open(path: PathId, target: Target, server_name: Arc<str>, events: PathEvents) -> PathHandle {
        let (writes, to_write) = mpsc::channel(MAX_WRITES);
        let (close, closed) = oneshot::channel();
        tokio::spawn(async move {
            let end = tokio::select! {
                end = run(path, &target, &server_name, (&events, to_write)) => end,
                // Closed by the driver, which knows; while connecting, dropping the attempt is all there is to do.
                _ = closed => return,
            };
            let _ = events.send((path, end)).await;
        });
        PathHandle { writes, close: Some(close), connection: None }
    }

    /// The connection is there.
    pub(crate) fn connected(&mut self, connection: Connection) {
        self.connection = Some(connection);
    }

    /// Queues stream bytes. `false`: the path takes nothing any more.
    pub(crate) fn write(&self, data: Bytes) -> bool {
        self.writes.try_send(data).is_ok()
    }

    /// Sends a datagram, or not.
    pub(crate) fn datagram(&self, data: Bytes) {
        if let Some(connection) = &self.connection {
            // Too large for the path of this moment, or closed: lost, as datagrams may be.
            let _ = connection.send_datagram(data);
        }
    }

    /// Lost packets of a thousand, if any were sent.
    pub(crate) fn loss_permille(&self) -> Option<u16> {
        let path = self.connection.as_ref()?.stats().path;
        u16::try_from((path.lost_packets * 1_000).checked_div(path.sent_packets)?).ok()
    }

    /// Closes the connection.
    pub(crate) fn close(mut self, code: CloseCode) {
        if let Some(connection) = &self.connection {
            connection.close(VarInt::from_u32(u32::from(code.number())), b"");
        }
        if let Some(close) = self.close.take() {
            let _ = close.send(code);
        }
    }
}

impl Drop for PathHandle {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.close(VarInt::from_u32(u32::from(CloseCode::Left.number())), b"");
        }
    }
}

/// Connects, and moves bytes until the connection is gone. How it went.
async fn run(
    path: PathId,
    target: &Target,
    server_name: &str,
    (events, to_write): (&PathEvents, mpsc::Receiver<Bytes>),
) -> PathEvent {
    let connection = match connect(target, server_name).await {
        Ok(connection) => connection,
        Err(end) => return end,
    };
    let (send, receive) = match connection.open_bi().await {
        Ok(stream) => stream,
        Err(error) => return ending(&error),
    };
    if events.send((path, PathEvent::Connected(connection.clone()))).await.is_err() {
        return lost(&"the driver is gone");
    }
    tokio::select! {
        () = read_stream(path, receive, events) => {}
        () = read_datagrams(path, &connection, events) => {}
        () = write_stream(send, to_write) => {}
    }
    // Streams fail a moment before the connection says why.
    match tokio::time::timeout(CLOSE_WITHIN, connection.closed()).await {
        Ok(error) => ending(&error),
        Err(_) => lost(&"the stream ended"),
    }
}

async fn connect(target: &Target, server_name: &str) -> Result<Connection, PathEvent> {
    let local: SocketAddr = match target.address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let endpoint = Endpoint::client(local).map_err(|error| lost(&format!("no UDP socket: {error}")))?;
    let config = client_config(&target.certificate_hashes).map_err(|error| lost(&error))?;
    let connecting = endpoint.connect_with(config, target.address, server_name).map_err(|error| lost(&error))?;
    connecting.await.map_err(|error| ending(&error))
}

fn client_config(hashes: &[[u8; 32]]) -> Result<quinn::ClientConfig, Error> {
    let crypto = QuicClientConfig::try_from(tls::config(hashes)?).expect("TLS 1.3 with AES-128 is what ring has");
    let mut acks = AckFrequencyConfig::default();
    acks.max_ack_delay(Some(ACK_DELAY)).ack_eliciting_threshold(VarInt::from_u32(ACK_EVERY));
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_TIMEOUT_MS))))
        .initial_rtt(INITIAL_RTT)
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER))
        .ack_frequency_config(Some(acks));
    let mut config = quinn::ClientConfig::new(Arc::new(crypto));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

async fn read_stream(path: PathId, mut stream: RecvStream, events: &PathEvents) {
    while let Ok(Some(chunk)) = stream.read_chunk(MAX_CHUNK, true).await {
        if events.send((path, PathEvent::Stream(chunk.bytes))).await.is_err() {
            return;
        }
    }
}

async fn read_datagrams(path: PathId, connection: &Connection, events: &PathEvents) {
    while let Ok(data) = connection.read_datagram().await {
        if events.send((path, PathEvent::Datagram(data))).await.is_err() {
            return;
        }
    }
}

async fn write_stream(mut stream: SendStream, mut to_write: mpsc::Receiver<Bytes>) {
    while let Some(data) = to_write.recv().await {
        if stream.write_chunk(data).await.is_err() {
            return;
        }
    }
    // The driver is gone, and with it the handle that closes the connection.
    std::future::pending::<()>().await;
}

fn ending(error: &ConnectionError) -> PathEvent {
    match error {
        ConnectionError::ApplicationClosed(close) => PathEvent::Closed {
            code: Some(close.error_code.into_inner()),
            reason: String::from_utf8_lossy(&close.reason).into_owned(),
        },
        ConnectionError::TransportError(error) if CERTIFICATE_ALERTS.contains(&u64::from(error.code)) => {
            PathEvent::Untrusted { reason: error.reason.clone() }
        }
        other => lost(other),
    }
}

fn lost(why: &dyn ToString) -> PathEvent {
    PathEvent::Closed { code: None, reason: why.to_string() }
}

/// QUIC's codes (RFC 9001 section 4.8) for the TLS alerts about certificates (RFC 8446 section 6.2), from
/// `bad_certificate` to `access_denied` (which is what rustls says for a wrong hash).
const CERTIFICATE_ALERTS: std::ops::RangeInclusive<u64> = 0x100 + 42..=0x100 + 49;

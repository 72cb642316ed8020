//! What operators choose about a gateway, and the bounds that are fixed with their reasons.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use quinn::{AckFrequencyConfig, EndpointConfig, IdleTimeout, ServerConfig, TransportConfig, VarInt};
use quinn_proto::HashedConnectionIdGenerator;
use stadion_protocol::contract::WebAddress;
use stadion_protocol::origin::{AllowedOrigins, Origins};
use stadion_protocol::wire::{ALPN, WEBTRANSPORT_ALPN};

use super::GatewayError;
use super::calendar::Calendar;
use super::certificate::{Identity, Served};
use super::door::Door;
use super::keys::HostKeys;

/// A client is done with its handshake and has said `hello` within this time each.
pub(super) const HANDSHAKE_WITHIN: Duration = Duration::from_secs(3);

/// How long a closing connection may take to get its last words across.
pub(super) const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// How long a connection whose match takes no more input waits for the match's last words.
pub(super) const FAREWELL_WITHIN: Duration = Duration::from_millis(100);

/// What waits for a client that reads slowly, beyond what the transport took. A match keeps at most 256 KiB of messages
/// unacknowledged for a seat, and all of that may be sent again at once.
pub(super) const WAITING_BYTES: usize = 320 * 1024;

/// Written and not acknowledged by the client's transport.
const SEND_WINDOW: u64 = 256 * 1024;

/// Received and not read: one stream, all streams.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// Datagrams waiting, each way. With the windows above and [`WAITING_BYTES`] a connection that neither reads nor
/// acknowledges holds 960 KiB, under the 1 MiB that is promised.
pub(super) const DATAGRAM_BUFFER: usize = 64 * 1024;

/// Streams that a client may open: one is ours, the rest is what HTTP/3 needs, a request and three streams of its own
/// (RFC 9114 section 6.2).
const BIDI_STREAMS: u32 = 2;
const UNI_STREAMS: u32 = 3;

/// Generous: a lost player comes back on a second connection long before.
pub(super) const IDLE: Duration = Duration::from_secs(30);
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(8);

/// Clients acknowledge every fourth packet or after this time, where they know the extension. Saves a third of all
/// packets of a game that sends 20 states a second.
const ACK_DELAY: Duration = Duration::from_millis(60);
const ACK_EVERY: u32 = 4;

/// Connection attempts that wait to be looked at, and what their packets may hold. The accept loop looks at once, so
/// these only matter under a flood.
const INCOMING: usize = 1024;
const INCOMING_BYTES: u64 = 16 * 1024;
const INCOMING_TOTAL_BYTES: u64 = 8 << 20;

/// What operators choose.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Where to listen (UDP). Port 0: any free one. The wildcard `[::]` takes IPv4 too where the system says so.
    pub listen: SocketAddr,
    /// What clients are told to connect to; empty: the address that was bound (loopback for a wildcard).
    pub advertised: Vec<SocketAddr>,
    /// The name or address that browsers are told for WebTransport; `None`: by which they reached the REST API.
    pub web_host: Option<String>,
    /// Where a server of HTTP passes WebSockets on to this gateway; `None`: nowhere.
    pub websocket: Option<WebAddress>,
    /// Which web pages may connect.
    pub origins: Arc<dyn Origins>,
    /// The certificate.
    pub identity: Identity,
    /// What day it is, for certificates.
    pub calendar: Calendar,
    /// The host's secrets.
    pub keys: HostKeys,
    /// The most connections, handshakes among them.
    pub max_connections: usize,
    /// The most connections without a seat, among the others: players always find room beside them.
    pub max_spectators: usize,
    /// The most handshakes in flight; more are not answered. Each holds about 45 KiB.
    pub max_handshakes: usize,
    /// With this many handshakes in flight, clients first prove their address, which costs them a round trip.
    pub retry_above: usize,
}

impl GatewayConfig {
    pub(super) fn door(&self) -> Door {
        Door {
            max_connections: self.max_connections as u64,
            max_handshakes: self.max_handshakes as u64,
            retry_above: self.retry_above as u64,
        }
    }

    /// On a free port of the loopback, with bounds for one machine.
    pub fn new(keys: HostKeys) -> GatewayConfig {
        GatewayConfig {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            advertised: Vec::new(),
            web_host: None,
            websocket: None,
            origins: Arc::new(AllowedOrigins::default()),
            identity: Identity::Development,
            calendar: Calendar::system(),
            keys,
            max_connections: 50_000,
            max_spectators: 10_000,
            max_handshakes: 1_000,
            retry_above: 200,
        }
    }
}

/// Resets tell the players of a process that was killed to come back. Quinn's own pause of 20 ms lets in fifty a second, and
/// all others wait until they notice the silence; only packets with connection ids of ours are answered at all, each
/// by a smaller one.
const BETWEEN_RESETS: Duration = Duration::from_micros(20);

/// The endpoint's own secrets.
pub(super) fn endpoint_config(keys: &HostKeys) -> EndpointConfig {
    let reset_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, keys.stateless_reset());
    let id_key = keys.connection_id_key();
    let mut config = EndpointConfig::new(Arc::new(reset_key));
    config
        .cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(id_key)))
        .min_reset_interval(BETWEEN_RESETS);
    config
}

/// TLS and transport for connections that begin from now on.
pub(super) fn server_config(keys: &HostKeys, served: Served) -> Result<ServerConfig, GatewayError> {
    let crypto = quinn::crypto::rustls::QuicServerConfig::try_from(tls_config(served)?)
        .map_err(|error| GatewayError::Tls(error.to_string()))?;
    let token_key = ring::hkdf::Salt::new(ring::hkdf::HKDF_SHA256, &[]).extract(keys.quic_token());
    let mut config = ServerConfig::new(Arc::new(crypto), Arc::new(token_key));
    config
        .transport_config(Arc::new(transport_config()))
        .migration(true)
        .max_incoming(INCOMING)
        .incoming_buffer_size(INCOMING_BYTES)
        .incoming_buffer_size_total(INCOMING_TOTAL_BYTES);
    Ok(config)
}

/// TLS 1.3 alone, AES-128 first: it costs 3 % less than AES-256 over a whole gateway.
fn tls_config(served: Served) -> Result<rustls::ServerConfig, GatewayError> {
    use rustls::crypto::ring::{cipher_suite as suite, default_provider};
    let mut provider = default_provider();
    provider.cipher_suites =
        vec![suite::TLS13_AES_128_GCM_SHA256, suite::TLS13_AES_256_GCM_SHA384, suite::TLS13_CHACHA20_POLY1305_SHA256];
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(served.chain, served.key))
        .map_err(|error| GatewayError::Tls(error.to_string()))?;
    config.ignore_client_order = true;
    config.alpn_protocols = vec![ALPN.to_vec(), WEBTRANSPORT_ALPN.to_vec()];
    Ok(config)
}

fn transport_config() -> TransportConfig {
    let mut acks = AckFrequencyConfig::default();
    acks.max_ack_delay(Some(ACK_DELAY)).ack_eliciting_threshold(VarInt::from_u32(ACK_EVERY));
    let idle = IdleTimeout::try_from(IDLE).expect("30 s fit a QUIC idle timeout");
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(BIDI_STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
        .send_window(SEND_WINDOW)
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER))
        .datagram_send_buffer_size(DATAGRAM_BUFFER)
        .max_idle_timeout(Some(idle))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .ack_frequency_config(Some(acks));
    config
}

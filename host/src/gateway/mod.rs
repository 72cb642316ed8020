//! The network side of a host: players' connections on one UDP port, on one thread of its own.
//!
//! ```text
//!   players ══ QUIC ══▶ socket ─ turn ─▶ connection ──[Inbox]──▶ shards
//!   players ◀═ QUIC ══ connection ◀─ turn ─ mailbox ◀──[Outbox]── shards
//! ```
//!
//! The gateway owns connections, keys and certificates. It decides who is let through the door (bounds, `hello` in
//! time, join tokens) and how much one client may send or leave unread. It knows nothing of games, ticks or seats: to it a
//! match is an id behind [`Inbox`].
//!
//! **Invariant.** Between gateway and shards there are two mailboxes and nothing else, so that whatever drives packets
//! here (quinn today) can be replaced without a shard noticing.
//!
//! **Invariant.** Nothing that a client does makes the gateway wait, hold more than its bound, or disturb another.

mod accept;
mod calendar;
mod certificate;
mod certificate_files;
mod config;
mod counters;
mod door;
mod express;
mod keys;
mod mailbox;
mod player;
mod quality;
mod quiet;
mod shared;
mod socket;
mod thread;
mod tokens;
mod transport;
mod validity;
mod waiting;
mod websockets;
mod words;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use quinn::AsyncUdpSocket as _;
use stadion_protocol::contract::{Endpoints, WebAddress};

pub use self::calendar::Calendar;
pub use self::certificate::{CertificateError, Identity};
pub use self::config::GatewayConfig;
pub use self::counters::GatewayCounters;
pub use self::keys::{HostKeys, KeyError};
pub use self::tokens::{JoinKeys, TokenRefusal};
pub use self::transport::websocket::ByteStream;
pub use self::websockets::{GrantedSocket, SocketRefusal, WebSockets};

use self::certificate::Certificates;
use self::counters::Counters;
use self::door::Door;
use self::mailbox::Mailbox;
use self::shared::Shared;
use self::socket::TurnSocket;
use self::thread::{GatewayThread, Link};
use crate::clock;
use crate::link::{Inbox, Outbox};

/// How long a thread that was asked to stop may take beyond its deadline before it is left behind.
const STOP_MARGIN: Duration = Duration::from_secs(2);

/// Why the gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The UDP address could not be bound.
    #[error("listening on {address} (UDP): {source}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// There is no certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The certificate and its key do not make a TLS server.
    #[error("TLS: {0}")]
    Tls(String),
    /// The system gave no thread, or no poller for it.
    #[error("starting the gateway's thread: {0}")]
    Thread(io::Error),
}

/// A running gateway. Dropping it stops it at once; [`shutdown`](Gateway::shutdown) tells players first.
pub struct Gateway {
    link: Arc<Link>,
    address: SocketAddr,
    advertised: Vec<SocketAddr>,
    webtransport: WebAddress,
    websocket: Option<WebAddress>,
    door: Door,
    /// Hung up by the thread as it ends.
    ended: std::sync::Mutex<Receiver<()>>,
}

impl Gateway {
    /// Binds the port and starts the thread. From then on players can connect; what they say goes to `inbox`.
    ///
    /// # Errors
    /// When the port is taken, the certificate cannot be made or read, or the system refuses a thread.
    pub fn bind(config: GatewayConfig, inbox: Arc<dyn Inbox>, join_keys: JoinKeys) -> Result<Gateway, GatewayError> {
        let bind_error = |source| GatewayError::Bind { address: config.listen, source };
        let socket = TurnSocket::bind(config.listen).map_err(bind_error)?;
        let address = socket.local_addr().map_err(bind_error)?;
        let certificates = Certificates::open(&config.identity, config.keys.storage(), config.calendar.unix_s())?;
        let counters = Arc::<Counters>::default();
        let mailbox = Arc::new(Mailbox::new(Arc::clone(&counters)));
        let link = Arc::new(Link::new(
            Arc::new(Shared::new(
                inbox,
                join_keys,
                Arc::clone(&config.origins),
                (counters, config.max_spectators as u64),
            )),
            mailbox,
        ));
        let advertised = advertised(&config, address);
        let port = advertised.first().map_or(address.port(), SocketAddr::port);
        let webtransport = WebAddress { host: config.web_host.clone(), port: Some(port) };
        let (websocket, door) = (config.websocket.clone(), config.door());
        let ended = std::sync::Mutex::new(start_thread(config, socket, certificates, Arc::clone(&link))?);
        tracing::info!(%address, ?advertised, "gateway listens");
        Ok(Gateway { link, address, advertised, webtransport, websocket, door, ended })
    }

    /// Where matches leave their words for players.
    pub fn outbox(&self) -> Arc<dyn Outbox> {
        Arc::clone(&self.link.mailbox) as Arc<dyn Outbox>
    }

    /// Where a server of HTTP passes WebSockets on.
    pub fn websockets(&self) -> WebSockets {
        WebSockets { door: self.door, shared: Arc::clone(&self.link.shared) }
    }

    /// What clients are told: addresses, and the certificate hashes that they may pin now. Ask anew for each client,
    /// since development certificates rotate.
    pub fn endpoints(&self) -> Endpoints {
        let hashes = self.link.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        Endpoints {
            quic: self.advertised.clone(),
            webtransport: Some(self.webtransport.clone()),
            websocket: self.websocket.clone(),
            certificate_hashes: hashes.clone(),
        }
    }

    /// The address that was bound.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// The counters now.
    pub fn counters(&self) -> GatewayCounters {
        self.link.shared.counters.snapshot()
    }

    /// Whether players can connect: until a shutdown, unless its thread failed.
    pub fn is_running(&self) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty)
    }

    /// Lets nobody in any more, delivers what matches have said to players, closes every connection as
    /// `shutting-down` and returns when all are closed, or after `grace`. Blocks its thread.
    pub fn shutdown(&self, grace: Duration) {
        self.link.stop_by(clock::now() + grace);
        // A hung-up channel is the answer; its sender never says anything.
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(grace + STOP_MARGIN) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            tracing::error!("the gateway's thread does not end; leaving it behind");
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.shutdown(Duration::ZERO);
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Starts the thread and waits until its endpoint is up; gives a channel that hangs up when the thread ends.
fn start_thread(
    config: GatewayConfig,
    socket: Arc<TurnSocket>,
    certificates: Certificates,
    link: Arc<Link>,
) -> Result<Receiver<()>, GatewayError> {
    let (started_to, started): (SyncSender<Result<(), GatewayError>>, _) = sync_channel(1);
    let (ended_to, ended) = sync_channel(0);
    let runtime = thread::runtime()?;
    let run = move || {
        let _hangs_up: SyncSender<()> = ended_to;
        crate::os::turns_of(crate::os::TICK_TURN);
        let entered = runtime.enter();
        match GatewayThread::start(&config, socket, certificates, link) {
            Ok(thread) => {
                // Whoever started it waits for exactly this.
                let _ = started_to.send(Ok(()));
                drop(entered);
                runtime.block_on(Box::pin(thread.run()));
            }
            Err(error) => drop(started_to.send(Err(error))),
        }
    };
    std::thread::Builder::new().name("stadion-gateway".to_owned()).spawn(run).map_err(GatewayError::Thread)?;
    started.recv().map_err(|_| GatewayError::Thread(io::Error::other("it ended while starting")))??;
    Ok(ended)
}

/// What clients are told when nothing was configured: a wildcard is no address to connect to.
fn advertised(config: &GatewayConfig, bound: SocketAddr) -> Vec<SocketAddr> {
    if !config.advertised.is_empty() {
        return config.advertised.clone();
    }
    let mut address = bound;
    if bound.ip().is_unspecified() {
        address.set_ip(if bound.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
        tracing::warn!(%address, "players are told the loopback address; configure the one they can reach");
    }
    vec![address]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_an_address_they_can_connect_to() {
        let config = GatewayConfig::new(HostKeys::ephemeral().unwrap());
        for (bound, told) in [
            ("127.0.0.1:7", "127.0.0.1:7"),
            ("10.0.0.1:7", "10.0.0.1:7"),
            ("0.0.0.0:7", "127.0.0.1:7"),
            ("[::]:7", "[::1]:7"),
        ] {
            assert_eq!(advertised(&config, bound.parse().unwrap()), [told.parse().unwrap()], "{bound}");
        }
        let public: SocketAddr = "203.0.113.5:443".parse().unwrap();
        let behind_nat = GatewayConfig { advertised: vec![public], ..config };
        assert_eq!(advertised(&behind_nat, "0.0.0.0:7".parse().unwrap()), [public]);
    }
}

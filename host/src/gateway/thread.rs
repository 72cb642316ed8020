//! The gateway's own thread: a loop of turns over one socket.
//!
//! ```text
//!            somebody is connected                     nobody is
//!   every 1 ms: ─▶ read the socket ─▶ hand out words ──▶ sleep until a packet, a word or the end
//!        ▲                                   │
//!        └───────────────────────────────────┘
//! ```
//!
//! Connections run between turns, on the same thread, as tasks that a turn has woken.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quinn::{Endpoint, TokioRuntime, VarInt};
use stadion_protocol::{CloseCode, Moment};
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use super::accept::accept_all;
use super::calendar::Calendar;
use super::certificate::{Certificates, LOOK_EVERY, Rotation};
use super::config::{endpoint_config, server_config};
use super::keys::HostKeys;
use super::mailbox::Mailbox;
use super::shared::Shared;
use super::socket::TurnSocket;
use super::{GatewayConfig, GatewayError};
use crate::clock;
use crate::link::{ConnId, ToPlayer};

/// How long input and output wait at most: well under what a player feels, and long enough to serve hundreds of
/// connections with one wake-up.
const TURN: Duration = Duration::from_millis(1);

/// Enough for a close to go from the endpoint over each connection's task to the socket.
const LAST_TURNS: usize = 8;

/// Tasks that run between looks at the timers, so that a turn with hundreds of connections does not delay the next.
const EVENT_INTERVAL: u32 = 31;

/// What the handle and the thread share.
pub(super) struct Link {
    pub(super) shared: Arc<Shared>,
    pub(super) mailbox: Arc<Mailbox>,
    /// SHA-256 of the certificates that clients may pin.
    pub(super) hashes: Mutex<Vec<[u8; 32]>>,
    stop: Mutex<Option<Moment>>,
    stopping: AtomicBool,
    stop_bell: Notify,
}

impl Link {
    pub(super) fn new(shared: Arc<Shared>, mailbox: Arc<Mailbox>) -> Link {
        Link {
            shared,
            mailbox,
            hashes: Mutex::default(),
            stop: Mutex::default(),
            stopping: AtomicBool::new(false),
            stop_bell: Notify::new(),
        }
    }

    /// Asks the thread to end by then. A later call can only bring the end nearer.
    pub(super) fn stop_by(&self, deadline: Moment) {
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        *stop = Some(stop.map_or(deadline, |earlier| earlier.min(deadline)));
        drop(stop);
        self.stopping.store(true, Ordering::Release);
        self.stop_bell.notify_one();
    }

    fn set_hashes(&self, hashes: Vec<[u8; 32]>) {
        *self.hashes.lock().unwrap_or_else(PoisonError::into_inner) = hashes;
    }

    fn stop(&self) -> Option<Moment> {
        // The flag spares every turn a lock.
        if !self.stopping.load(Ordering::Acquire) {
            return None;
        }
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything the thread owns.
pub(super) struct GatewayThread {
    link: Arc<Link>,
    socket: Arc<TurnSocket>,
    endpoint: Endpoint,
    keys: HostKeys,
    certificates: Certificates,
    calendar: Calendar,
    next_check: Moment,
    /// Taken from the mailbox; kept for its allocation.
    words: Vec<(ConnId, ToPlayer)>,
}

impl GatewayThread {
    /// Starts the endpoint. Called on the runtime that will run it.
    pub(super) fn start(
        config: &GatewayConfig,
        socket: Arc<TurnSocket>,
        certificates: Certificates,
        link: Arc<Link>,
    ) -> Result<GatewayThread, GatewayError> {
        let served = certificates.served();
        link.set_hashes(served.hashes.clone());
        let endpoint = Endpoint::new_with_abstract_socket(
            endpoint_config(&config.keys),
            Some(server_config(&config.keys, served)?),
            Arc::clone(&socket) as Arc<dyn quinn::AsyncUdpSocket>,
            Arc::new(TokioRuntime),
        )
        .map_err(|source| GatewayError::Bind { address: config.listen, source })?;
        tokio::spawn(accept_all(endpoint.clone(), config.door(), Arc::clone(&link.shared)));
        let (keys, calendar) = (config.keys.clone(), config.calendar.clone());
        // At once: a certificate that is about to expire is named at the start.
        let next_check = clock::now();
        Ok(GatewayThread { link, socket, endpoint, keys, certificates, calendar, next_check, words: Vec::new() })
    }

    /// Turns until the gateway is asked to stop.
    pub(super) async fn run(mut self) {
        let mut clockwork = tokio::time::interval(TURN);
        clockwork.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let deadline = loop {
            if self.is_idle() {
                self.sleep().await;
            } else {
                clockwork.tick().await;
            }
            self.turn();
            if let Some(deadline) = self.link.stop() {
                break deadline;
            }
            if clock::now() >= self.next_check {
                self.check_certificate();
            }
        };
        self.close(deadline).await;
    }

    fn turn(&mut self) {
        self.link.shared.counters.turns.up();
        self.socket.turn();
        self.link.mailbox.take(&mut self.words);
        if !self.words.is_empty() {
            self.link.shared.hand_out(&mut self.words);
        }
    }

    /// Nobody is connected, about to be, or still being told of the end of a connection.
    fn is_idle(&self) -> bool {
        let counters = &self.link.shared.counters;
        counters.connections.get() == 0 && counters.handshakes.get() == 0 && self.endpoint.open_connections() == 0
    }

    /// Until there is a reason for a turn.
    async fn sleep(&self) {
        tokio::select! {
            ready = self.socket.readable() => if let Err(error) = ready {
                tracing::warn!(%error, "cannot watch the UDP socket, looking again soon");
                tokio::time::sleep(TURN * 10).await;
            },
            () = self.link.mailbox.rung() => {}
            () = self.link.stop_bell.notified() => {}
            () = tokio::time::sleep(self.next_check.since(clock::now())) => {}
        }
    }

    /// Takes the next certificate if it is time; connections that are there keep theirs.
    fn check_certificate(&mut self) {
        self.next_check = clock::now() + LOOK_EVERY;
        let now_s = self.calendar.unix_s();
        match self.rotate(now_s) {
            Ok(Rotation::Unchanged) => {}
            Ok(Rotation::Changed) => tracing::info!("new connections get a new certificate"),
            Err(error) => tracing::error!(%error, "the certificate stays as it was"),
        }
        if let Some(warning) = self.certificates.warning(now_s) {
            tracing::warn!("{warning}");
        }
    }

    fn rotate(&mut self, now_s: u64) -> Result<Rotation, GatewayError> {
        let rotation = self.certificates.advance(now_s)?;
        if rotation == Rotation::Changed {
            let served = self.certificates.served();
            let hashes = served.hashes.clone();
            self.endpoint.set_server_config(Some(server_config(&self.keys, served)?));
            self.link.set_hashes(hashes);
        }
        Ok(rotation)
    }

    /// Lets nobody in, has every connection say its last words and close, and turns until all are gone or it is time.
    async fn close(mut self, deadline: Moment) {
        self.endpoint.set_server_config(None);
        self.link.shared.close_all(CloseCode::ShuttingDown, "the host is going down");
        while !self.is_idle() && clock::now() < self.link.stop().unwrap_or(deadline) {
            tokio::time::sleep(TURN).await;
            self.turn();
        }
        let code = VarInt::from_u32(u32::from(CloseCode::ShuttingDown.number()));
        self.endpoint.close(code, b"the host is going down");
        // Once more around, so that the close of whoever is left leaves too.
        for _ in 0..LAST_TURNS {
            self.turn();
            tokio::task::yield_now().await;
        }
    }
}

/// The runtime of the thread: timers and, for the idle time, the poller.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, GatewayError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .build()
        .map_err(GatewayError::Thread)
}

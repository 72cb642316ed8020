//! The UDP socket of the gateway: read in batches, on the gateway's turns alone.
//!
//! Wake-ups are what a gateway spends its time on, not system calls or cryptography. So this socket is not registered
//! with the runtime's poller: what arrives waits in the kernel's buffer until the next turn, and is then read at once
//! for all connections. A send that the kernel has no room for waits for the next turn too. Only while nobody is
//! connected is the poller asked to watch it ([`TurnSocket::readable`]).

use std::fmt;
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use quinn::udp::{RecvMeta, Transmit, UdpSocketState};
use quinn::{AsyncUdpSocket, UdpPoller};

/// What the kernel may hold each way. Two seconds of 1,000 matches with four players at 20 Hz.
const BUFFER_BYTES: usize = 4 << 20;

/// A socket that is read on turns.
pub(super) struct TurnSocket {
    socket: UdpSocket,
    state: UdpSocketState,
    /// The number of this turn, from 1.
    turn: AtomicU64,
    /// Whether there may be something to read in this turn.
    open: AtomicBool,
    /// The turn in which the kernel had no room; 0 for none yet.
    full_in_turn: AtomicU64,
    /// Reads that failed, for any other reason than that nothing was there.
    failures: AtomicU64,
    reader: Mutex<Option<Waker>>,
    /// Connections with something to send once there is room. At most one waker for each connection and turn.
    writers: Mutex<Vec<Waker>>,
}

impl TurnSocket {
    /// Binds and sets the buffers, as large as the kernel allows.
    pub(super) fn bind(address: SocketAddr) -> io::Result<Arc<TurnSocket>> {
        let socket = UdpSocket::bind(address)?;
        let state = UdpSocketState::new((&socket).into())?;
        set_buffers(&socket);
        Ok(Arc::new(TurnSocket {
            socket,
            state,
            turn: AtomicU64::new(1),
            open: AtomicBool::new(true),
            full_in_turn: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            reader: Mutex::new(None),
            writers: Mutex::new(Vec::new()),
        }))
    }

    /// Begins a turn: whoever waits to read or to send goes on.
    pub(super) fn turn(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
        self.open.store(true, Ordering::Relaxed);
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writers = std::mem::take(&mut *self.writers.lock().unwrap_or_else(PoisonError::into_inner));
        reader.into_iter().chain(writers).for_each(Waker::wake);
    }

    /// Waits until there is something to read, by the runtime's poller; registered only for as long as this waits.
    pub(super) async fn readable(&self) -> io::Result<()> {
        tokio::net::UdpSocket::from_std(self.socket.try_clone()?)?.readable().await
    }

    /// An error here would end the endpoint for every player, so the next turn tries again instead. Said ever more
    /// rarely, since a turn comes every millisecond.
    fn failed(&self, error: &io::Error) {
        let times = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if times.is_power_of_two() {
            tracing::error!(%error, times, "reading from the UDP socket");
        }
    }

    fn is_full(&self) -> bool {
        self.full_in_turn.load(Ordering::Relaxed) == self.turn.load(Ordering::Relaxed)
    }
}

impl AsyncUdpSocket for TurnSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(RoomPoller(self))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let sent = self.state.send((&self.socket).into(), transmit);
        if matches!(&sent, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            self.full_in_turn.store(self.turn.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        sent
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        // Interrupted calls are repeated; anything else ends the loop, so it is bounded by signals.
        while self.open.load(Ordering::Relaxed) {
            match self.state.recv((&self.socket).into(), buffers, meta) {
                Ok(count) => return Poll::Ready(Ok(count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.open.store(false, Ordering::Relaxed);
                    if error.kind() != ErrorKind::WouldBlock {
                        self.failed(&error);
                    }
                }
            }
        }
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        Poll::Pending
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn may_fragment(&self) -> bool {
        self.state.may_fragment()
    }

    fn max_transmit_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.state.gro_segments()
    }
}

impl fmt::Debug for TurnSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnSocket").field("socket", &self.socket).finish_non_exhaustive()
    }
}

/// Tells one connection whether the kernel has room.
#[derive(Debug)]
struct RoomPoller(Arc<TurnSocket>);

impl UdpPoller for RoomPoller {
    fn poll_writable(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.0.is_full() {
            return Poll::Ready(Ok(()));
        }
        let mut writers = self.0.writers.lock().unwrap_or_else(PoisonError::into_inner);
        if !writers.iter().any(|waker| waker.will_wake(cx.waker())) {
            writers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// Asks for [`BUFFER_BYTES`] each way; a smaller answer costs packets under load, so it is said.
fn set_buffers(socket: &UdpSocket) {
    use rustix::net::sockopt;
    let wanted = BUFFER_BYTES;
    #[cfg(target_os = "linux")]
    let forced = sockopt::set_socket_recv_buffer_size_force(socket, wanted).is_ok()
        && sockopt::set_socket_send_buffer_size_force(socket, wanted).is_ok();
    #[cfg(not(target_os = "linux"))]
    let forced = false;
    if !forced {
        let set = sockopt::set_socket_recv_buffer_size(socket, wanted)
            .and_then(|()| sockopt::set_socket_send_buffer_size(socket, wanted));
        if let Err(error) = set {
            tracing::warn!(%error, "the UDP buffers stay as they are");
        }
    }
    let receive = sockopt::socket_recv_buffer_size(socket).unwrap_or(0);
    let send = sockopt::socket_send_buffer_size(socket).unwrap_or(0);
    if receive.min(send) < wanted {
        tracing::warn!(
            receive,
            send,
            wanted,
            "the kernel caps UDP buffers; raise net.core.rmem_max and net.core.wmem_max for many players"
        );
    }
}

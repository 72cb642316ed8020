//! The network between a player and the server: forwards datagrams until it is cut.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::UdpSocket;
use tokio::task::JoinSet;

/// The largest datagram.
const DATAGRAM: usize = 2048;
/// Players behind one proxy at most.
const FLOWS: usize = 16;

/// A UDP proxy, gone when dropped.
pub struct Proxy {
    /// Where players connect instead.
    pub address: SocketAddr,
    cut: Arc<AtomicBool>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Stands before `server`.
    pub async fn before(server: &str) -> Proxy {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let cut = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        let address = socket.local_addr().unwrap();
        tasks.spawn(forward(socket, server.parse().unwrap(), Arc::clone(&cut)));
        Proxy { address, cut, _tasks: tasks }
    }

    /// From now on nothing passes, either way.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    /// From now on everything passes again.
    pub fn heal(&self) {
        self.cut.store(false, Ordering::Relaxed);
    }
}

/// Each player gets a socket of its own towards the server, and a task that brings the answers back.
async fn forward(socket: Arc<UdpSocket>, server: SocketAddr, cut: Arc<AtomicBool>) {
    let mut flows: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut answers = JoinSet::new();
    let mut buffer = [0; DATAGRAM];
    loop {
        let (length, player) = socket.recv_from(&mut buffer).await.unwrap();
        if cut.load(Ordering::Relaxed) {
            continue;
        }
        if !flows.contains_key(&player) {
            assert!(flows.len() < FLOWS, "too many players for one proxy");
            let up = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
            up.connect(server).await.unwrap();
            answers.spawn(back(Arc::clone(&up), Arc::clone(&socket), player, Arc::clone(&cut)));
            flows.insert(player, up);
        }
        // A full buffer loses packets, as networks do.
        let _ = flows[&player].send(&buffer[..length]).await;
    }
}

async fn back(up: Arc<UdpSocket>, down: Arc<UdpSocket>, player: SocketAddr, cut: Arc<AtomicBool>) {
    let mut buffer = [0; DATAGRAM];
    while let Ok(length) = up.recv(&mut buffer).await {
        if !cut.load(Ordering::Relaxed) {
            let _ = down.send_to(&buffer[..length], player).await;
        }
    }
}

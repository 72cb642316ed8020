//! What outlives the process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quinn::ConnectionError;
use stadion_host::gateway::{GatewayConfig, HostKeys};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::client::{Appetite, Client};
use crate::rig::{PATIENCE, Rig};

fn in_directory(directory: &Path) -> Rig {
    Rig::with(GatewayConfig::new(HostKeys::open(directory).unwrap()))
}

#[tokio::test]
async fn keys_and_certificate_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let before = in_directory(directory.path());
    let (hashes, seed) = (before.gateway.endpoints().certificate_hashes, HostKeys::open(directory.path()).unwrap());
    assert_eq!(hashes.len(), 1);
    drop(before);
    let after = in_directory(directory.path());
    assert_eq!(after.gateway.endpoints().certificate_hashes, hashes);
    assert_eq!(HostKeys::open(directory.path()).unwrap().seed_secret(), seed.seed_secret());
    Client::joined(&after).await.plays(1).await;
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_reads_the_data_directory() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    drop(in_directory(&directory));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let files: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    files.iter().for_each(|file| assert_eq!(mode(file), 0o600, "{}", file.display()));
}

#[tokio::test]
async fn connections_of_the_process_before_are_reset_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let (killed, restarted) = (in_directory(directory.path()), in_directory(directory.path()));
    let road = Road::build(killed.address(), restarted.address()).await;
    let mut client = Client::joined_at(&killed, road.entrance, Appetite::Normal).await;
    client.plays(1).await;
    road.switched.store(true, Ordering::Relaxed);
    client.write(&[0; 64]).await;
    let end = timeout(PATIENCE, client.connection.closed()).await.expect("told, not timed out");
    assert!(matches!(end, ConnectionError::Reset), "{end}");
}

/// Forwards one client's packets to one gateway and, once switched, to another: to the client it is one address whose
/// process was killed and started again.
struct Road {
    entrance: SocketAddr,
    switched: Arc<AtomicBool>,
}

impl Road {
    async fn build(first: SocketAddr, second: SocketAddr) -> Road {
        let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let entrance = near.local_addr().unwrap();
        let switched = Arc::<AtomicBool>::default();
        let switch = Arc::clone(&switched);
        tokio::spawn(async move {
            let (mut client, mut there, mut back) = (None, [0; 2048], [0; 2048]);
            loop {
                let target = if switch.load(Ordering::Relaxed) { second } else { first };
                tokio::select! {
                    Ok((length, from)) = near.recv_from(&mut there) => {
                        client = Some(from);
                        far.send_to(&there[..length], target).await.unwrap();
                    }
                    Ok((length, from)) = far.recv_from(&mut back) => if let Some(client) = client && from == target {
                        near.send_to(&back[..length], client).await.unwrap();
                    }
                }
            }
        });
        Road { entrance, switched }
    }
}

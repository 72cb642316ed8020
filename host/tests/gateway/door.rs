//! Who gets as far as a handshake.

use std::net::UdpSocket;
use std::sync::Arc;

use stadion_host::gateway::{GatewayConfig, HostKeys};
use stadion_protocol::token::JoinClaims;
use stadion_protocol::wire::ALPN;
use stadion_protocol::{CloseCode, Seat};

use crate::client::{Appetite, Client, client_config, close_code, connect, endpoint, join};
use crate::rig::{Rig, claims, token};

fn config() -> GatewayConfig {
    GatewayConfig::new(HostKeys::ephemeral().unwrap())
}

#[tokio::test]
async fn under_load_clients_prove_their_address_and_play() {
    let rig = Rig::with(GatewayConfig { retry_above: 0, ..config() });
    let mut client = Client::joined(&rig).await;
    client.plays(1).await;
    assert_eq!(rig.gateway.counters().retried, 1);
}

/// First packets of connections that go no further, as a flood from spoofed addresses looks.
fn first_packets(rig: &Rig, count: usize) -> Vec<Vec<u8>> {
    let mut endpoint = quinn_proto::Endpoint::new(Arc::default(), None, true, None);
    let config = client_config(rig, ALPN, Appetite::Normal);
    #[allow(clippy::disallowed_methods, reason = "this test drives the other side's packets by hand")]
    let now = std::time::Instant::now();
    let mut packet = || {
        let (_, mut connection) = endpoint.connect(now, config.clone(), rig.address(), "localhost").unwrap();
        let mut bytes = Vec::new();
        let transmit = connection.poll_transmit(now, 1, &mut bytes).unwrap();
        bytes.truncate(transmit.size);
        bytes
    };
    (0..count).map(|_| packet()).collect()
}

#[tokio::test]
async fn a_flood_of_handshakes_meets_its_bounds_and_players_still_join() {
    let rig = Rig::with(GatewayConfig { retry_above: 10, max_handshakes: 50, ..config() });
    let mut player = Client::joined(&rig).await;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for (n, packet) in (1..).zip(first_packets(&rig, 300)) {
        socket.send_to(&packet, rig.address()).unwrap();
        if n % 50 == 0 {
            player.plays(n / 50).await;
        }
    }
    rig.counts("the flood", |counters| counters.retried >= 290).await;
    assert!(rig.gateway.counters().handshakes <= 10, "{:?}", rig.gateway.counters());
    Client::joined(&rig).await.plays(1).await;
    rig.counts("an end of stalled handshakes", |counters| counters.handshakes == 0).await;
    assert_eq!(rig.gateway.counters().failed_handshakes, 10);
    player.plays(7).await;
}

#[tokio::test]
async fn a_full_gateway_refuses_and_has_room_again_when_somebody_leaves() {
    let rig = Rig::with(GatewayConfig { max_connections: 2, ..config() });
    let (first, _second) = (Client::joined(&rig).await, Client::joined(&rig).await);
    let late = endpoint(&rig, ALPN, Appetite::Normal);
    connect(&late, rig.address()).await.unwrap_err();
    assert_eq!(rig.gateway.counters().refused, 1);
    first.connection.close(0u32.into(), b"");
    rig.counts("room", |counters| counters.connections == 1).await;
    Client::joined(&rig).await.plays(1).await;
}

#[tokio::test]
async fn so_many_watch_and_players_join_beside_them() {
    let rig = Rig::with(GatewayConfig { max_spectators: 1, ..config() });
    let watches = || token(&JoinClaims { seat: Seat::SPECTATOR, ..claims() }, "k1", 1);
    let mut first = Client::silent(&rig, Appetite::Normal).await;
    first.say(&join(watches())).await;
    rig.counts("somebody who watches", |counters| counters.spectators == 1).await;
    let mut second = Client::silent(&rig, Appetite::Normal).await;
    second.say(&join(watches())).await;
    assert_eq!(second.closed().await.0, CloseCode::Refused);
    Client::joined(&rig).await.plays(1).await;
    first.connection.close(0u32.into(), b"");
    rig.counts("a place to watch", |counters| counters.spectators == 0).await;
}

#[tokio::test]
async fn another_protocol_is_not_served() {
    let rig = Rig::new();
    let stranger = endpoint(&rig, b"hq-interop", Appetite::Normal);
    assert!(connect(&stranger, rig.address()).await.is_err());
    let mute = endpoint(&rig, b"", Appetite::Normal);
    if let Ok(connection) = connect(&mute, rig.address()).await {
        assert_eq!(close_code(connection.closed().await).0, CloseCode::ProtocolError);
    }
    assert!(rig.matches.heard().is_empty());
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let rig = Rig::new();
    let taken = GatewayConfig { listen: rig.address(), ..config() };
    let matches = std::sync::Arc::clone(&rig.matches) as std::sync::Arc<dyn stadion_host::link::Inbox>;
    let keys = stadion_host::gateway::JoinKeys::new();
    let error = stadion_host::gateway::Gateway::bind(taken, matches, keys).unwrap_err();
    assert!(error.to_string().contains(&rig.address().to_string()), "{error}");
}

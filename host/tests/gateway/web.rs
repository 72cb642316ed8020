//! Players in web pages: what holds for native ones holds for them, over WebTransport and over WebSocket.

use std::time::Duration;

use bytes::Bytes;
use stadion_host::gateway::{GatewayConfig, HostKeys, SocketRefusal};
use stadion_host::link::{FromPlayer, ToPlayer};
use stadion_protocol::wire::{CONNECT_PATH, ClientFrame, Reassembly, ServerDatagram, ServerFrame};
use stadion_protocol::{CloseCode, Incarnation, Tick};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, join};
use crate::page::{Page, Way, ask_session, socket_request};
use crate::rig::{PATIENCE, Rig, good_token};

#[tokio::test]
async fn a_page_joins_and_words_go_both_ways() {
    for way in Way::BOTH {
        let rig = Rig::new();
        let mut page = Page::joined(&rig, way).await;
        for in_seq in 1..=20 {
            page.plays(in_seq).await;
        }
        page.throw(1, b"quick").await;
        assert!(matches!(page.catch().await, ServerDatagram::Unreliable { data, .. } if data == "quick"), "{way:?}");
        page.say(&ClientFrame::Ping { token: 77 }).await;
        assert_eq!(page.hear().await, ServerFrame::Pong { token: 77 });
        page.leaves();
        rig.counts("nobody connected", |counters| counters.accepted == 1 && counters.connections == 0).await;
        rig.matches.hears("the end", |word| matches!(word, FromPlayer::Closed)).await;
    }
}

#[tokio::test]
async fn large_unreliable_messages_arrive_on_every_way() {
    for way in Way::BOTH {
        let rig = Rig::new();
        let mut page = Page::joined(&rig, way).await;
        let conn = rig.matches.hears("hello", |word| matches!(word, FromPlayer::Hello(_))).await;
        let data = Bytes::from((0..8192u32).map(|n| n as u8).collect::<Vec<_>>());
        rig.matches.say(conn, ToPlayer::Unreliable { incarnation: Incarnation(1), tick: Tick(5), data: data.clone() });
        let mut parts = Reassembly::new();
        let whole = loop {
            let ServerDatagram::Unreliable { id, fragment, data } = page.catch().await;
            match fragment {
                None => break data,
                Some(fragment) => match parts.push(id, fragment, data) {
                    Some(whole) => break whole,
                    None => continue,
                },
            }
        };
        assert_eq!(whole, data, "{way:?}");
    }
}

#[tokio::test]
async fn everything_said_before_the_close_arrives_and_then_the_code() {
    for way in Way::BOTH {
        let rig = Rig::new();
        let mut page = Page::joined(&rig, way).await;
        let conn = rig.matches.hears("hello", |word| matches!(word, FromPlayer::Hello(_))).await;
        (0..60).for_each(|n| rig.matches.say_reliably(conn, vec![n; 4096]));
        let (code, reason) = (CloseCode::Finished, "well played".to_owned());
        rig.matches.say(conn, ToPlayer::Ended { code, reason: reason.clone() });
        rig.matches.say(conn, ToPlayer::Close { code, reason: reason.clone() });
        for n in 0..60 {
            let frame = page.hear().await;
            assert!(matches!(&frame, ServerFrame::Message { data, .. } if data[0] == n), "{way:?} {frame:?}");
        }
        assert_eq!(page.hear().await, ServerFrame::Ended { code, reason: reason.clone() });
        assert_eq!(page.closed().await, Some((code, reason)), "{way:?}");
    }
}

#[tokio::test]
async fn a_page_that_never_says_hello_is_cut() {
    let rig = Rig::new();
    let mut slow = Page::silent(&rig, Way::WebSocket).await;
    let mut mute = Page::silent(&rig, Way::WebTransport).await;
    slow.write(&join(good_token()).encode()[..20]).await;
    for page in [&mut slow, &mut mute] {
        assert_eq!(page.closed().await.map(|(code, _)| code), Some(CloseCode::TimedOut));
    }
    assert_eq!(rig.gateway.counters().without_hello, 2);
    // A handshake that stops half-way, before there is any session to be silent on.
    let endpoint = crate::client::endpoint(&rig, b"h3", crate::client::Appetite::Normal);
    let connection = crate::client::connect(&endpoint, rig.address()).await.unwrap();
    tokio::time::timeout(PATIENCE, connection.closed()).await.expect("cut");
    rig.counts("a failed handshake", |counters| counters.failed_handshakes == 1 && counters.handshakes == 0).await;
}

#[tokio::test]
async fn nonsense_is_closed_with_a_code_and_disturbs_nobody() {
    let rig = Rig::new();
    let mut player = Client::joined(&rig).await;
    let mut faults = 0;
    for way in Way::BOTH {
        for bytes in [&[3, 0x7f, 1, 2][..], &[0xff; 64], &[0xff, 0xff, 0x7f]] {
            let mut page = Page::joined(&rig, way).await;
            page.write(bytes).await;
            assert_eq!(page.closed().await.map(|(code, _)| code), Some(CloseCode::ProtocolError), "{way:?} {bytes:?}");
            faults += 1;
        }
    }
    for message in [
        Message::text("{}"),
        Message::binary(Bytes::new()),
        Message::binary(&[0][..]),
        Message::binary(&[2, 1][..]),
        Message::binary(&[1, 0xee][..]),
        Message::binary(vec![0; 17 * 1024]),
        Message::binary(vec![0; 1 << 20]),
    ] {
        let mut page = Page::joined(&rig, Way::WebSocket).await;
        page.send(message).await;
        let closed = page.closed().await;
        // Whoever is cut in the middle of a message may find the connection reset before the code.
        assert!(closed.is_none_or(|(code, _)| code == CloseCode::ProtocolError));
        faults += 1;
    }
    rig.counts("every fault", |counters| counters.protocol_errors == faults).await;
    player.plays(1).await;
}

#[tokio::test]
async fn pings_without_end_are_nonsense_too() {
    let rig = Rig::new();
    let mut page = Page::joined(&rig, Way::WebSocket).await;
    for _ in 0..200 {
        page.send(Message::Ping(Bytes::new())).await;
    }
    rig.counts("the flood's end", |counters| counters.protocol_errors == 1 && counters.connections == 0).await;
}

#[tokio::test]
async fn a_page_that_sends_too_much_is_cut() {
    for way in Way::BOTH {
        let rig = Rig::new();
        let mut page = Page::joined(&rig, way).await;
        for in_seq in 1..=1_000 {
            page.say(&ClientFrame::Input { in_seq, data: "now".into() }).await;
        }
        rig.counts("the cut", |counters| counters.too_fast == 1 && counters.connections == 0).await;
        drop(page);
    }
}

#[tokio::test]
async fn a_page_that_never_reads_is_cut_off_at_a_bound() {
    for way in Way::BOTH {
        let rig = Rig::new();
        let mut player = Client::joined(&rig).await;
        let page = Page::joined(&rig, way).await;
        let conn = rig.matches.heard().last().unwrap().0;
        let mut said = 0;
        while rig.gateway.counters().too_slow == 0 && said < 2048 {
            rig.matches.say_reliably(conn, vec![0; 4096]);
            said += 4;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!((320..1024).contains(&said), "{way:?}: cut off after {said} KiB");
        rig.counts("the cut", |counters| counters.too_slow == 1 && counters.connections == 1).await;
        player.plays(1).await;
        drop(page);
    }
}

#[tokio::test]
async fn states_that_nobody_reads_are_dropped_and_the_newest_wins() {
    let rig = Rig::new();
    let mut page = Page::joined(&rig, Way::WebSocket).await;
    let conn = rig.matches.hears("hello", |word| matches!(word, FromPlayer::Hello(_))).await;
    let last = 2_000_u64;
    for n in 1..=last {
        let data = [&n.to_le_bytes()[..], &[0; 1000]].concat().into();
        rig.matches.say(conn, ToPlayer::Unreliable { incarnation: Incarnation(1), tick: Tick(n), data });
    }
    rig.counts("drops", |counters| counters.dropped_unreliable > 1_000).await;
    let mut seen = Vec::new();
    while seen.last() != Some(&last) {
        let ServerDatagram::Unreliable { id, .. } = page.catch().await;
        seen.push(id.tick.0);
    }
    assert!(seen.is_sorted() && seen.len() < 1_000, "{} of {last} came", seen.len());
    page.plays(1).await;
}

#[tokio::test]
async fn pages_of_foreign_origins_and_other_paths_get_no_connection() {
    let rig = Rig::new();
    for (path, origin, status) in [
        (CONNECT_PATH, "https://evil.example", "403"),
        (CONNECT_PATH, "null", "403"),
        ("/", "https://127.0.0.1", "404"),
    ] {
        let error = ask_session(&rig, path, origin).await.expect_err("refused");
        assert!(
            error.to_string().contains(status) || error.to_string().contains("connect"),
            "{path} {origin}: {error}"
        );
    }
    rig.counts("refusals", |counters| counters.refused_pages == 3 && counters.handshakes == 0).await;
    let sockets = rig.gateway.websockets();
    let refused = sockets.ask(&socket_request("https://evil.example", "stadion.1")).err();
    assert_eq!(refused, Some(SocketRefusal::Origin("https://evil.example".to_owned())));
    let refused = sockets.ask(&socket_request("http://127.0.0.1", "chat")).err();
    assert!(matches!(refused, Some(SocketRefusal::NotAsked(_))), "{refused:?}");
    assert_eq!(rig.gateway.counters().accepted, 0);
}

#[tokio::test]
async fn a_full_gateway_takes_no_more_pages() {
    let config = GatewayConfig::new(HostKeys::ephemeral().unwrap());
    let rig = Rig::with(GatewayConfig { max_connections: 1, ..config });
    let page = Page::joined(&rig, Way::WebSocket).await;
    let ask = || rig.gateway.websockets().ask(&socket_request("http://localhost", "stadion.1"));
    assert_eq!(ask().err(), Some(SocketRefusal::Full));
    page.leaves();
    rig.counts("room", |counters| counters.connections == 0).await;
    assert!(ask().is_ok());
}

#[tokio::test]
async fn a_shutdown_tells_every_page() {
    let rig = Rig::new();
    let mut pages = [Page::joined(&rig, Way::WebTransport).await, Page::joined(&rig, Way::WebSocket).await];
    let stopping = tokio::task::spawn_blocking(move || {
        rig.gateway.shutdown(PATIENCE);
        rig
    });
    for page in &mut pages {
        assert_eq!(page.closed().await.map(|(code, _)| code), Some(CloseCode::ShuttingDown));
    }
    assert!(!stopping.await.unwrap().gateway.is_running());
}

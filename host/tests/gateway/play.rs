//! Players who keep to the rules.

use std::net::UdpSocket;
use std::time::Duration;

use bytes::Bytes;
use stadion_host::link::{Credential as Shown, FromPlayer, ToPlayer};
use stadion_protocol::token::ResumeToken;
use stadion_protocol::wire::{ClientFrame, Credential, Reassembly, ServerDatagram, ServerFrame};
use stadion_protocol::{CloseCode, Incarnation, Seat, Tick};

use crate::client::{Appetite, Client, hello, join};
use crate::rig::{MATCH, PATIENCE, Rig, good_token};

#[tokio::test]
async fn a_player_joins_and_words_go_both_ways() {
    let rig = Rig::new();
    let mut client = Client::joined(&rig).await;
    for in_seq in 1..=20 {
        client.plays(in_seq).await;
    }
    client.throw(1, b"quick");
    assert!(matches!(client.catch().await, ServerDatagram::Unreliable { data, .. } if data == "quick"));
    client.say(&ClientFrame::Ping { token: 77 }).await;
    assert_eq!(client.hear().await, ServerFrame::Pong { token: 77 });
    assert_eq!(rig.gateway.counters().connections, 1);
    assert!(rig.gateway.is_running());
}

#[tokio::test]
async fn the_match_learns_verified_claims_and_what_the_client_shows() {
    let rig = Rig::new();
    let _client = Client::joined(&rig).await;
    let token = ResumeToken { match_id: MATCH, seat: Seat(9), secret: [3; 16] };
    let mut back = Client::silent(&rig, Appetite::Normal).await;
    let shown = hello(Credential::Resume(token));
    back.say(&ClientFrame::Hello(Box::new(stadion_protocol::wire::Hello { last_out_seq: 12, ..shown }))).await;
    assert!(matches!(back.hear().await, ServerFrame::Welcome(_)));
    let heard = rig.matches.heard();
    let admissions: Vec<_> = heard
        .iter()
        .map(|(_, word)| match word {
            FromPlayer::Hello(admission) => admission,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(
        matches!(&admissions[0].credential, Shown::Join { claims, nonce: [5, ..] } if claims.name == "Ada"),
        "{admissions:?}"
    );
    assert_eq!(admissions[1].credential, Shown::Resume(token));
    assert_eq!(admissions[1].last_out_seq, 12);
}

#[tokio::test]
async fn large_unreliable_messages_arrive_in_fragments() {
    let rig = Rig::new();
    let client = Client::joined(&rig).await;
    let conn = rig.matches.hears("hello", |word| matches!(word, FromPlayer::Hello(_))).await;
    let data = Bytes::from((0..8192u32).map(|n| n as u8).collect::<Vec<_>>());
    let word = ToPlayer::Unreliable { incarnation: Incarnation(1), tick: Tick(5), data: data.clone() };
    rig.matches.say(conn, word);
    let mut parts = Reassembly::new();
    let whole = loop {
        let ServerDatagram::Unreliable { id, fragment, data } = client.catch().await;
        if let Some(whole) = parts.push(id, fragment.expect("it fits no datagram"), data) {
            break whole;
        }
    };
    assert_eq!(whole, data);
}

#[tokio::test]
async fn everything_said_before_the_close_arrives() {
    let rig = Rig::new();
    let mut client = Client::joined(&rig).await;
    let conn = rig.matches.hears("hello", |word| matches!(word, FromPlayer::Hello(_))).await;
    (0..60).for_each(|n| rig.matches.say_reliably(conn, vec![n; 4096]));
    let (code, reason) = (CloseCode::Finished, "well played".to_owned());
    rig.matches.say(conn, ToPlayer::Ended { code, reason: reason.clone() });
    rig.matches.say(conn, ToPlayer::Close { code, reason: reason.clone() });
    for n in 0..60 {
        let frame = client.hear().await;
        assert!(matches!(&frame, ServerFrame::Message { data, .. } if data[0] == n), "{frame:?}");
    }
    assert_eq!(client.hear().await, ServerFrame::Ended { code, reason: reason.clone() });
    assert_eq!(client.closed().await, (code, reason));
}

#[tokio::test]
async fn input_that_comes_too_late_does_not_hide_how_the_match_ended() {
    let rig = Rig::new();
    let mut client = Client::joined(&rig).await;
    let conn = rig.matches.hears("hello", |word| matches!(word, FromPlayer::Hello(_))).await;
    rig.matches.is_over();
    client.say(&ClientFrame::Input { in_seq: 1, data: "late".into() }).await;
    rig.matches.say(conn, ToPlayer::Close { code: CloseCode::Finished, reason: String::new() });
    assert_eq!(client.closed().await.0, CloseCode::Finished);
    let mut late = Client::silent(&rig, Appetite::Normal).await;
    late.say(&join(good_token())).await;
    assert_eq!(late.closed().await.0, CloseCode::Expired);
}

#[tokio::test]
async fn a_match_that_takes_no_more_input_ends_the_connection() {
    let rig = Rig::new();
    let mut client = Client::joined(&rig).await;
    rig.matches.is_over();
    client.say(&ClientFrame::Input { in_seq: 1, data: "one too many".into() }).await;
    assert_eq!(client.closed().await.0, CloseCode::TooFast);
    rig.matches.hears("the end", |word| matches!(word, FromPlayer::Closed)).await;
}

#[tokio::test]
async fn the_match_hears_of_the_end_exactly_once() {
    let rig = Rig::new();
    let mut leaving = Client::joined(&rig).await;
    leaving.say(&ClientFrame::Leave).await;
    assert_eq!(leaving.closed().await.0, CloseCode::Left);
    let vanishing = Client::joined(&rig).await;
    vanishing.connection.close(0u32.into(), b"");
    rig.counts("nobody connected", |counters| counters.accepted == 2 && counters.connections == 0).await;
    let ends = rig.matches.heard().iter().filter(|(_, word)| matches!(word, FromPlayer::Closed)).count();
    assert_eq!(ends, 2);
}

#[tokio::test]
async fn a_player_whose_address_changes_plays_on() {
    let rig = Rig::new();
    let mut client = Client::joined(&rig).await;
    client.plays(1).await;
    client.endpoint.rebind(UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
    for in_seq in 2..=20 {
        client.plays(in_seq).await;
    }
    client.throw(1, b"still here");
    assert!(matches!(client.catch().await, ServerDatagram::Unreliable { data, .. } if data == "still here"));
    assert_eq!(rig.gateway.counters().accepted, 1);
}

#[tokio::test]
async fn a_gateway_that_slept_wakes_for_the_next_player() {
    let rig = Rig::new();
    for _ in 0..3 {
        let mut client = Client::joined(&rig).await;
        client.plays(1).await;
        client.connection.close(0u32.into(), b"");
        rig.counts("nobody connected", |counters| counters.connections == 0).await;
        // Past the time in which the connection drains, so that the gateway sleeps.
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    let turns = rig.gateway.counters().turns;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(rig.gateway.counters().turns < turns + 20, "asleep");
}

#[tokio::test]
async fn a_shutdown_delivers_last_words_and_tells_every_player() {
    let rig = Rig::new();
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(Client::joined(&rig).await);
    }
    let conns: Vec<_> = rig.matches.heard().iter().map(|(conn, _)| *conn).collect();
    conns.iter().for_each(|conn| rig.matches.say_reliably(*conn, b"see you".to_vec()));
    let stopping = tokio::task::spawn_blocking(move || {
        rig.gateway.shutdown(PATIENCE);
        rig
    });
    for client in &mut clients {
        assert!(matches!(client.hear().await, ServerFrame::Message { data, .. } if data == "see you"));
        assert_eq!(client.closed().await.0, CloseCode::ShuttingDown);
    }
    let rig = stopping.await.unwrap();
    assert!(!rig.gateway.is_running());
    assert_eq!(rig.gateway.counters().connections, 0);
}

#[tokio::test]
async fn many_players_play_at_once() {
    let rig = Rig::new();
    let mut clients = Vec::new();
    for _ in 0..40 {
        clients.push(Client::joined(&rig).await);
    }
    for in_seq in 1..=10 {
        for client in &mut clients {
            client.plays(in_seq).await;
        }
    }
    assert_eq!(rig.gateway.counters().connections, 40);
}

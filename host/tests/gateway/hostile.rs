//! Clients that break the rules. Beside each, a player who keeps to them notices nothing.

use std::net::UdpSocket;
use std::time::Duration;

use stadion_host::link::FromPlayer;
use stadion_protocol::CloseCode;
use stadion_protocol::token::JoinClaims;
use stadion_protocol::wire::{ClientFrame, Credential, Hello, ServerFrame};

use crate::client::{Appetite, Client, hello, join};
use crate::rig::{NO_MATCH, Rig, claims, good_token, token};

#[tokio::test]
async fn a_client_that_never_says_hello_is_closed() {
    let rig = Rig::new();
    let mut player = Client::joined(&rig).await;
    let silent = Client::silent(&rig, Appetite::Normal).await;
    assert_eq!(silent.closed().await.0, CloseCode::TimedOut);
    assert_eq!(rig.gateway.counters().without_hello, 1);
    player.plays(1).await;
}

#[tokio::test]
async fn a_client_that_says_hello_byte_by_byte_is_closed() {
    let rig = Rig::new();
    let mut slow = Client::silent(&rig, Appetite::Normal).await;
    for byte in &join(good_token()).encode()[..40] {
        slow.write(&[*byte]).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(slow.closed().await.0, CloseCode::TimedOut);
    assert!(rig.matches.heard().is_empty());
}

#[tokio::test]
async fn a_token_that_is_not_in_order_opens_nothing() {
    let rig = Rig::new();
    let old = JoinClaims { exp: claims().exp - 600, ..claims() };
    let foreign = JoinClaims { aud: "stadion/access".to_owned(), ..claims() };
    let elsewhere = JoinClaims { match_id: NO_MATCH, ..claims() };
    let unsigned = {
        let good = good_token();
        let payload = good.split('.').nth(1).unwrap().to_owned();
        // {"alg":"none","kid":"k1"}
        format!("eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.{payload}.")
    };
    let cases = [
        ("expired", token(&old, "k1", 1), CloseCode::Expired),
        ("no such match", token(&elsewhere, "k1", 1), CloseCode::Expired),
        ("foreign audience", token(&foreign, "k1", 1), CloseCode::Refused),
        ("unknown key id", token(&claims(), "k2", 1), CloseCode::Refused),
        ("another's signature", token(&claims(), "k1", 2), CloseCode::Refused),
        ("alg=none", unsigned, CloseCode::Refused),
        ("nonsense", "a.b.c".to_owned(), CloseCode::Refused),
    ];
    for (name, token, code) in cases {
        let mut client = Client::silent(&rig, Appetite::Normal).await;
        client.say(&join(token)).await;
        let (told, reason) = client.closed().await;
        assert_eq!(told, code, "{name}: {reason}");
        assert!(!reason.contains("kid") && !reason.contains("signature"), "{name}: {reason}");
    }
    assert!(rig.matches.heard().is_empty());
}

#[tokio::test]
async fn what_is_not_the_protocol_is_closed_with_a_code_that_says_so() {
    let rig = Rig::new();
    let resume = || Credential::Join { token: good_token(), nonce: [5; 16] };
    let future = ClientFrame::Hello(Box::new(Hello { protocol_version: 999, ..hello(resume()) }));
    let again = [join(good_token()).encode(), join(good_token()).encode()].concat();
    let unknown = [&join(good_token()).encode()[..], &[1, 0x3f]].concat();
    let cases = [
        ("future version", future.encode().to_vec(), CloseCode::OutdatedClient),
        ("no hello first", ClientFrame::Leave.encode().to_vec(), CloseCode::ProtocolError),
        ("two hellos", again, CloseCode::ProtocolError),
        ("unknown kind", unknown, CloseCode::ProtocolError),
        ("huge frame", vec![0xff, 0xff, 0x7f], CloseCode::ProtocolError),
    ];
    for (name, bytes, code) in cases {
        let mut client = Client::silent(&rig, Appetite::Normal).await;
        client.write(&bytes).await;
        assert_eq!(client.closed().await.0, code, "{name}");
    }
}

#[tokio::test]
async fn a_flood_closes_its_sender_alone() {
    let rig = Rig::new();
    let mut player = Client::joined(&rig).await;
    let mut flooding = Client::joined(&rig).await;
    for in_seq in 1..=5_000 {
        flooding.say(&ClientFrame::Input { in_seq, data: "now".into() }).await;
        if flooding.connection.close_reason().is_some() {
            break;
        }
    }
    assert_eq!(flooding.closed().await.0, CloseCode::TooFast);
    let throwing = Client::joined(&rig).await;
    for number in 1..=50_000 {
        throwing.throw(number, b"now");
        if throwing.connection.close_reason().is_some() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(throwing.closed().await.0, CloseCode::TooFast);
    assert_eq!(rig.gateway.counters().too_fast, 2);
    player.plays(1).await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut_off_at_a_bound() {
    let rig = Rig::new();
    let mut player = Client::joined(&rig).await;
    let deaf = Client::joined_at(&rig, rig.address(), Appetite::Small).await;
    let conn = rig.matches.heard().last().unwrap().0;
    let mut said = 0;
    while deaf.connection.close_reason().is_none() && said < 1024 {
        rig.matches.say_reliably(conn, vec![0; 4096]);
        said += 4;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(deaf.closed().await.0, CloseCode::TimedOut);
    assert!((320..1024).contains(&said), "cut off after {said} KiB");
    assert_eq!(rig.gateway.counters().too_slow, 1);
    player.plays(1).await;
}

#[tokio::test]
async fn garbage_on_the_port_disturbs_nobody() {
    let rig = Rig::new();
    let mut player = Client::joined(&rig).await;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..2_000_u64 {
        let garbage: Vec<u8> = (0..(round * 7) % 1400)
            .map(|_| {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                noise as u8
            })
            .collect();
        // A full buffer of the sender is as good as a lost packet.
        let _ = socket.send_to(&garbage, rig.address());
        if round % 200 == 0 {
            player.plays(1 + round / 200).await;
        }
    }
    player.plays(11).await;
    let mut newcomer = Client::joined(&rig).await;
    newcomer.plays(1).await;
    assert_eq!(rig.gateway.counters().accepted, 2);
}

#[tokio::test]
async fn input_before_a_fault_still_counts() {
    let rig = Rig::new();
    let mut client = Client::silent(&rig, Appetite::Normal).await;
    let input = ClientFrame::Input { in_seq: 1, data: "last".into() };
    client.write(&[&join(good_token()).encode()[..], &input.encode(), &[1, 0x3f]].concat()).await;
    assert_eq!(client.closed().await.0, CloseCode::ProtocolError);
    rig.matches.hears("the input", |word| matches!(word, FromPlayer::Input { in_seq: 1, .. })).await;
    rig.matches.hears("the end", |word| matches!(word, FromPlayer::Closed)).await;
}

#[tokio::test]
async fn a_client_that_ends_its_stream_is_gone() {
    let rig = Rig::new();
    let mut client = Client::joined(&rig).await;
    client.ends_stream();
    assert_eq!(client.closed().await.0, CloseCode::Left);
    assert!(!matches!(client.hear_or_close().await, Some(ServerFrame::Message { .. })));
    rig.matches.hears("the end", |word| matches!(word, FromPlayer::Closed)).await;
}

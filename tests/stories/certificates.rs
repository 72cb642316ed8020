//! The certificate of a running server changes under its players.

use std::time::Duration;

use serde_json::{Value, json};
use stadion_client::{Play, RawEvent, RawMatch, Stadion};
use stadion_tests::{Server, programs};

const DAY_S: u64 = 24 * 3600;
/// Between the restart with an older certificate and the day on which it is replaced.
const SOON_S: u64 = 12;
/// Its replacement is looked for every few seconds; a busy machine is slow.
const ROTATED_WITHIN: Duration = Duration::from_secs(60);
const HEARD_WITHIN: Duration = Duration::from_secs(30);

fn unix_s() -> u64 {
    stadion_host::clock::unix_ns() / 1_000_000_000
}

/// Makes the certificate that the server left behind older, so that it has a day left and a few seconds: with less than a day
/// the next one serves.
fn age(server: &Server) {
    let path = server.folder().join("data/host/development-certificates.json");
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    kept["current"]["not_after"] = (unix_s() + DAY_S + SOON_S).into();
    std::fs::write(&path, kept.to_string()).unwrap();
}

/// Takes a seat in a match of its own: the hashes that the join token came with.
async fn told(server: &Server) -> Vec<String> {
    let eve = server.api().guest("eve").await;
    let (status, joined) = eve.api.play("relay-arena", &json!({"create": "private"})).await;
    assert!(status.is_success(), "{joined}");
    joined["certificate_hashes"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().to_owned()).collect()
}

/// Hears views of its match: two of them, so that one is of now. A connection that is lost is a failure.
async fn plays(seat: &mut RawMatch) {
    let hearing = async {
        let mut views = 0;
        while views < 2 {
            match seat.next().await {
                RawEvent::View(_) => views += 1,
                RawEvent::End(end) => panic!("it ended: {end:?}"),
                RawEvent::Stalled => panic!("a player had to reconnect"),
                _ => {}
            }
        }
    };
    tokio::time::timeout(HEARD_WITHIN, hearing).await.expect("views come");
}

#[tokio::test]
async fn a_certificate_is_rotated_under_players_and_its_hash_travels_with_join_tokens() {
    let mut server = Server::durable(&[]);
    server.api().publish("relay-arena", programs::game("relay-arena")).await;
    server.kill();
    age(&server);
    server.restart();
    let (ada, bob) =
        (Stadion::guest(&server.http, "ada").await.unwrap(), Stadion::guest(&server.http, "bob").await.unwrap());
    let mut first = ada.play_raw("relay-arena", Play::Create).await.unwrap();
    let code = first.info().unwrap().code.clone().unwrap();
    plays(&mut first).await;
    let before = told(&server).await;
    let [serves, next] = &before[..] else { panic!("the next one is told beforehand: {before:?}") };
    let rotated = async {
        while told(&server).await.contains(serves) {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    tokio::time::timeout(ROTATED_WITHIN, rotated).await.expect("another certificate serves");
    assert_eq!(&told(&server).await[0], next, "the one that was told");
    let mut second = bob.play_raw("relay-arena", Play::Code(code)).await.unwrap();
    plays(&mut second).await;
    plays(&mut first).await;
    assert!(server.log().contains("new connections get a new certificate"), "{}", server.log());
}

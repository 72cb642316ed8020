//! What one match writes the next one reads, over a server that is killed in between.

use std::time::Duration;

use serde_json::json;
use stadion_api::Shelf;
use stadion_client::{RawEvent, RawMatch};
use stadion_sdk::message;
use stadion_sdk::storage::Document;
use stadion_tests::api::{Player, text};
use stadion_tests::{Api, Server, chaos, players, programs};

/// No match here takes longer.
const LONGEST: Duration = Duration::from_secs(120);
/// How long a program waits before it tries an input again that may have come too early.
const AGAIN: Duration = Duration::from_millis(250);
/// One round ends the match: `points=1`.
const SHORT: &str = "cG9pbnRzPTE=";

/// Plays a seat to the end of its match.
async fn play(mut seat: RawMatch) {
    let mut view = None;
    loop {
        match tokio::time::timeout(AGAIN, seat.next()).await {
            Ok(RawEvent::View(data)) => view = Some(message::decode(&data).unwrap()),
            Ok(RawEvent::End(_)) => return,
            Ok(_) => continue,
            Err(_) => {}
        }
        if let Some(input) = view.as_ref().and_then(players::hearts) {
            seat.send(&message::encode(&input)).unwrap();
        }
    }
}

/// A match of these players: its id, and their seats.
async fn a_match(people: &[Player]) -> (String, Vec<RawMatch>) {
    let create = json!({"create": {"visibility": "private", "parameters": SHORT}});
    let (status, first) = people[0].api.play("hearts", &create).await;
    assert!(status.is_success(), "{first}");
    let mut seats = vec![chaos::enter(&first).await];
    for one in &people[1..] {
        let (status, joined) = one.api.play("hearts", &json!({"code": text(&first["match"], "code")})).await;
        assert!(status.is_success(), "{joined}");
        seats.push(chaos::enter(&joined).await);
    }
    (text(&first["match"], "id").to_owned(), seats)
}

async fn to_the_end(server: &Server, id: &str, seats: Vec<RawMatch>) {
    let all = futures_util::future::join_all(seats.into_iter().map(play));
    tokio::time::timeout(LONGEST, all).await.expect("the match ends");
    assert_eq!(server.api().ended(id).await["end"]["kind"], "finished");
}

/// What is kept of a player, as somebody reads it.
async fn record_of(api: &Api, player: &Player) -> Result<Vec<u8>, stadion_api::Error> {
    let shelf = Shelf { game: "hearts", player: Some(&player.id) };
    Ok(api.typed().document(shelf, "record").await?.to_vec())
}

/// Matches that each player has played, and how many of them all have won, as the owner reads it.
async fn records(server: &Server, people: &[Player]) -> (Vec<u32>, u32) {
    let (mut played, mut won) = (Vec::new(), 0);
    for one in people {
        let data = record_of(&server.api(), one).await.unwrap();
        let record: hearts::record::Record = Document { version: 0, data }.value().unwrap();
        played.push(record.played);
        won += record.won;
    }
    (played, won)
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_hearts_outlive_matches_and_the_servers_process() {
    let mut server = Server::durable(&[]);
    server.api().publish("hearts", programs::game("hearts")).await;
    let mut people = Vec::new();
    for name in ["ada", "bob", "cid", "dan"] {
        people.push(server.api().guest(name).await);
    }
    let (id, seats) = a_match(&people).await;
    to_the_end(&server, &id, seats).await;
    let (played, won) = records(&server, &people).await;
    assert!(played == [1; 4] && won >= 1, "{played:?} {won}");

    let (id, seats) = a_match(&people).await;
    server.kill();
    server.restart();
    to_the_end(&server, &id, seats).await;
    let (played, won_then) = records(&server, &people).await;
    assert!(played == [2; 4] && won_then > won, "read, neither lost nor counted twice: {played:?} {won_then}");

    players_see_their_own_when_the_game_lets_them(&server, &people[0]).await;
}

async fn players_see_their_own_when_the_game_lets_them(server: &Server, ada: &Player) {
    let refused = record_of(&ada.api, ada).await.unwrap_err();
    assert_eq!(refused.status().unwrap(), 403, "{refused}");
    let open = server.stadion().args(["storage", "access", "hearts", "read"]).output().unwrap();
    assert!(open.status.success(), "{open:?}");
    let record = record_of(&ada.api, ada).await.unwrap();
    assert!(!record.is_empty());
    let list = server.stadion().args(["storage", "ls", "hearts", "--player", &ada.id, "--json"]).output().unwrap();
    assert!(String::from_utf8_lossy(&list.stdout).contains(r#""key":"record""#), "{list:?}");
    let get = server.stadion().args(["storage", "get", "hearts", "record", "--player", &ada.id]).output().unwrap();
    assert!(get.status.success(), "{get:?}");
    assert_eq!(get.stdout, record_of(&ada.api, ada).await.unwrap());
}

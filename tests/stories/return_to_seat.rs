//! A player whose network is gone for a while is back in the same seat, and nothing reliable is lost.

use std::time::Duration;

use serde_json::{Value, json};
use stadion_client::{Entry, RawEvent, RawMatch};
use stadion_protocol::client::Endpoint;
use stadion_sdk::message;
use stadion_tests::api::text;
use stadion_tests::raw_player::text_at;
use stadion_tests::{Proxy, Server, players, programs};
use tictactoe::View;

/// Nothing that is waited for takes longer.
const WAIT: Duration = Duration::from_secs(20);

/// Takes a seat behind a proxy.
async fn enter(joined: &Value, proxy: &Proxy) -> RawMatch {
    let hash = hex(text_at(&joined["certificate_hashes"], 0));
    let endpoint = Endpoint { address: proxy.address, certificate_hashes: vec![hash] };
    let schema = text(joined, "schema_hash").parse().unwrap();
    let entry = Entry::join(vec![endpoint], text(joined, "join_token").to_owned(), schema).unwrap();
    RawMatch::enter(entry).await.unwrap()
}

fn hex(text: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

/// Waits for an event of a seat.
async fn until(seat: &mut RawMatch, what: &str, mut wanted: impl FnMut(&RawEvent) -> bool) {
    let waiting = async {
        loop {
            let event = seat.next().await;
            assert!(!matches!(event, RawEvent::End(_)) || wanted(&event), "it ended before {what}: {event:?}");
            if wanted(&event) {
                return;
            }
        }
    };
    tokio::time::timeout(WAIT, waiting).await.unwrap_or_else(|_| panic!("{what} never came"));
}

fn view(event: &RawEvent) -> Option<View> {
    if let RawEvent::View(data) = event { Some(message::decode(data).unwrap()) } else { None }
}

fn marks(view: &View) -> usize {
    view.cells.iter().flatten().count()
}

#[tokio::test]
async fn a_player_whose_network_is_gone_returns_to_the_seat() {
    let server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let (ada, bob) = (server.api().guest("ada").await, server.api().guest("bob").await);
    let (_, first) = ada.api.play("tictactoe", &json!({"create": "private"})).await;
    let (_, second) = bob.api.play("tictactoe", &json!({"code": text(&first["match"], "code")})).await;
    let (proxy, direct) = (Proxy::before(&server.quic).await, Proxy::before(&server.quic).await);
    let mut lost = enter(&first, &proxy).await;
    let mut other = enter(&second, &direct).await;
    let seat = lost.seat();

    // In the middle of the game: one mark is on the board.
    let id = text(&first["match"], "id");
    server.api().match_when(id, |it| it["seats"].as_array().is_some_and(|seats| seats.len() == 2)).await;
    place_one(&mut lost, &mut other).await;

    proxy.cut();
    until(&mut lost, "the silence", |event| *event == RawEvent::Stalled).await;
    proxy.heal();
    until(&mut lost, "the return", |event| matches!(event, RawEvent::Live { .. })).await;
    assert_eq!(lost.seat(), seat);
    assert_eq!(server.api().match_now(id).await["state"], "running");

    finish(lost, other).await;
    assert_eq!(server.api().ended(id).await["end"]["kind"], "finished");
}

/// Plays until both see one mark.
async fn place_one(first: &mut RawMatch, second: &mut RawMatch) {
    for seat in [&mut *first, &mut *second] {
        until(seat, "a board", |event| view(event).is_some()).await;
    }
    // Whoever has the turn places; the other's attempt is refused.
    for seat in [&*first, &*second] {
        seat.send(&message::encode(&tictactoe::In::Place(0))).unwrap();
    }
    for seat in [first, second] {
        until(seat, "a mark", |event| view(event).is_some_and(|view| marks(&view) == 1)).await;
    }
}

/// Both play on to the end; a move that the silence delayed comes once, not twice.
async fn finish(mut first: RawMatch, mut second: RawMatch) {
    let play = async |seat: &mut RawMatch| {
        let mut newest: Option<View> = None;
        loop {
            match tokio::time::timeout(Duration::from_millis(250), seat.next()).await {
                Ok(RawEvent::End(_)) => return,
                Ok(event) => newest = view(&event).or(newest),
                Err(_) => {}
            }
            if let Some(input) = newest.as_ref().and_then(players::tictactoe) {
                seat.send(&message::encode(&input)).unwrap();
            }
        }
    };
    // Without a view since the mark, the first input is anybody's: the cells are tried in order.
    for seat in [&first, &second] {
        seat.send(&message::encode(&tictactoe::In::Place(1))).unwrap();
    }
    let both = async { tokio::join!(play(&mut first), play(&mut second)) };
    tokio::time::timeout(WAIT, both).await.expect("the match ends");
}

//! A guest of plain std Rust with WASI around it: what it finds is the same in every replay, and where it waits it ends.
//! That it finds nothing is checked line by line in the host's own tests.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stadion_protocol::CloseCode;
use stadion_tests::api::text;
use stadion_tests::probe;
use stadion_tests::raw_player::RawPlayer;

use crate::Arena;

/// A match of the probe with an order, and its player.
async fn probing(arena: &Arena, order: &str) -> (String, RawPlayer) {
    let how = json!({"create": {"visibility": "private", "parameters": STANDARD.encode(order)}});
    let joined = arena.seat("ada", &how).await;
    (text(&joined["match"], "id").to_owned(), RawPlayer::join(&joined).await)
}

#[tokio::test]
async fn a_guest_that_looks_around_finds_the_same_in_every_replay() {
    let Some(wasm) = probe::wasm() else { return };
    let mut arena = Arena::open().await;
    arena.api.publish("hostile", wasm).await;
    let (id, mut player) = probing(&arena, "").await;
    arena.api.match_when(&id, |it| it["tick"].as_u64() > Some(20)).await;
    let (status, answer) = arena.api.call(reqwest::Method::DELETE, &format!("/v1/matches/{id}"), &Value::Null).await;
    assert!(status.is_success(), "{status} {answer}");
    assert_eq!(player.closed().await, CloseCode::Expired);
    assert_eq!(arena.api.ended(&id).await["end"]["kind"], "closed");
    // Real clocks and real randomness would differ: between the match and a replay, and between two replays.
    arena.assert_replays(&id).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    arena.assert_replays(&id).await;
    arena.assert_unharmed().await;
}

#[tokio::test]
async fn a_guest_that_sleeps_leaves_or_panics_is_ended() {
    let Some(wasm) = probe::wasm() else { return };
    let mut arena = Arena::open().await;
    arena.api.publish("hostile", wasm).await;
    for order in ["sleep", "exit", "panic"] {
        let (id, mut player) = probing(&arena, order).await;
        assert_eq!(player.closed().await, CloseCode::GameFailed, "{order}");
        let ended = arena.api.ended(&id).await;
        assert_eq!(ended["end"]["kind"], "trapped", "{order}: {ended}");
        arena.assert_replays(&id).await;
    }
    arena.assert_unharmed().await;
}

//! A guest of plain std Rust with WASI around it: it finds no secret, the same in every replay, and where it waits it ends.

use std::collections::BTreeMap;

use serde_json::json;
use stadion_protocol::CloseCode;
use stadion_protocol::wire::ServerFrame;
use stadion_tests::api::text;
use stadion_tests::probe::{self, LOOK, READ, SLEEP, SPIN};
use stadion_tests::raw_player::RawPlayer;

use crate::Arena;

#[tokio::test]
async fn a_guest_that_looks_around_finds_nothing_and_finds_it_again_in_every_replay() {
    let mut arena = Arena::open().await;
    arena.api.publish("hostile", probe::wasm()).await;
    let joined = arena.seat("ada", &json!({"create": "private"})).await;
    let mut player = RawPlayer::join(&joined).await;
    player.input(&LOOK).await;
    let found = findings(&mut player).await;
    for (name, expected) in [
        ("clocks-stand", "true"),
        ("environment", "0"),
        ("arguments", "0"),
        ("folder", "false"),
        ("file", "false"),
        ("write", "false"),
        ("connect", "false"),
        ("listen", "false"),
        ("datagram", "false"),
        ("resolve", "false"),
    ] {
        assert_eq!(found[name], expected, "{name} of {found:?}");
    }
    let id = text(&joined["match"], "id");
    arena.api.call(reqwest::Method::DELETE, &format!("/v1/matches/{id}"), &json!(null)).await;
    arena.api.ended(id).await;
    arena.assert_replays(id).await;
    arena.assert_replays(id).await;
    arena.assert_unharmed().await;
}

#[tokio::test]
async fn a_guest_that_waits_is_ended() {
    let mut arena = Arena::open().await;
    arena.api.publish("hostile", probe::wasm()).await;
    for (what, message, kinds) in
        [("sleeps", SLEEP, &["trapped"][..]), ("waits for time to pass", SPIN, &["over-budget"])]
    {
        let joined = arena.seat("ada", &json!({"create": "private"})).await;
        let mut player = RawPlayer::join(&joined).await;
        player.input(&message).await;
        assert_eq!(player.closed().await, CloseCode::GameFailed, "{what}");
        let id = text(&joined["match"], "id");
        let ended = arena.api.ended(id).await;
        assert!(kinds.contains(&text(&ended["end"], "kind")), "{what}: {ended}");
        arena.assert_replays(id).await;
    }
    arena.assert_unharmed().await;
}

#[tokio::test]
async fn a_guest_that_reads_its_input_does_not_wait() {
    let mut arena = Arena::open().await;
    arena.api.publish("hostile", probe::wasm()).await;
    let joined = arena.seat("ada", &json!({"create": "private"})).await;
    let mut player = RawPlayer::join(&joined).await;
    player.input(&READ).await;
    // Either there is nothing to read, or asking for it is a trap: both are at once.
    match message(&mut player).await {
        Ok(text) => assert!(text.starts_with("read Ok(0)") || text.starts_with("read Err"), "{text}"),
        Err(code) => assert_eq!(code, CloseCode::GameFailed),
    }
    arena.assert_unharmed().await;
}

/// What the probe tells, by name.
async fn findings(player: &mut RawPlayer) -> BTreeMap<String, String> {
    let told = message(player).await.unwrap();
    told.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The text of the probe's next message: past the envelope's byte and the length of the text.
async fn message(player: &mut RawPlayer) -> Result<String, CloseCode> {
    loop {
        if let ServerFrame::Message { data, .. } = player.frame().await?
            && data[0] == 0
        {
            let body = data.iter().skip(1).skip_while(|byte| **byte >= 0x80).skip(1).copied().collect();
            return Ok(String::from_utf8(body).unwrap());
        }
    }
}

//! Rows 17, 18 and 20: guests in plain std Rust, with WASI around them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stadion_tests::raw_player::RawPlayer;

use super::floods::lines;
use super::stage::{connect, match_id};
use super::{Ended, Stage};

/// The game that looks around, and the one that is as nasty as its parameters say.
const PROBE: &str = "wasi-probe";
const NASTY: &str = "nasty";
/// What a guest finds when it looks for what a sandbox must not give.
const FOUND: [&str; 10] = [
    "environment 0",
    "arguments 0",
    "hash states 2",
    "input Some(0) \"\"",
    "root false",
    "file false",
    "tcp false",
    "udp false",
    "name false",
    "thread false",
];
/// What differs from machine to machine if anything does.
const PROBES_OF_DETERMINISM: [&str; 4] = ["floats", "simd", "hashes", "clocks"];
/// Ticks after which a guest has shown what it does.
const TICKS: u64 = 5;

/// A match of the probe that does what it is told and ends; none where its target is not installed.
pub(super) async fn ordered(stage: &mut Stage, order: &str, kind: &str) -> Option<Ended> {
    let game = stage.publish_as(PROBE, stage.probe.clone()?).await;
    let joined = stage.play_with(&game, &STANDARD.encode(order)).await;
    let mut player = connect(&joined).await;
    let code = player.closed().await;
    Some(stage.ended(&joined, code, kind).await)
}

/// Wherever a guest would wait, it ends; reading what is not there gives the end of it.
pub(super) async fn blocks(stage: &mut Stage) -> Vec<Ended> {
    let mut ends = Vec::new();
    for order in ["sleep", "exit", "panic"] {
        ends.extend(ordered(stage, order, "trapped").await);
    }
    ends
}

pub(super) async fn secrets(stage: &mut Stage) -> Vec<Ended> {
    let Some(wasm) = stage.probe.clone() else { return Vec::new() };
    let game = stage.publish_as(PROBE, wasm).await;
    let (ended, said) = runs(stage, &game, "").await;
    for found in FOUND {
        assert!(said.iter().any(|line| line == found), "{found}: {said:#?}");
    }
    vec![ended]
}

/// The journal has a hash of every tick's outputs: a replay in another process, while others play here, must find the same.
pub(super) async fn determinism(stage: &mut Stage) -> Vec<Ended> {
    let Some(wasm) = stage.nasty.clone() else { return Vec::new() };
    let game = stage.publish_as(NASTY, wasm).await;
    let mut ends = Vec::new();
    for module in PROBES_OF_DETERMINISM {
        let (ended, _) = runs(stage, &game, module).await;
        let id = ended.id.as_ref().unwrap();
        stage.replays(id).await.unwrap_or_else(|fault| panic!("{module}: {fault}"));
        ends.push(ended);
    }
    ends
}

/// Lets a match play for some ticks; how it ended, and what it said.
async fn runs(stage: &mut Stage, game: &str, parameters: &str) -> (Ended, Vec<String>) {
    let joined = stage.play_with(game, &STANDARD.encode(parameters)).await;
    let mut player = RawPlayer::join(&joined).await;
    let id = match_id(&joined);
    stage.api.match_when(&id, |it| it["tick"].as_u64() > Some(TICKS)).await;
    let said = lines(stage, &id).await;
    (stage.close(&joined, &mut player).await, said)
}

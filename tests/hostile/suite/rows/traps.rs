//! Rows 7 and 9: guests that trap.

use serde_json::json;
use stadion_api::operations as ops;
use stadion_protocol::CloseCode;
use stadion_tests::raw_player::RawPlayer;

use super::programs::{
    DEEP_RECURSION, DEEP_RECURSION_INTO_HOST, LOAD_ENDLESS, LOAD_REFUSES, SAVE_ENDLESS, SAVE_OUT_OF_RANGE, TRAP_LOAD,
    TRAP_ON_JOIN, TRAP_ON_LEAVE, TRAP_ON_MESSAGE, TRAP_SAVE, TRAP_START, TRAP_STEP,
};
use super::stage::match_id;
use super::starts::fails;
use super::{Ended, Program, Stage};

/// Makes another version of a program.
const ANOTHER: &str = "(global $another i32 (i32.const 1))";

pub(super) async fn recursion(stage: &mut Stage) -> Vec<Ended> {
    vec![stage.ends(&DEEP_RECURSION, "trapped").await, stage.ends(&DEEP_RECURSION_INTO_HOST, "trapped").await]
}

pub(super) async fn everywhere(stage: &mut Stage) -> Vec<Ended> {
    vec![
        fails(stage, &TRAP_START).await,
        stage.ends(&TRAP_STEP, "trapped").await,
        stage.ends(&TRAP_ON_JOIN, "trapped").await,
        on_message(stage).await,
        on_leave(stage).await,
        carried(stage, &TRAP_SAVE, "saving").await,
        carried(stage, &SAVE_ENDLESS, "saving").await,
        carried(stage, &SAVE_OUT_OF_RANGE, "saving").await,
        carried(stage, &TRAP_LOAD, "loading").await,
        carried(stage, &LOAD_ENDLESS, "loading").await,
        carried(stage, &LOAD_REFUSES, "loading").await,
    ]
}

async fn on_message(stage: &mut Stage) -> Ended {
    let game = stage.publish(&TRAP_ON_MESSAGE).await;
    let joined = stage.play(&game).await;
    let mut player = RawPlayer::join(&joined).await;
    player.input(b"go").await;
    let code = player.closed().await;
    stage.ended(&joined, code, "trapped").await
}

async fn on_leave(stage: &mut Stage) -> Ended {
    let game = stage.publish(&TRAP_ON_LEAVE).await;
    let joined = stage.play(&game).await;
    let second = stage.follow(&game, &joined).await;
    let (mut leaver, mut witness) = (RawPlayer::join(&joined).await, RawPlayer::join(&second).await);
    leaver.leave().await;
    assert_eq!(leaver.closed().await, CloseCode::Left);
    let code = witness.closed().await;
    stage.ended(&joined, code, "trapped").await
}

/// A match is to be carried to another version, and the game traps on the way: it stays where it is, in the session that it
/// has, for `save` was called in a copy.
pub(super) async fn carried(stage: &mut Stage, program: &Program, word: &str) -> Ended {
    // The one that was published last is the one that is played.
    stage.publish_version(program.name, program.wasm()).await;
    let joined = stage.play(program.name).await;
    let mut player = RawPlayer::join(&joined).await;
    let id = match_id(&joined);
    let next = stage.publish_version(program.name, program.wasm_with(ANOTHER)).await;
    let order = json!({"version": next["version"], "how": "carry"});
    let (status, problem) = stage.api.call(ops::UPGRADE_MATCH, &[&id], &order).await;
    let said = problem.to_string();
    assert!(status.is_client_error() && said.contains(word), "{}: {status} {problem}", program.name);
    let tick = stage.api.match_now(&id).await["tick"].as_u64();
    stage.api.match_when(&id, |it| it["tick"].as_u64() > tick).await;
    stage.close(&joined, &mut player).await
}

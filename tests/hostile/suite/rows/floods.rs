//! Rows 10 and 11: guests that say too much.

use serde_json::Value;
use stadion_api::operations as ops;
use stadion_tests::raw_player::RawPlayer;

use super::memory::plays_on;
use super::programs::{
    FLOODS_LOG, FLOODS_SENDS, LOGS_BROKEN_UTF8, LOGS_CONTROLS, PANICS_WITH_A_MEGABYTE, SENDS_100_MB, SENDS_TO_NOBODY,
};
use super::stage::match_id;
use super::{Ended, Program, Stage};

/// The longest line of a log, bytes.
const LINE_BYTES: usize = 1024;
/// The most that is told of a match whose game has a megabyte to say.
const TOLD_BYTES: usize = 16 << 10;
/// Ticks that are enough to see the limits of a tick and of a second.
const TICKS: u64 = 15;

pub(super) async fn logs(stage: &mut Stage) -> Vec<Ended> {
    let panicked = stage.ends(&PANICS_WITH_A_MEGABYTE, "trapped").await;
    let id = panicked.id.clone().unwrap();
    assert!(stage.api.match_now(&id).await.to_string().len() < TOLD_BYTES);
    assert!(lines(stage, &id).await.iter().all(|line| line.len() <= LINE_BYTES));

    let (flood, said) = says(stage, &FLOODS_LOG).await;
    let dropped = said.iter().filter(|line| line.contains("dropped")).count();
    assert!(dropped > 0 && said.len() < 1_000, "{dropped} times of {} lines", said.len());

    let (controls, said) = says(stage, &LOGS_CONTROLS).await;
    let acts = |c: char| c.is_control() || c == '\u{202e}';
    assert!(said.iter().any(|line| line.contains("red")), "{said:?}");
    assert!(!said.iter().any(|line| line.contains(acts)), "{said:?}");
    // What is no text is no argument of a host function either.
    vec![panicked, flood, controls, stage.ends(&LOGS_BROKEN_UTF8, "trapped").await]
}

pub(super) async fn sends(stage: &mut Stage) -> Vec<Ended> {
    vec![
        stage.ends(&FLOODS_SENDS, "over-quota").await,
        stage.ends(&SENDS_100_MB, "trapped").await,
        plays_on(stage, &SENDS_TO_NOBODY, 2).await,
    ]
}

/// Lets a match play for some ticks; how it ended, and what it said.
async fn says(stage: &mut Stage, program: &Program) -> (Ended, Vec<String>) {
    let game = stage.publish(program).await;
    let joined = stage.play(&game).await;
    let mut player = RawPlayer::join(&joined).await;
    let id = match_id(&joined);
    stage.api.match_when(&id, |it| it["tick"].as_u64() > Some(TICKS)).await;
    let said = lines(stage, &id).await;
    (stage.close(&joined, &mut player).await, said)
}

/// A match's log, as its developer reads it.
pub(super) async fn lines(stage: &Stage, id: &str) -> Vec<String> {
    let log = stage.api.get(ops::GET_LOG, &[id]).await;
    let text = |line: &Value| line["text"].as_str().unwrap().to_owned();
    log["lines"].as_array().unwrap().iter().map(text).collect()
}

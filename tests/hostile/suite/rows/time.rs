//! Rows 1, 3, 4, 8 and 23: guests that take the CPU.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use stadion_api::operations as ops;
use stadion_protocol::CloseCode;
use stadion_tests::raw_player::RawPlayer;

use super::programs::{BULK_COPY, BULK_MEMORY, ENDLESS_ON_LEAVE, ENDLESS_STEP, JUST_UNDER_BUDGET};
use super::stage::{connect, match_id};
use super::{Ended, Program, Stage};

/// CPU time of one step of the guests here.
const BUDGET_US: u64 = 20_000;
/// What a step may take over it when one instruction holds the thread.
const OVER_US: u64 = 40_000;
/// The part of its budget that row 4 aims at: what the machine does to it now and then must fit in the rest.
const AIM: f64 = 0.75;
/// How long a guess at the rounds that fit is tried, and how long the right number goes on.
const TRY_FOR: Duration = Duration::from_millis(600);
const GO_ON_FOR: Duration = Duration::from_secs(15);
/// Guesses until the number is right: each corrects the one before, by so much at most.
const GUESSES: usize = 5;
const MOST_FACTOR: f64 = 20.0;
/// Matches that are tried.
const ATTEMPTS: u32 = 4;
/// Players who come and go when a match is dropped.
const STORM: usize = 3;

pub(super) async fn endless_step(stage: &mut Stage) -> Vec<Ended> {
    let ended = stage.ends(&ENDLESS_STEP, "over-budget").await;
    let used = usage(stage, &ended).await;
    let cpu = used["cpu_us"].as_u64().unwrap();
    assert!((BUDGET_US..BUDGET_US + OVER_US).contains(&cpu), "it is cut at its budget: {used}");
    vec![ended]
}

/// The leave completes although the game never returns from it; whoever stays is told.
pub(super) async fn endless_leave(stage: &mut Stage) -> Vec<Ended> {
    let game = stage.publish(&ENDLESS_ON_LEAVE).await;
    let joined = stage.play(&game).await;
    let second = stage.follow(&game, &joined).await;
    let (mut leaver, mut witness) = (RawPlayer::join(&joined).await, RawPlayer::join(&second).await);
    leaver.leave().await;
    assert_eq!(leaver.closed().await, CloseCode::Left);
    let code = witness.closed().await;
    vec![stage.ended(&joined, code, "over-budget").await]
}

/// How many rounds fit is found out by trying: guests do not know the time. What the machine does to it may end a match that
/// works this close to its budget; then another one works a little less.
pub(super) async fn just_under_budget(stage: &mut Stage) -> Vec<Ended> {
    let game = stage.publish(&JUST_UNDER_BUDGET).await;
    let mut ends = Vec::new();
    for attempt in 1..=ATTEMPTS {
        let joined = stage.play(&game).await;
        let mut player = RawPlayer::join(&joined).await;
        if works(stage, &match_id(&joined), &mut player, AIM / f64::from(attempt)).await {
            ends.push(stage.close(&joined, &mut player).await);
            return ends;
        }
        let code = player.closed().await;
        ends.push(stage.ended(&joined, code, "over-budget").await);
    }
    panic!("it never stays within its budget");
}

/// Works for this part of the budget in every step. `false`: it was too much.
async fn works(stage: &Stage, id: &str, player: &mut RawPlayer, aim: f64) -> bool {
    let mut rounds = 100_000u32;
    for _ in 0..GUESSES {
        let Some(per_step) = try_rounds(stage, id, player, rounds).await else { return false };
        let factor = (aim * BUDGET_US as f64 / per_step).min(MOST_FACTOR);
        rounds = (f64::from(rounds) * factor) as u32;
    }
    player.input(&rounds.to_le_bytes()).await;
    tokio::time::sleep(if stage.strict { GO_ON_FOR } else { TRY_FOR }).await;
    let per_step = try_rounds(stage, id, player, rounds).await;
    assert!(per_step.is_none_or(|us| us > aim * BUDGET_US as f64 / 2.0), "it takes its time: {per_step:?} us a step");
    per_step.is_some()
}

/// CPU time of one step with so many rounds, microseconds. `None`: the match is over.
async fn try_rounds(stage: &Stage, id: &str, player: &mut RawPlayer, rounds: u32) -> Option<f64> {
    player.input(&rounds.to_le_bytes()).await;
    tokio::time::sleep(TRY_FOR / 3).await;
    let seen = |used: Value| (used["cpu_us"].as_u64().unwrap() as f64, used["ticks"].as_u64().unwrap() as f64);
    let before = seen(stage.api.get(ops::GET_MATCH_USAGE, &[id]).await);
    tokio::time::sleep(TRY_FOR).await;
    let after = seen(stage.api.get(ops::GET_MATCH_USAGE, &[id]).await);
    let runs = stage.api.match_now(id).await["state"] == "running";
    runs.then(|| ((after.0 - before.0) / (after.1 - before.1).max(1.0)).max(1.0))
}

/// Bulk instructions give way now and then: a step is cut as early as any other, and how long it held its thread is told.
pub(super) async fn bulk(stage: &mut Stage) -> Vec<Ended> {
    let mut ends = Vec::new();
    for program in [&BULK_MEMORY, &BULK_COPY] {
        let ended = stage.ends(program, "over-budget").await;
        let used = usage(stage, &ended).await;
        let (cpu, stall) = (used["cpu_us"].as_u64(), used["punctuality"]["longest_slice_us"].as_u64());
        assert!(stall.is_some_and(|stall| stall > 0), "the stall is told: {used}");
        if stage.strict {
            assert!(cpu.is_some_and(|cpu| cpu <= BUDGET_US + OVER_US), "{}: cut at {used}", program.name);
        }
        ends.push(ended);
    }
    ends
}

/// Players come and go, and the match is ended while a step is suspended, on the shard or in the slow lane.
pub(super) async fn storm(stage: &mut Stage) -> Vec<Ended> {
    let mut ends = Vec::new();
    for wait_ms in [50, 53, 57, 63] {
        ends.push(dropped_after(stage, &ENDLESS_STEP, Duration::from_millis(wait_ms)).await);
    }
    ends
}

async fn dropped_after(stage: &mut Stage, program: &Program, wait: Duration) -> Ended {
    let game = stage.publish(program).await;
    let joined = stage.play(&game).await;
    let id = match_id(&joined);
    let players = join_all((0..STORM).map(|_| connect(&joined)));
    let end = async {
        tokio::time::sleep(wait).await;
        stage.api.end(&id).await
    };
    let (mut players, _) = tokio::join!(players, end);
    let mut last = players.pop().unwrap();
    // The others hang up without a word.
    drop(players);
    let code = last.closed().await;
    let end = stage.api.ended(&id).await["end"].clone();
    let kind = end["kind"].as_str().unwrap().to_owned();
    // Too late is fine: then it has ended at its budget.
    assert!(["closed", "over-budget"].contains(&kind.as_str()), "{end}");
    Ended { id: Some(id), kind, code: Some(code) }
}

async fn usage(stage: &Stage, ended: &Ended) -> Value {
    stage.api.get(ops::GET_MATCH_USAGE, &[ended.id.as_ref().unwrap()]).await
}

//! Rows 2 and 22: guests that fail before their first step.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stadion_api::operations as ops;

use super::programs::{ENDLESS_DESCRIBE, ENDLESS_START, ENDLESS_START_FUNCTION, TRAP_START};
use super::{Ended, Program, Stage};

/// Within this a caller hears that it will not start; on a machine that does other things besides, later.
const WITHIN: Duration = Duration::from_secs(1);
const WITHIN_BUSY: Duration = Duration::from_secs(20);
/// Answers of which the quickest counts.
const TRIES: usize = 3;
/// Failed starts in a row that put a version in quarantine.
const STARTS: usize = 5;

/// Whoever uploads or creates is told so, at once. Of a few answers the quickest counts: half of the second is the CPU time
/// that a start may take, and a machine that has other things to do may take the rest.
pub(super) async fn endless(stage: &mut Stage) -> Vec<Ended> {
    let (within, tries) = if stage.strict { (WITHIN, TRIES) } else { (WITHIN_BUSY, 1) };
    stage.publish(&ENDLESS_START).await;
    let (mut ends, mut quickest) = (Vec::new(), [Duration::MAX; 3]);
    for _ in 0..tries {
        for (program, quickest) in
            [&ENDLESS_DESCRIBE, &ENDLESS_START_FUNCTION, &ENDLESS_START].iter().zip(&mut quickest)
        {
            let began = now();
            ends.push(if program.name == ENDLESS_START.name {
                fails(stage, program).await
            } else {
                stage.refuses(program, &["cpu budget"]).await
            });
            *quickest = began.elapsed().min(*quickest);
        }
    }
    assert!(quickest.iter().all(|took| *took < within), "describe, start function, start: answered after {quickest:?}");
    ends
}

/// Fails to start; its quarantine is lifted, so that it is the failure that is seen the next time, too.
pub(super) async fn fails(stage: &mut Stage, program: &Program) -> Ended {
    let game = stage.publish(program).await;
    let (status, problem) = stage.ada.api.play(&game, &json!({"create": "private"})).await;
    assert_eq!(problem["code"], "game-failed", "{}: {status} {problem}", program.name);
    lift(stage, &game).await;
    Ended::refused("game-failed")
}

/// After some failures in a row nobody tries any more; the owner is told why, and can put it back in play.
pub(super) async fn quarantine(stage: &mut Stage) -> Vec<Ended> {
    // The same program in another game, where nobody lifts what is to be seen.
    let game = stage.publish_as("traps-on-every-start", TRAP_START.wasm()).await;
    for start in 0..STARTS {
        let (status, problem) = stage.ada.api.play(&game, &json!({})).await;
        assert_eq!(problem["code"], "game-failed", "start {start}: {status} {problem}");
    }
    let (status, problem) = stage.ada.api.play(&game, &json!({})).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (409, Some("quarantined")), "{problem}");
    let told = newest(stage, &game).await["quarantine"]["because"].clone();
    assert!(told.as_str().is_some_and(|why| why.contains("5 starts") && why.contains("unreachable")), "{told}");
    let listed = tokio::process::Command::from(stage.server.stadion()).args(["quarantine", &game]).output().await;
    let listed = String::from_utf8_lossy(&listed.unwrap().stdout).into_owned();
    assert!(listed.contains("unreachable"), "{listed}");
    lift(stage, &game).await;
    let (status, problem) = stage.ada.api.play(&game, &json!({})).await;
    assert_eq!(problem["code"], "game-failed", "it is tried again: {status} {problem}");
    lift(stage, &game).await;
    vec![Ended::refused("game-failed"), Ended::refused("quarantined")]
}

async fn newest(stage: &Stage, game: &str) -> Value {
    stage.api.get(ops::LIST_VERSIONS, &[game]).await["items"][0].clone()
}

async fn lift(stage: &Stage, game: &str) {
    let version = newest(stage, game).await["version"].as_str().unwrap().to_owned();
    let (status, problem) = stage.api.call(ops::LIFT_QUARANTINE, &[game, &version], &Value::Null).await;
    assert!(status.is_success(), "{status} {problem}");
}

#[allow(clippy::disallowed_methods, reason = "how long a caller waits is measured on the wall")]
fn now() -> Instant {
    Instant::now()
}

//! Rows 5, 19 and 21: guests that take memory, and look into that of others.

use stadion_tests::raw_player::RawPlayer;

use super::programs::{
    DIRTIES_64_MIB, GREEDY_MEMORY, LEAVES_A_SECRET, LEAVES_AND_LOOKS, LOOKS_FOR_SECRETS, POLITE_MEMORY,
};
use super::stage::match_id;
use super::traps::carried;
use super::{Ended, Program, Stage};

/// Ticks after which a guest has shown what it does.
const ENOUGH_TICKS: u64 = 5;
/// Matches of one version one after the other: a slot is given to the version that had it last.
const IN_A_ROW: usize = 4;

/// One that takes no for an answer plays on; one that does not traps.
pub(super) async fn to_the_cap(stage: &mut Stage) -> Vec<Ended> {
    vec![plays_on(stage, &POLITE_MEMORY, ENOUGH_TICKS).await, stage.ends(&GREEDY_MEMORY, "trapped").await]
}

pub(super) async fn leftovers(stage: &mut Stage) -> Vec<Ended> {
    let mut ends = Vec::new();
    for _ in 0..IN_A_ROW {
        ends.push(plays_on(stage, &LEAVES_AND_LOOKS, 1).await);
    }
    ends.push(plays_on(stage, &LEAVES_A_SECRET, 1).await);
    ends.push(plays_on(stage, &LOOKS_FOR_SECRETS, 1).await);
    ends
}

/// What it saves is more than may be saved; its match plays on.
pub(super) async fn dirty(stage: &mut Stage) -> Vec<Ended> {
    vec![carried(stage, &DIRTIES_64_MIB, "saving").await, plays_on(stage, &DIRTIES_64_MIB, 4 * ENOUGH_TICKS).await]
}

/// A match that starts, makes its ticks, and is ended by us.
pub(super) async fn plays_on(stage: &mut Stage, program: &Program, ticks: u64) -> Ended {
    let game = stage.publish(program).await;
    let joined = stage.play(&game).await;
    let mut player = RawPlayer::join(&joined).await;
    stage.api.match_when(&match_id(&joined), |it| it["tick"].as_u64() > Some(ticks)).await;
    let ended = stage.close(&joined, &mut player).await;
    assert_eq!(ended.kind, "closed", "{} plays on", program.name);
    ended
}

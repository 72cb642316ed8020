//! Stories, and bugs that they must find. `cargo xtask sim --seeds N` tells more of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use stadion_sim::{Bug, Plan, run, tell};

/// What a run of the tests can wait for.
const SEEDS: u64 = 1_000;
/// A bug that is planted is found within so many.
const PATIENCE: u64 = 150;

#[test]
fn whatever_goes_wrong_every_promise_is_kept() {
    let outcome = run(0..SEEDS, Plan::default(), &|_| {});
    assert!(outcome.broken.is_empty(), "cargo xtask sim --seed {}\n{:#?}", outcome.broken[0].seed, outcome.broken);
    // Stories in which nothing happens would prove nothing.
    let told = outcome.told;
    assert!(told.crashes > SEEDS && told.reloads > SEEDS / 2 && told.devices > SEEDS / 2, "{told:?}");
    assert!(told.requests > SEEDS && told.repeated > 0, "{told:?}");
    assert!(told.naps > SEEDS, "{told:?}");
    assert!(told.inputs > 10 * SEEDS && told.messages > 10 * SEEDS, "{told:?}");
}

#[test]
fn on_a_disk_that_fails_every_promise_is_kept() {
    let outcome = run(0..SEEDS, Plan { failing_disk: true, ..Plan::default() }, &|_| {});
    assert!(outcome.broken.is_empty(), "cargo xtask sim --failing-disk\n{:#?}", outcome.broken);
}

#[test]
fn stories_that_once_broke_are_kept() {
    let failing = Plan { failing_disk: true, ..Plan::default() };
    for (seed, plan) in [
        // The disk was full in the middle of a block and when the next segment was made; the power took a sector of that block.
        (5_117, failing),
        // A device came back into the tick after a checkpoint, and another one took its seat in the same tick; after a crash
        // the second one was told that it was replaced.
        (2_293, failing),
        (864, failing),
        (2_346, Plan::default()),
    ] {
        let told = tell(seed, plan);
        assert!(told.as_ref().is_ok_and(|told| told.crashes > 1), "seed {seed}: {told:?}");
    }
}

#[test]
fn a_seed_tells_the_same_story_again() {
    for seed in 0..10 {
        assert_eq!(tell(seed, Plan::default()), tell(seed, Plan::default()));
    }
}

#[test]
fn planted_bugs_are_found() {
    for bug in Bug::ALL {
        // A story that breaks by itself shows nothing.
        let clean = |seed: &u64| tell(*seed, Plan::default()).is_ok();
        let broken = |seed: u64| tell(seed, Plan::with(bug)).err();
        let found = (0..PATIENCE).filter(clean).find_map(broken);
        let found = found.unwrap_or_else(|| panic!("{bug:?} is not found in {PATIENCE} seeds"));
        assert_eq!(tell(found.seed, Plan::with(bug)), Err(found.clone()), "it is found again");
        println!("{bug:?}: {found}");
    }
}

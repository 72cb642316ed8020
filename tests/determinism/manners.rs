//! The ways in which the same ticks are run.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use stadion_host::engine::{CodeSettings, CpuBaseline, PoolLayout};

use crate::process;
use crate::run::{Hash, Place, Subject, run};

/// Ticks where nobody asks for more: enough for every kind of event, and for matches to end.
const TICKS: u64 = 300;

/// Threads that step other sessions of the same engine meanwhile.
const LOAD: u64 = 3;

/// The seed of every script. Any will do.
const SEED: u64 = 20_261_120;

/// How many ticks to run: `STADION_DETERMINISM_TICKS`, or a few.
pub(crate) fn ticks() -> u64 {
    std::env::var("STADION_DETERMINISM_TICKS").map_or(TICKS, |text| text.parse().unwrap())
}

/// Code and pool that share nothing with those of [`CodeSettings::default`] but the wasm.
fn elsewhere(subject: &Subject) -> Place {
    let usual = CodeSettings::default();
    let cpu = if cfg!(target_arch = "x86_64") { CpuBaseline::X86_64V2 } else { usual.cpu };
    Place::new(subject, CodeSettings { layout: PoolLayout::Dense, cpu })
}

/// Runs a subject in every manner and compares tick by tick. `spread`: how many different hashes there must be at least, so
/// that a guest that does nothing proves nothing.
pub(crate) fn always_the_same(name: &str, subject: &Subject, spread: usize) {
    let ticks = ticks();
    let here = Place::new(subject, CodeSettings::default());
    let other = elsewhere(subject);
    let expected = run(subject, SEED, ticks, &[&here], None);
    let distinct = expected.iter().collect::<std::collections::HashSet<_>>().len();
    assert!(distinct >= spread.min(expected.len()), "{name} does too little: {distinct} different ticks");
    let same = |manner: &str, hashes: Vec<Hash>| {
        let differs = expected.iter().zip(&hashes).position(|(one, other)| one != other);
        assert_eq!(differs, None, "{name}, {manner}: this tick differs");
        assert_eq!(expected.len(), hashes.len(), "{name}, {manner}");
    };
    same("another process", process::run_elsewhere(name, subject, SEED, ticks));
    same("another pool, another CPU", run(subject, SEED, ticks, &[&other], None));
    same("moved every 7 ticks", run(subject, SEED, ticks, &[&here, &other], Some(7)));
    same("moved every 31 ticks", run(subject, SEED, ticks, &[&other, &here], Some(31)));
    same("under load, on another thread", under_load(subject, ticks, &here));
}

/// Snapshot, drop, restore into a reused slot, a hundred times, alternating two compilations.
pub(crate) fn a_hundred_generations(name: &str, subject: &Subject) {
    let (here, other) = (Place::new(subject, CodeSettings::default()), elsewhere(subject));
    let whole = run(subject, SEED, 101, &[&here], None);
    let parts = run(subject, SEED, 101, &[&here, &other], Some(1));
    assert_eq!(whole.iter().zip(&parts).position(|(one, other)| one != other), None, "{name}: this tick differs");
    assert_eq!(whole.len(), parts.len());
}

fn under_load(subject: &Subject, ticks: u64, place: &Place) -> Vec<Hash> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for neighbour in 1..=LOAD {
            let done = &done;
            scope.spawn(move || {
                while !done.load(Relaxed) {
                    run(subject, SEED + neighbour * 1_000, 50, &[place], Some(9));
                }
            });
        }
        let hashes = scope.spawn(|| run(subject, SEED, ticks, &[place], Some(13))).join();
        done.store(true, Relaxed);
        hashes.unwrap()
    })
}

//! Guests that do their worst. The process that runs these tests must survive all of them, and so must its pool.

use std::time::{Duration, Instant};

use stadion_host::model::Output;
use stadion_host::session::{Session, StartFault, StepFault};

use crate::guests::{Bench, budget, drive, message, setup, tick};

/// Runs a guest's first tick.
fn first_step(bench: &Bench, name: &str) -> (Session, Result<Vec<Output>, StepFault>) {
    let version = bench.guest(name);
    let (mut session, _) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
    let stepped = drive(session.step(&tick(1, Vec::new()))).0;
    (session, stepped.map(|stepped| stepped.outputs))
}

/// The code of the trap that ended a guest's first tick.
fn trap_of_first_step(bench: &Bench, name: &str) -> &'static str {
    match first_step(bench, name).1 {
        Err(StepFault::Trap(report)) => report.code,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn an_endless_step_is_sliced_and_then_ended() {
    let bench = Bench::new();
    let (session, ended) = first_step(&bench, "endless-step");
    assert_eq!(ended, Err(StepFault::OverBudget));
    let usage = session.usage();
    assert!(usage.yields > 2, "{usage:?}");
    assert!(usage.cpu >= Duration::from_millis(20), "its budget: {usage:?}");
}

#[test]
fn an_endless_start_is_answered_within_a_second() {
    let bench = Bench::new();
    let version = bench.guest("endless-start");
    let before = Instant::now();
    let ended = drive(Session::start(&version, &setup(), budget(&version))).0.err();
    assert_eq!(ended, Some(StartFault::OverBudget));
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    assert_eq!(bench.engine.sessions(), 0);
}

#[test]
fn an_endless_call_dropped_in_the_middle_gives_its_slot_back() {
    let bench = Bench::new();
    let version = bench.guest("endless-step");
    let (mut session, _) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
    {
        let (one, no_waker) = (tick(1, Vec::new()), std::task::Waker::noop());
        let mut call = std::pin::pin!(session.step(&one));
        assert!(call.as_mut().poll(&mut std::task::Context::from_waker(no_waker)).is_pending());
    }
    assert!(
        matches!(drive(session.step(&tick(2, Vec::new()))).0, Err(StepFault::Host(_))),
        "it is never entered again"
    );
    drop(session);
    assert_eq!((bench.engine.sessions(), bench.engine.memories()), (0, 0));
}

#[test]
fn insisting_on_memory_past_the_cap_traps() {
    assert_eq!(trap_of_first_step(&Bench::new(), "greedy-memory"), "memory-out-of-bounds");
}

#[test]
fn endless_recursion_traps() {
    let bench = Bench::new();
    assert_eq!(trap_of_first_step(&bench, "deep-recursion"), "stack-overflow");
    assert_eq!(trap_of_first_step(&bench, "deep-recursion-into-host"), "stack-overflow");
}

#[test]
fn huge_bulk_instructions_are_cut_and_their_stall_is_reported() {
    let bench = Bench::new();
    let before = Instant::now();
    let (session, ended) = first_step(&bench, "bulk-memory");
    assert_eq!(ended, Err(StepFault::OverBudget));
    assert!(session.usage().longest_slice > Duration::from_millis(2), "{:?}", session.usage());
    assert!(before.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_trap_in_start_fails_the_start() {
    let bench = Bench::new();
    let version = bench.guest("trap-start");
    let ended = drive(Session::start(&version, &setup(), budget(&version))).0.err();
    assert!(matches!(&ended, Some(StartFault::Trap(report)) if report.code == "unreachable"), "{ended:?}");
}

#[test]
fn a_trap_names_the_function_and_what_the_guest_said() {
    let bench = Bench::new();
    let (mut session, ended) = first_step(&bench, "trap-step");
    let Err(StepFault::Trap(report)) = ended else { panic!("{ended:?}") };
    assert_eq!(report.code, "unreachable");
    assert!(report.text.contains("roll_dice"), "{}", report.text);
    assert!(report.text.contains("the dice are gone"), "{}", report.text);
    let again = drive(session.step(&tick(2, Vec::new()))).0;
    assert!(matches!(again, Err(StepFault::Host(_))), "it is never entered again: {again:?}");
}

#[test]
fn a_trap_in_save_or_load_ends_that_session() {
    let bench = Bench::new();
    let version = bench.guest("trap-save");
    let (mut session, _) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
    assert!(matches!(drive(session.save()).0, Err(StepFault::Trap(_))));
    assert!(matches!(drive(session.step(&tick(1, Vec::new()))).0, Err(StepFault::Host(_))));

    let version = bench.guest("trap-load");
    let (mut session, _) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
    let saved = drive(session.save()).0.unwrap();
    let ended = drive(Session::load(&version, &setup(), &saved, budget(&version))).0.err();
    assert!(matches!(ended, Some(StartFault::Trap(_))), "{ended:?}");
}

#[test]
fn what_breaks_the_abi_traps() {
    let bench = Bench::new();
    for (guest, code) in [
        ("sends-100-mb", "refused"),
        ("million-placings", "refused"),
        ("send-out-of-range", "refused"),
        ("bad-discriminant", "refused"),
        ("bad-wake", "bad-value"),
        ("finishes-twice", "refused"),
    ] {
        assert_eq!(trap_of_first_step(&bench, guest), code, "{guest}");
    }
}

#[test]
fn a_broken_allocator_is_the_guests_own_end() {
    let bench = Bench::new();
    for guest in ["alloc-wild", "alloc-misaligned", "alloc-calls-host"] {
        let version = bench.guest(guest);
        let ended = drive(Session::start(&version, &setup(), budget(&version))).0.err();
        assert!(matches!(ended, Some(StartFault::Trap(_))), "{guest}: {ended:?}");
    }
    let version = bench.guest("alloc-endless");
    let (mut session, _) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
    let ended = drive(session.step(&tick(1, vec![message(0, b"hi")]))).0;
    assert_eq!(ended, Err(StepFault::OverBudget));
}

#[test]
fn a_flood_of_sends_is_refused_and_then_ended() {
    let (_, ended) = first_step(&Bench::new(), "floods-sends");
    assert!(matches!(&ended, Err(StepFault::OverQuota(quota)) if quota.contains("256 sends")), "{ended:?}");
}

#[test]
fn nothing_of_an_earlier_session_is_left_in_its_slot() {
    let bench = Bench::new();
    let (writer, reader) = (bench.guest("leaves-a-secret"), bench.guest("looks-for-secrets"));
    for _ in 0..20 {
        // As many at once as there are slots, so that each slot is used by each of them.
        for version in [&writer, &reader] {
            let start = || drive(Session::start(version, &setup(), budget(version))).0.unwrap();
            let _at_once: Vec<_> = (0..bench.engine.capacity()).map(|_| start()).collect();
        }
    }
}

//! What a session does for a well-behaved guest.

use stadion_host::model::{Delivery, LogLevel, Output, Target, Wake};
use stadion_host::session::{Session, StartFault};

use crate::guests::{Bench, budget, drive, message, setup, tick};

#[test]
fn a_session_starts_in_a_warm_slot_and_steps() {
    let bench = Bench::new();
    let version = bench.guest("echo");
    for _ in 0..3 {
        let ((mut session, started), _) = {
            let (result, slices) = drive(Session::start(&version, &setup(), budget(&version)));
            (result.unwrap(), slices)
        };
        assert_eq!(started.wake, Wake::Next);
        assert_eq!(started.outputs, [Output::Log { level: LogLevel::Info, text: "hello".to_owned() }]);
        let stepped = drive(session.step(&tick(1, vec![message(0, b"hi"), message(1, b"ho")]))).0.unwrap();
        let sent = |data: &[u8]| Output::Send { to: Target::Everyone, via: Delivery::Reliable, data: data.to_vec() };
        assert_eq!(stepped.outputs, [sent(b"hi"), sent(b"ho")]);
        assert_eq!(bench.engine.sessions(), 1);
    }
    assert_eq!((bench.engine.sessions(), bench.engine.memories()), (0, 0), "every slot is back");
}

#[test]
fn the_same_ticks_give_the_same_outputs() {
    let bench = Bench::new();
    let version = bench.guest("echo");
    let play = || {
        let (mut session, started) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
        let mut all = vec![started];
        for number in 1..50u64 {
            let events = (0..number % 4).map(|seat| message(u16::try_from(seat).unwrap(), &number.to_le_bytes()));
            all.push(drive(session.step(&tick(number, events.collect()))).0.unwrap());
        }
        all
    };
    assert_eq!(play(), play());
}

#[test]
fn a_game_may_refuse_to_start() {
    let bench = Bench::new();
    let version = bench.guest("refuses");
    let refused = drive(Session::start(&version, &setup(), budget(&version))).0.err();
    assert_eq!(refused, Some(StartFault::Refused("no such map".to_owned())));
}

#[test]
fn a_saved_session_goes_on_in_a_fresh_one() {
    let bench = Bench::new();
    let version = bench.guest("saves");
    assert!(version.saves() && version.description().saves);
    let (mut session, _) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
    for number in 1..=3 {
        drive(session.step(&tick(number, Vec::new()))).0.unwrap();
    }
    let saved = drive(session.save()).0.unwrap();
    assert_eq!((saved.bytes.as_slice(), saved.time), (&[3, 0, 0, 0, 0, 0, 0, 0][..], 150_000_000));
    let (mut loaded, stepped) = drive(Session::load(&version, &setup(), &saved, budget(&version))).0.unwrap();
    assert_eq!(stepped.wake, Wake::Next);
    drive(loaded.step(&tick(4, Vec::new()))).0.unwrap();
    assert_eq!(drive(loaded.save()).0.unwrap().seats, saved.seats);
}

#[test]
fn a_version_without_state_cannot_be_saved() {
    let bench = Bench::new();
    let version = bench.guest("quiet");
    let (mut session, _) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
    assert!(drive(session.save()).0.is_err());
    drive(session.step(&tick(1, Vec::new()))).0.unwrap();
}

#[test]
fn growth_past_the_cap_answers_minus_one() {
    let bench = Bench::new();
    let version = bench.guest("polite-memory");
    let (mut session, _) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
    drive(session.step(&tick(1, Vec::new()))).0.unwrap();
    let cap = setup().limits.memory_bytes;
    let used = session.usage().memory_bytes;
    assert!(used <= cap && used > cap - (2 << 20), "{used} of {cap} bytes");
}

#[test]
fn a_full_pool_is_the_hosts_fault() {
    let bench = Bench::new();
    let version = bench.guest("quiet");
    let start = || drive(Session::start(&version, &setup(), budget(&version))).0;
    let running: Vec<_> = (0..bench.engine.capacity()).map(|_| start().unwrap()).collect();
    assert!(matches!(start().err(), Some(StartFault::Host(_))));
    drop(running);
    start().unwrap();
}

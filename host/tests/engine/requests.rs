//! What a guest may ask of the world outside, and what becomes of asking for too much.

use stadion_host::model::{DocumentAction, Event, Output, RequestError};
use stadion_host::session::{Session, StepFault};

use crate::guests::{self, Bench, budget, drive, setup, tick};

/// Does this in its first step.
fn guest(body: &str) -> Vec<u8> {
    guests::module(&format!(
        r#"
(import "stadion:game/storage@0.1.0" "get" (func $get (param i32 i32 i32 i32 i32 i32)))
(import "stadion:game/storage@0.1.0" "put" (func $put (param i32 i32 i32 i32 i32 i32 i64 i32 i32 i32)))
(import "stadion:game/backend@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))
(data (i32.const 600) "shop{{}}")
(func $ask (call $call (i32.const 600) (i32.const 4) (i32.const 604) (i32.const 2) (i32.const 512)))
(func $on_step (param $events i32) (param $count i32) (local $n i32)
  {body})
"#
    ))
}

fn step(bench: &Bench, body: &str) -> Result<Vec<Output>, StepFault> {
    let version = bench.load(&guest(body));
    let (mut session, _) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
    drive(session.step(&tick(1, Vec::new()))).0.map(|stepped| stepped.outputs)
}

fn many(times: u32) -> String {
    format!(
        "(loop $again (call $ask) (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $n) (i32.const {times}))))"
    )
}

#[test]
fn requests_are_numbered_together() {
    let bench = Bench::new();
    let body = "(call $ask)
        (call $put (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 4)
            (i32.const 1) (i64.const 7) (i32.const 604) (i32.const 2) (i32.const 512))
        (call $get (i32.const 1) (i32.const 600) (i32.const 4) (i32.const 600) (i32.const 4) (i32.const 512))";
    let put = DocumentAction::Put { expect: Some(7), data: b"{}".to_vec() };
    let (shop, json) = ("shop".to_owned(), "{}".to_owned());
    let expected = [
        Output::Call { request: 1, endpoint: shop.clone(), json },
        Output::Storage { request: 2, player: None, key: shop.clone(), op: put },
        Output::Storage { request: 3, player: Some(shop.clone()), key: shop, op: DocumentAction::Get },
    ];
    assert_eq!(step(&bench, body).unwrap(), expected);
}

#[test]
fn what_cannot_be_is_an_error_at_once_and_no_request() {
    let bench = Bench::new();
    for body in [
        // No name, a long one, much JSON.
        "(call $call (i32.const 600) (i32.const 0) (i32.const 604) (i32.const 2) (i32.const 512))",
        "(call $call (i32.const 600) (i32.const 65) (i32.const 604) (i32.const 2) (i32.const 512))",
        "(drop (memory.grow (i32.const 2)))
         (call $call (i32.const 600) (i32.const 4) (i32.const 131072) (i32.const 65537) (i32.const 512))",
        // No key, a long one, an empty player.
        "(call $get (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 0) (i32.const 512))",
        "(call $get (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 257) (i32.const 512))",
        "(call $get (i32.const 1) (i32.const 600) (i32.const 0) (i32.const 600) (i32.const 4) (i32.const 512))",
    ] {
        assert_eq!(step(&bench, body), Ok(Vec::new()), "{body}");
    }
}

#[test]
fn what_is_not_json_traps() {
    let bench = Bench::new();
    let body = "(call $call (i32.const 600) (i32.const 4) (i32.const 604) (i32.const 1) (i32.const 512))";
    let Err(StepFault::Trap(report)) = step(&bench, body) else { panic!("it returned") };
    assert!(report.text.contains("backend call: not JSON"), "{}", report.text);
}

#[test]
fn only_so_many_are_open_and_who_insists_is_ended() {
    let bench = Bench::new();
    assert_eq!(step(&bench, &many(10)).unwrap().len(), 4);
    assert!(matches!(step(&bench, &many(100)), Err(StepFault::OverQuota(_))));
}

#[test]
fn an_answer_makes_room() {
    let bench = Bench::new();
    let version = bench.load(&guest(&many(4)));
    let (mut session, _) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
    let mut step = |number, events| drive(session.step(&tick(number, events))).0.unwrap().outputs.len();
    let answer = |request, outcome| Event::Answer { request, outcome };
    assert_eq!(step(1, Vec::new()), 4);
    assert_eq!(step(2, Vec::new()), 0);
    assert_eq!(step(3, vec![answer(1, Ok(vec![1])), answer(3, Err(RequestError::Conflict(9)))]), 2);
}

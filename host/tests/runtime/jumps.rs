//! Replays that jump.

use std::collections::HashMap;
use std::sync::Arc;

use stadion_host::engine::LoadedVersion;
use stadion_host::journal::{Record, SetupRecord, TickRecord, Writer, chain};
use stadion_host::model::{Delivery, Event, Stepped};
use stadion_host::replay::{self, Rewind};
use stadion_host::session::Session;
use stadion_protocol::Seat;
use stadion_protocol::contract::MatchSettings;

use crate::guests::{self, Bench, budget, drive, setup, tick};

/// A guest that counts what it hears and says the count, and in every tick repeats it.
const COUNTING: &str = r#"
(global $heard (mut i32) (i32.const 0))
(func $on_step (param $events i32) (param $count i32)
  (global.set $heard (i32.add (global.get $heard) (local.get $count)))
  (i32.store (i32.const 640) (global.get $heard))
  (call $send (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 640) (i32.const 4) (i32.const 512)))
"#;

/// A match of so many ticks in which somebody says something every seventh.
fn journal(version: &Arc<LoadedVersion>, ticks: u64) -> Vec<u8> {
    let mut writer = Writer::default();
    let (mut session, started) = drive(Session::start(version, &setup(), budget(version))).0.unwrap();
    let record = SetupRecord {
        game: "guest".parse().unwrap(),
        version: version.id(),
        settings: MatchSettings::default(),
        setup: setup(),
        incarnation: 1,
        wake: started.wake,
        outputs: chain::outputs(&started.outputs),
    };
    let mut previous = record.link();
    writer.append(&Record::Setup(Box::new(record))).unwrap();
    for number in 1..=ticks {
        let said = Event::Message { seat: Seat(0), via: Delivery::Reliable, data: b"hello".to_vec() };
        let input = tick(number, if number % 7 == 0 { vec![said] } else { vec![] });
        let stepped = drive(session.step(&input)).0.unwrap();
        let (wake, outputs) = (stepped.wake, chain::outputs(&stepped.outputs));
        let record = TickRecord { incarnation: 1, input, facts: vec![], wake, outputs, previous };
        previous = record.link();
        writer.append(&Record::Tick(Box::new(record))).unwrap();
    }
    writer.as_bytes().to_vec()
}

#[test]
fn a_replay_jumps_to_any_tick_and_back() {
    let bench = Bench::new();
    let version = bench.load(&guests::module(COUNTING));
    assert!(version.has_images());
    let journal = journal(&version, 3_000);
    let mut asked: HashMap<u64, Stepped> = HashMap::new();
    replay::verify_with(&version, &journal, &mut |input, stepped| {
        asked.extend(input.map(|input| (input.number, stepped.clone())));
    })
    .unwrap();
    let find = |_| Ok(Arc::clone(&version));
    let mut rewind = Rewind::open(Box::new(find), &journal).unwrap();
    for wanted in [2_900, 20, 1_500, 1_501, 700, 3_000, 1, 2_048] {
        let (mut last, mut played) = (None, 0);
        let arrived = rewind
            .seek(wanted, &mut |input, stepped| {
                last = input.map(|input| (input.number, stepped.clone()));
                played += 1;
            })
            .unwrap();
        assert_eq!((arrived, rewind.tick()), (wanted, wanted));
        assert_eq!(last, Some((wanted, asked[&wanted].clone())));
        assert!(wanted == 2_900 || played <= 512, "{wanted}: {played} ticks were played");
    }
    assert_eq!(rewind.seek(9_999, &mut |_, _| {}).unwrap(), 3_000, "as far as there is");
}

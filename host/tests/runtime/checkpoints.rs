//! Checkpoints: what bringing a match back costs stays small, however long it was played.

use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use stadion_host::image::ImageArena;
use stadion_host::journal::{
    Checkpoint, CheckpointKind, DiskJournals, IdleRun, Journals, LogConfig, Recalled, Record, Reopened, SetupRecord,
    TickRecord, chain,
};
use stadion_host::life::{HostState, exact_time};
use stadion_host::model::{Delivery, Event, TickInput};
use stadion_host::recovery::{Past, rebuild};
use stadion_host::session::Session;
use stadion_protocol::contract::{Durability, Host, MatchSettings, TickRange};
use stadion_protocol::{Incarnation, MatchId, Seat};

use crate::guests::{self, Bench, budget, drive, setup};
use crate::rig::{PATIENCE, Rig};

/// What a match may owe, as the shards keep it.
const DEBT: Duration = Duration::from_millis(250);

/// A guest that counts what it hears.
const COUNTING: &str = r#"
(global $heard (mut i32) (i32.const 0))
(func $on_step (param $events i32) (param $count i32)
  (global.set $heard (i32.add (global.get $heard) (local.get $count))))
"#;

/// A guest that works for some milliseconds in every step.
const BUSY: &str = r#"
(func $on_step (param $events i32) (param $count i32) (local $left i32)
  (local.set $left (i32.const 12000000))
  (loop $more
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $more (local.get $left))))
"#;

#[tokio::test]
async fn a_match_that_costs_much_to_replay_is_kept_as_an_image() {
    let mut rig = Rig::new();
    let version = rig.publish(&guests::module(BUSY));
    let (id, _players) = rig.play(version, 1).await;
    let before = Instant::now();
    while rig.host.match_stats(id).await.unwrap().checkpoints == 0 {
        assert!(before.elapsed() < PATIENCE, "no checkpoint was taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let tick = rig.host.status(id).await.unwrap().tick.0;
    rig.until_tick(id, tick + 5).await;
    let journal = rig.host.journal(id).await.unwrap();
    rig.replay(version, &journal);
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_told_from_a_checkpoint_are_those_told_from_the_start() {
    let mut rig = Rig::new();
    let version = rig.publish(&guests::module(BUSY));
    let (id, _players) = rig.play(version, 1).await;
    let before = Instant::now();
    while rig.host.match_stats(id).await.unwrap().checkpoints == 0 {
        assert!(before.elapsed() < PATIENCE, "no checkpoint was taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let tick = rig.host.status(id).await.unwrap().tick.0;
    rig.until_tick(id, tick + 6).await;
    // From the start: tick 0 is in no checkpoint.
    let all = rig.host.ticks(id, TickRange { from: Some(0), limit: 1_000 }).await.unwrap();
    for from in [tick + 1, tick + 3] {
        let near = rig.host.ticks(id, TickRange { from: Some(from), limit: 3 }).await.unwrap();
        let at = usize::try_from(from).unwrap();
        assert_eq!(near.ticks[..], all.ticks[at..at + 3], "from tick {from}");
        assert!(near.last >= tick + 6 && near.difference.is_none());
    }
    let newest = rig.host.ticks(id, TickRange { from: None, limit: 4 }).await.unwrap();
    assert_eq!(newest.ticks.len(), 4);
    let far = rig.host.ticks(id, TickRange { from: Some(newest.last + 1_000), limit: 4 }).await.unwrap();
    assert!(far.ticks.is_empty(), "it has not come to those");
}

/// A day at 20 Hz in which somebody says something every minute, recorded as a shard records it.
fn a_day(bench: &Bench, journals: &dyn Journals, ticks: u64) -> MatchId {
    let version = bench.load(&guests::module(COUNTING));
    let id = MatchId([7; 16]);
    let mut journal = journals.open(id, Durability::Process, Waker::noop().clone()).unwrap();
    let (mut session, started) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
    let record = SetupRecord {
        game: "guest".parse().unwrap(),
        version: version.id(),
        settings: MatchSettings::default(),
        setup: setup(),
        incarnation: 1,
        wake: started.wake,
        outputs: chain::outputs(&started.outputs),
    };
    let mut state = HostState::begun(&record, &started.outputs);
    journal.append(&Record::Setup(Box::new(record))).unwrap();
    let (mut owed, mut arena) = (Duration::ZERO, ImageArena::new());
    for number in 1..=ticks {
        let said = || Event::Message { seat: Seat(0), via: Delivery::Unreliable, data: b"hello".to_vec() };
        let events = if number % 1_200 == 0 { vec![said()] } else { vec![] };
        let input = TickInput { number, time: exact_time(20, number, 0), skipped: 0, events };
        let stepped = drive(session.step(&input)).0.unwrap();
        owed += session.usage().cpu;
        let outputs = chain::outputs(&stepped.outputs);
        let record =
            TickRecord { incarnation: 1, input, facts: vec![], wake: stepped.wake, outputs, previous: state.chain };
        if record.is_idle() {
            let TickRecord { ref input, .. } = record;
            let run = IdleRun { incarnation: 1, first: number, time: input.time, count: 1, last: record.link() };
            state.idled(&run, 20);
            journal.append(&Record::Idle(run)).unwrap();
        } else {
            state.ticked(&record, &stepped.outputs);
            journal.append(&Record::Tick(Box::new(record))).unwrap();
        }
        if owed > DEBT {
            owed = Duration::ZERO;
            let checkpoint = Checkpoint {
                incarnation: 1,
                tick: number,
                chain: state.chain,
                kind: CheckpointKind::Image,
                host: state.to_bytes(),
                guest: session.keep(&mut arena).unwrap(),
            };
            journal.keep_checkpoint(checkpoint).unwrap();
        }
    }
    id
}

#[test]
fn a_day_long_match_is_back_in_under_three_seconds() {
    const TICKS: u64 = 24 * 3600 * 20;
    let bench = Bench::new();
    let folder = tempfile::tempdir().unwrap();
    let id = a_day(&bench, &DiskJournals::open(folder.path(), LogConfig::default()).unwrap(), TICKS);
    let version = bench.load(&guests::module(COUNTING));
    let before = Instant::now();
    let journals = DiskJournals::open(folder.path(), LogConfig::default()).unwrap();
    let Reopened { journal: _, setup, checkpoint, records } = journals.reopen(id, Waker::noop().clone()).unwrap();
    assert!(checkpoint.is_some());
    let mut played = 0;
    let past = Past::alone(Recalled { setup, checkpoint, records }, Box::new(|| None));
    let rebuilt = rebuild(past, &mut |_| Ok(Arc::clone(&version)), &mut |_: u64| {
        played += 1;
        true
    })
    .unwrap();
    let took = before.elapsed();
    assert_eq!(rebuilt.state.tick, TICKS);
    println!("a day of {TICKS} ticks is back after {} ms, {played} of them played again", took.as_millis());
    assert!(took < Duration::from_secs(3), "{took:?}");
}

/// Works for some milliseconds in every step, counts its ticks, and saves the count. That it may grow its table rules images out.
const SAVING: &str = r#";; state
(table 1 funcref)
(global $count (mut i32) (i32.const 0))
(func $on_describe (drop (table.grow (ref.null func) (i32.const 0))))
(func $on_step (param $events i32) (param $n i32) (local $left i32)
  (global.set $count (i32.add (global.get $count) (i32.const 1)))
  (i32.store (i32.const 600) (global.get $count))
  (if (local.get $n) (then
    (call $send (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 4) (i32.const 512))))
  (local.set $left (i32.const 12000000))
  (loop $more
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $more (local.get $left))))
(func $on_save (global.set $kept (global.get $count)))
(func $on_load (global.set $count (global.get $kept)))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_match_without_images_is_saved_and_goes_on_in_what_was_loaded() {
    let mut rig = Rig::new();
    let version = rig.publish(&guests::module(SAVING));
    let (id, _players) = rig.play(version, 1).await;
    let before = Instant::now();
    while rig.host.match_stats(id).await.unwrap().checkpoints == 0 {
        assert!(before.elapsed() < PATIENCE, "no checkpoint was taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = rig.host.status(id).await.unwrap();
    assert_eq!(status.incarnation, Incarnation(2), "it goes on in another session");
    rig.until_tick(id, status.tick.0 + 5).await;
    let journal = rig.host.journal(id).await.unwrap();
    rig.replay(version, &journal);
    rig.crash().await;
    rig.restart();
    let recovered = rig.host.recover().await;
    assert_eq!((recovered.matches, recovered.ended), (1, 0), "every hash after the checkpoint is the same");
    assert!(recovered.ticks < status.tick.0, "what was before the checkpoint is not played again");
}

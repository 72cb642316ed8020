//! What matches ask of the world outside, while it is slow, while they sleep and while their host dies.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use stadion_host::journal::{Reader, Record};
use stadion_host::link::{FromPlayer, ToPlayer};
use stadion_host::model::Event;
use stadion_protocol::contract::{
    CreateMatch, EndReason, GameRequest, Hibernation, Host, Lifetimes, MatchSettings, MatchState, Pending, RateAsleep,
    RequestError, RequestKey, RequestOutcome, Requests, UpgradeWay, Wanted,
};
use stadion_protocol::{Incarnation, MatchId};
use tokio::sync::watch;

use crate::guests;
use crate::rig::{Rig, until};

/// Does what its players say: `P` writes a document, `C` calls the backend, `F` writes and finishes. Answers go to everyone:
/// `done` or `none`.
const ASKING: &str = r#"
(import "stadion:game/storage@0.1.0" "put" (func $put (param i32 i32 i32 i32 i32 i32 i64 i32 i32 i32)))
(import "stadion:game/backend@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))
(data (i32.const 600) "donenoneshop{}")
(func $write
  (call $put (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 608) (i32.const 4) (i32.const 0) (i64.const 0)
    (i32.const 600) (i32.const 8) (i32.const 512)))
(func $on_step (param $events i32) (param $count i32) (local $word i32)
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (if (i32.eq (i32.load8_u (local.get $events)) (i32.const 4)) (then
        (local.set $word (i32.load8_u (i32.load offset=12 (local.get $events))))
        (if (i32.eq (local.get $word) (i32.const 80)) (then (call $write)))
        (if (i32.eq (local.get $word) (i32.const 67)) (then
          (call $call (i32.const 608) (i32.const 4) (i32.const 612) (i32.const 2) (i32.const 512))))
        (if (i32.eq (local.get $word) (i32.const 70)) (then
          (call $write)
          (call $finish (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 4))))))
      (if (i32.eq (i32.load8_u (local.get $events)) (i32.const 6)) (then
        (call $send (i32.const 1) (i32.const 0) (i32.const 0)
          (i32.add (i32.const 600) (i32.mul (i32.const 4) (i32.load8_u offset=16 (local.get $events))))
          (i32.const 4) (i32.const 512))))
      (local.set $events (i32.add (local.get $events) (i32.const 48)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next))))
"#;

/// Answers when the test says so.
struct Outside {
    asked: Mutex<Vec<GameRequest>>,
    answers: watch::Sender<Option<RequestOutcome>>,
}

impl Outside {
    fn before(rig: &Rig) -> Arc<Outside> {
        let outside = Arc::new(Outside { asked: Mutex::default(), answers: watch::channel(None).0 });
        rig.host.connect_requests(outside.clone());
        outside
    }

    async fn until_asked(&self, times: usize) -> Vec<GameRequest> {
        until(|| Some(self.asked.lock().unwrap().clone()).filter(|asked| asked.len() >= times)).await
    }

    fn answer(&self, outcome: RequestOutcome) {
        self.answers.send_replace(Some(outcome));
    }
}

impl Requests for Outside {
    fn carry_out(&self, request: GameRequest) -> Pending<'_, RequestOutcome> {
        self.asked.lock().unwrap().push(request);
        let mut answers = self.answers.subscribe();
        Box::pin(async move { answers.wait_for(Option::is_some).await.unwrap().clone().unwrap() })
    }
}

fn written() -> RequestOutcome {
    Ok(1u64.to_le_bytes().to_vec())
}

/// Requests that a journal has answers to.
fn answered(journal: &[u8]) -> Vec<u64> {
    let mut answered = Vec::new();
    for record in Reader::new(journal).unwrap() {
        let Record::Tick(tick) = record.unwrap() else { continue };
        let number = |event: &Event| if let Event::Answer { request, .. } = event { Some(*request) } else { None };
        answered.extend(tick.input.events.iter().filter_map(number));
    }
    answered
}

fn answers(journal: &[u8]) -> usize {
    answered(journal).len()
}

async fn until_answered(rig: &Rig, id: MatchId) -> Vec<u8> {
    until_answers(rig, id, 1).await
}

async fn until_answers(rig: &Rig, id: MatchId, count: usize) -> Vec<u8> {
    loop {
        let journal = rig.host.journal(id).await.unwrap();
        if answers(&journal) >= count {
            return journal.to_vec();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_plays_on_while_it_waits_and_its_journal_has_the_answer() {
    let mut rig = Rig::new();
    let outside = Outside::before(&rig);
    let version = rig.publish(&guests::module(ASKING));
    let (id, mut players) = rig.play(version, 1).await;
    rig.say(&mut players[0], "P");
    let asked = outside.until_asked(1).await;
    let Wanted::Document { player: None, key, .. } = &*asked[0].wanted else { panic!("{asked:?}") };
    assert_eq!((asked[0].match_id, key.as_str()), (id, "shop"));
    let tick = rig.host.status(id).await.unwrap().tick.0;
    rig.until_tick(id, tick + 3).await;
    outside.answer(written());
    rig.until_message(players[0].conn, "done").await;
    outside.answer(Err(RequestError::Denied));
    rig.say(&mut players[0], "C");
    rig.until_message(players[0].conn, "none").await;
    assert!(
        matches!(&*outside.until_asked(2).await[1].wanted, Wanted::Call { endpoint, json } if endpoint == "shop" && json == "{}")
    );
    rig.host.end(id, EndReason::Closed).await.unwrap();
    let (_, journal) = rig.until_ended(id).await;
    assert_eq!(answers(&journal), 2);
    rig.replay(version, &journal);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_brings_a_match_back_that_sleeps_and_is_not_asked_for_twice() {
    let mut rig = Rig::new();
    let outside = Outside::before(&rig);
    let version = rig.publish(&guests::module(ASKING));
    let request = rig.request(version, 1);
    let hour = Duration::from_secs(3_600);
    let lifetimes =
        Lifetimes { empty: Duration::ZERO, longest: Duration::ZERO, reconnect: hour, ..Lifetimes::default() };
    let hibernation = Hibernation { after: Duration::from_secs(1), rate: RateAsleep::Skipped };
    let settings = MatchSettings { hibernation, lifetimes, ..MatchSettings::default() };
    let (id, mut players) = rig.play_as(CreateMatch { settings, ..request }).await;
    rig.say(&mut players[0], "C");
    outside.until_asked(1).await;
    rig.tell(&players[0], FromPlayer::Closed);
    rig.until_state(id, MatchState::Hibernated).await;
    outside.answer(written());
    let journal = until_answered(&rig, id).await;
    assert_eq!((answers(&journal), outside.asked.lock().unwrap().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_dies_between_request_and_answer_loses_and_doubles_nothing() {
    let mut rig = Rig::on_disk();
    let outside = Outside::before(&rig);
    let version = rig.publish(&guests::module(ASKING));
    let (id, mut players) = rig.play(version, 1).await;
    rig.say(&mut players[0], "P");
    let before = outside.until_asked(1).await;
    rig.crash().await;
    assert_eq!(rig.restart(), 1);
    rig.host.connect_requests(outside.clone());
    assert_eq!(rig.host.recover().await.matches, 1);
    let asked = outside.until_asked(2).await;
    assert_eq!(asked[1].key, before[0].key, "whoever did it already knows it by its name");
    assert_eq!(asked[1].wanted, before[0].wanted);
    outside.answer(written());
    let journal = until_answered(&rig, id).await;
    assert_eq!((answers(&journal), outside.asked.lock().unwrap().len()), (1, 2));
    assert_eq!(rig.host.status(id).await.unwrap().incarnation, Incarnation(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_match_asked_before_it_is_begun_anew_is_answered_once_under_its_number() {
    for mut rig in [Rig::new(), Rig::on_disk()] {
        let outside = Outside::before(&rig);
        let version = rig.publish(&guests::module(ASKING));
        let (id, mut players) = rig.play(version, 1).await;
        rig.say(&mut players[0], "C");
        let before = outside.until_asked(1).await;
        rig.host.upgrade(id, version, UpgradeWay::Restart).await.unwrap();
        rig.say(&mut players[0], "C");
        let asked = outside.until_asked(2).await;
        let key = |incarnation, number| RequestKey { incarnation: Incarnation(incarnation), number };
        assert_eq!((before[0].key, asked[1].key), (key(1, 1), key(2, 2)), "no number is used twice");
        outside.answer(written());
        let journal = until_answers(&rig, id, 2).await;
        // Calls may overtake one another.
        let mut numbers = answered(&journal);
        numbers.sort_unstable();
        assert_eq!((numbers, outside.asked.lock().unwrap().len()), (vec![1, 2], 2));
        rig.host.end(id, EndReason::Closed).await.unwrap();
        let (_, journal) = rig.until_ended(id).await;
        rig.replay(version, &journal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_dies_after_a_match_was_begun_anew_has_not_forgotten_what_it_asked_before() {
    let mut rig = Rig::on_disk();
    let outside = Outside::before(&rig);
    let version = rig.publish(&guests::module(ASKING));
    let (id, mut players) = rig.play(version, 1).await;
    rig.say(&mut players[0], "P");
    let before = outside.until_asked(1).await;
    rig.host.upgrade(id, version, UpgradeWay::Restart).await.unwrap();
    rig.crash().await;
    assert_eq!(rig.restart(), 1);
    rig.host.connect_requests(outside.clone());
    assert_eq!(rig.host.recover().await.matches, 1);
    let asked = outside.until_asked(2).await;
    assert_eq!((asked[1].key, &asked[1].wanted), (before[0].key, &before[0].wanted));
    outside.answer(written());
    let journal = until_answered(&rig, id).await;
    assert_eq!((answered(&journal), outside.asked.lock().unwrap().len()), (vec![1], 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_match_writes_as_it_finishes_is_written_though_its_host_dies() {
    let mut rig = Rig::on_disk();
    let outside = Outside::before(&rig);
    let version = rig.publish(&guests::module(ASKING));
    let (id, mut players) = rig.play(version, 1).await;
    rig.say(&mut players[0], "F");
    outside.until_asked(1).await;
    assert_eq!(rig.host.status(id).await.unwrap().state, MatchState::Finishing);
    rig.crash().await;
    rig.restart();
    rig.host.connect_requests(outside.clone());
    rig.host.recover().await;
    outside.until_asked(2).await;
    outside.answer(written());
    let (ended, journal) = rig.until_ended(id).await;
    assert_eq!((ended.reason, &ended.data[..]), (EndReason::Finished, &b"done"[..]));
    rig.replay(version, &journal);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_carries_requests_out_may_come_late_and_may_panic() {
    struct Panics;
    impl Requests for Panics {
        fn carry_out(&self, _: GameRequest) -> Pending<'_, RequestOutcome> {
            panic!("a planted panic")
        }
    }
    let mut rig = Rig::new();
    let version = rig.publish(&guests::module(ASKING));
    let (_, mut players) = rig.play(version, 1).await;
    rig.say(&mut players[0], "P");
    let conn = players[0].conn;
    rig.until_told(conn, |word| matches!(word, ToPlayer::Ack { in_seq: 1 }).then_some(())).await;
    let outside = Outside::before(&rig);
    outside.answer(written());
    rig.until_message(conn, "done").await;
    rig.host.connect_requests(Arc::new(Panics));
    rig.say(&mut players[0], "P");
    rig.until_message(conn, "none").await;
}

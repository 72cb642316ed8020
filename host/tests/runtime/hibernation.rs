//! Matches that leave memory while nobody is there, and come back.

use std::task::Waker;
use std::time::{Duration, Instant};

use stadion_host::journal::{Checkpoint, DiskJournals, LogConfig, Reader, Record};
use stadion_host::link::{ConnId, Credential, FromPlayer, ToPlayer};
use stadion_host::model::TickInput;
use stadion_host::recovery::Past;
use stadion_host::replay::Coverage;
use stadion_protocol::contract::{
    CreateMatch, Durability, EndReason, Hibernation, Host, HostEvent, Lifetimes, MatchSettings, MatchState, RateAsleep,
    Reservation, UpgradeWay,
};
use stadion_protocol::token::ResumeToken;
use stadion_protocol::{CloseCode, Incarnation, MatchId, Seat};

use crate::guests;
use crate::rig::{self, MOODY, PATIENCE, Player, Rig};

const BACK: ConnId = ConnId(9_000);
/// Settings are kept in whole seconds.
const AFTER: Duration = Duration::from_secs(1);

/// What is said to this guest sets its alarm for the fifth second; when it rings it says so, and waits for the next event.
const ALARM: &str = r#"
(data (i32.const 600) "rang")
(func $on_step (param $events i32) (param $count i32)
  (if (local.get $count)
    (then
      (if (i32.eq (i32.load8_u (local.get $events)) (i32.const 4)) (then
        (i32.store8 (i32.const 384) (i32.const 1))
        (i64.store (i32.const 392) (i64.const 5000000000)))))
    (else
      (if (i32.eq (i32.load8_u (i32.const 384)) (i32.const 1)) (then
        (i32.store8 (i32.const 384) (i32.const 2))
        (call $send (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 4) (i32.const 512)))))))
"#;

/// A match that sleeps a moment after its last player has gone, and lives for ever.
fn sleepy(rig: &mut Rig, version: stadion_protocol::VersionId, rate: RateAsleep) -> CreateMatch {
    let request = rig.request(version, 1);
    let hour = Duration::from_secs(3_600);
    let (empty, longest, linger) = (Duration::ZERO, Duration::ZERO, Duration::from_secs(1));
    let lifetimes = Lifetimes { empty, longest, linger, reconnect: hour, ..Lifetimes::default() };
    let hibernation = Hibernation { after: AFTER, rate };
    CreateMatch { settings: MatchSettings { hibernation, lifetimes, ..MatchSettings::default() }, ..request }
}

/// A match that sleeps, its player, who has said this and left, and the token to come back with.
async fn asleep(rig: &mut Rig, guest: &str, said: &str) -> (MatchId, Player, ResumeToken) {
    let version = rig.publish(&guests::module(guest));
    let request = sleepy(rig, version, RateAsleep::Never);
    let (id, mut players) = rig.play_as(request).await;
    let mut player = players.remove(0);
    let token = rig.until_token(player.conn).await;
    rig.say(&mut player, said);
    rig.until_told(player.conn, |word| matches!(word, ToPlayer::Ack { in_seq: 1 }).then_some(())).await;
    rig.tell(&player, FromPlayer::Closed);
    rig.until_state(id, MatchState::Hibernated).await;
    (id, player, token)
}

/// Every tick of a journal, in order; those that were folded count without events.
fn ticks(journal: &[u8]) -> Vec<TickInput> {
    let mut ticks = Vec::new();
    for record in Reader::new(journal).unwrap().map(Result::unwrap) {
        match record {
            Record::Tick(tick) => ticks.push(tick.input.clone()),
            Record::Idle(run) => ticks.extend((run.first..=run.last_tick()).map(|number| TickInput {
                number,
                time: 0,
                skipped: 0,
                events: Vec::new(),
            })),
            _ => {}
        }
    }
    ticks
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_without_players_leaves_memory_and_its_player_brings_it_back() {
    let mut rig = Rig::new();
    let (id, mut player, token) = asleep(&mut rig, MOODY, "S").await;
    rig.until_empty().await;
    assert_eq!(rig.host.load().hibernated, 1);
    assert!(rig.heard(|event| matches!(event, HostEvent::Changed(status) if status.state == MatchState::Hibernated)));

    rig.hello(id, BACK, Credential::Resume(token), 1);
    player.conn = BACK;
    let incarnation = rig.until_told(BACK, |word| match word {
        ToPlayer::Welcome { incarnation, in_seq: 1, next_out_seq: 2, fresh: false, .. } => Some(*incarnation),
        _ => None,
    });
    assert_eq!(incarnation.await, Incarnation(2), "another session");
    rig.say(&mut player, "two");
    assert_eq!(rig.until_message(BACK, "two").await, 2, "numbers go on");
    assert_eq!(rig.host.status(id).await.unwrap().state, MatchState::Running);
    assert_eq!((rig.host.load().matches, rig.host.load().hibernated), (1, 0));
    rig.host.end(id, EndReason::Closed).await.unwrap();
    let (_, journal) = rig.until_ended(id).await;
    let version = rig.publish_moody();
    let replayed = rig.replay(version, &journal);
    assert!(matches!(replayed.coverage, Coverage::Whole(EndReason::Closed)), "one that never slept does the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_somebody_made_up_wakes_nobody() {
    let mut rig = Rig::new();
    let (id, _player, token) = asleep(&mut rig, MOODY, "S").await;
    rig.hello(id, BACK, Credential::Resume(ResumeToken { secret: [7; 16], ..token }), 0);
    assert_eq!(rig.until_closed(BACK).await, CloseCode::Expired);
    assert_eq!(rig.host.status(id).await.unwrap().state, MatchState::Hibernated);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_time_wakes_a_match_and_it_sleeps_again() {
    let mut rig = Rig::new();
    let began = Instant::now();
    let (id, _player, token) = asleep(&mut rig, ALARM, "A").await;
    assert!(began.elapsed() < Duration::from_secs(3), "it slept before its time");
    assert_eq!(rig.host.load().matches, 0);
    let tick = rig.host.status(id).await.unwrap().tick.0;
    rig.until_tick(id, tick + 1).await;
    assert!(began.elapsed() >= Duration::from_secs(5));
    rig.until_state(id, MatchState::Hibernated).await;
    assert_eq!(rig.host.usage(id).await.unwrap().ticks, tick + 1, "it is counted on");

    let journal = rig.host.journal(id).await.unwrap();
    let rang = ticks(&journal).pop().unwrap();
    // On a machine that has no CPU to give, a tick comes some periods late, asleep or awake.
    assert!((5_000_000_000..6_000_000_000).contains(&rang.time) && rang.events.is_empty(), "{rang:?}");
    rig.hello(id, BACK, Credential::Resume(token), 0);
    assert_eq!(rig.until_message(BACK, "rang").await, 1, "what it said meanwhile waited for the player");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_asleep_and_orders_wake() {
    let mut rig = Rig::new();
    let (id, _player, _) = asleep(&mut rig, MOODY, "S").await;
    assert_eq!(rig.host.matches().await.len(), 1);
    assert!(!rig.host.journal(id).await.unwrap().is_empty());
    assert_eq!(rig.host.usage(id).await.unwrap().messages_in, 1);
    assert_eq!(rig.host.status(id).await.unwrap().state, MatchState::Hibernated, "nobody was woken for that");

    let wanted = Reservation { claim_within: Duration::from_millis(200), ..rig::reservation(0) };
    assert_eq!(rig.host.reserve(id, wanted).await, Ok(Seat(0)));
    assert_eq!(rig.host.status(id).await.unwrap().state, MatchState::Running);
    rig.until_state(id, MatchState::Hibernated).await;

    let other = rig.publish(&guests::module(";; another\n"));
    rig.host.upgrade(id, other, UpgradeWay::Restart).await.unwrap();
    assert_eq!(rig.host.status(id).await.unwrap().version, other);
    rig.host.end(id, EndReason::Closed).await.unwrap();
    assert_eq!(rig.until_ended(id).await.0.reason, EndReason::Closed);
    assert_eq!(rig.host.load().hibernated, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_that_slept_when_its_host_died_sleeps_on() {
    let mut rig = Rig::new();
    let (id, mut player, token) = asleep(&mut rig, MOODY, "S").await;
    rig.crash().await;
    assert_eq!(rig.restart(), 1);
    let recovered = rig.host.recover().await;
    assert_eq!((recovered.asleep, recovered.matches, recovered.ended), (1, 0, 0));
    let told =
        |event: &HostEvent| matches!(event, HostEvent::Changed(status) if status.incarnation.0 == 1 && status.open);
    assert!(rig.heard(told), "others are led to it again");
    assert_eq!(rig.host.status(id).await.unwrap().state, MatchState::Hibernated);
    assert_eq!(rig.host.load().matches, 0);

    rig.hello(id, BACK, Credential::Resume(token), 1);
    player.conn = BACK;
    rig.say(&mut player, "two");
    assert_eq!(rig.until_message(BACK, "two").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_with_a_rate_sleeps_as_its_version_chose() {
    for (rate, skips) in [(RateAsleep::Skipped, true), (RateAsleep::Ticks, false)] {
        let mut rig = Rig::new();
        let version = rig.publish_moody();
        let request = sleepy(&mut rig, version, rate);
        let (id, players) = rig.play_as(request).await;
        let token = rig.until_token(players[0].conn).await;
        rig.tell(&players[0], FromPlayer::Closed);
        rig.until_state(id, MatchState::Hibernated).await;
        let slept_at = rig.host.status(id).await.unwrap().tick.0;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(rig.host.status(id).await.unwrap().tick.0, slept_at);
        rig.hello(id, BACK, Credential::Resume(token), 0);
        rig.until_token(BACK).await;
        rig.host.end(id, EndReason::Closed).await.unwrap();
        let (_, journal) = rig.until_ended(id).await;
        let slept: Vec<_> = ticks(&journal).into_iter().filter(|tick| tick.number > slept_at).collect();
        let skipped: u64 = slept.iter().map(|tick| tick.skipped).sum();
        let back = slept.iter().position(|tick| !tick.events.is_empty()).unwrap();
        if skips {
            assert!(skipped >= 25 && back < 3, "{rate:?}: {skipped} skipped, back in tick {back}");
        } else {
            assert!(skipped <= 1 && back >= 25, "{rate:?}: {skipped} skipped, back in tick {back}");
        }
        rig.replay(version, &journal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_called_at_once_and_whoever_finds_no_room_waits_for_it() {
    const BATCH: u16 = 6;
    let mut rig = Rig::with_shards(2);
    let version = rig.publish_moody();
    let mut waiting = Vec::new();
    for batch in 1..=3 {
        for _ in 0..BATCH {
            let request = sleepy(&mut rig, version, RateAsleep::Never);
            let (id, mut players) = rig.play_as(request).await;
            let token = rig.until_token(players[0].conn).await;
            rig.say(&mut players[0], "S");
            rig.until_message(players[0].conn, "S").await;
            rig.tell(&players[0], FromPlayer::Closed);
            waiting.push((id, ConnId(10_000 + u64::from(id.0[0])), token));
        }
        rig::until(|| (rig.host.load().hibernated == u32::from(BATCH * batch)).then_some(())).await;
    }
    assert!(waiting.len() > rig.host.load().capacity as usize, "there is no room for all");
    for (id, conn, token) in &waiting {
        rig.hello(*id, *conn, Credential::Resume(*token), 1);
    }
    while !waiting.is_empty() {
        let let_in = rig::until(|| waiting.iter().position(|(_, conn, _)| rig.told(*conn).iter().any(is_token))).await;
        let (id, conn, _) = waiting.swap_remove(let_in);
        assert!(rig.host.load().matches <= rig.host.load().capacity);
        rig.tell_from(id, conn, FromPlayer::Closed);
    }
}

fn is_token(word: &ToPlayer) -> bool {
    matches!(word, ToPlayer::ResumeToken(_))
}

/// A log in this folder, which is a disk's.
fn on_disk(folder: &std::path::Path) -> std::sync::Arc<DiskJournals> {
    std::sync::Arc::new(DiskJournals::open(folder, LogConfig::default()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_on_disk_sleeps_through_the_end_of_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = Rig::over(on_disk(folder.path()), 1);
    let (id, mut player, token) = asleep(&mut rig, MOODY, "S").await;
    rig.goes_down().await;
    rig.over_again(on_disk(folder.path()));
    let recovered = rig.host.recover().await;
    assert_eq!((recovered.asleep, recovered.matches, recovered.ticks), (1, 0, 0));
    rig.hello(id, BACK, Credential::Resume(token), 1);
    player.conn = BACK;
    rig.say(&mut player, "two");
    assert_eq!(rig.until_message(BACK, "two").await, 2);
    let journal = rig.host.journal(id).await.unwrap();
    let version = rig.publish_moody();
    rig.replay(version, &journal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_goes_down_keeps_its_matches_and_the_next_replays_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = Rig::over(on_disk(folder.path()), 1);
    let version = rig.publish_moody();
    let (id, mut players) = rig.play(version, 1).await;
    rig.say(&mut players[0], "one");
    rig.until_message(players[0].conn, "one").await;
    let token = rig.until_token(players[0].conn).await;
    rig.until_tick(id, 20).await;
    rig.host.shutdown(PATIENCE).await;
    assert!(!rig.heard(|event| matches!(event, HostEvent::Ended { .. })), "it goes on elsewhere");
    rig.goes_down().await;
    rig.over_again(on_disk(folder.path()));
    rig.hello(id, BACK, Credential::Resume(token), 1);
    let recovered = rig.host.recover().await;
    assert_eq!((recovered.matches, recovered.ended, recovered.ticks), (1, 0, 0));
    players[0].conn = BACK;
    rig.say(&mut players[0], "two");
    assert_eq!(rig.until_message(BACK, "two").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_that_nobody_would_find_again_does_not_sleep_through_the_end_of_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = Rig::over(on_disk(folder.path()), 1);
    let version = rig.publish_moody();
    let mut request = sleepy(&mut rig, version, RateAsleep::Never);
    request.settings.durability = Durability::None;
    let (id, mut players) = rig.play_as(request).await;
    rig.until_token(players[0].conn).await;
    rig.say(&mut players[0], "S");
    rig.until_message(players[0].conn, "S").await;
    rig.tell(&players[0], FromPlayer::Closed);
    rig.until_state(id, MatchState::Hibernated).await;
    // Another one beside it is found again, and sleeps on.
    let (kept, _player, _token) = asleep(&mut rig, MOODY, "S").await;
    rig.host.shutdown(PATIENCE).await;
    let (ended, journal) = rig.until_ended(id).await;
    assert_eq!(ended.reason, EndReason::HostFailed("the host was shut down".to_owned()));
    let last = Reader::new(&journal).unwrap().map(Result::unwrap).last();
    assert!(matches!(last, Some(Record::End(_))), "its journal says so, too");
    rig.replay(version, &journal);
    assert!(!rig.heard(|event| matches!(event, HostEvent::Ended { status, .. } if status.id == kept)));
    rig.goes_down().await;
    rig.over_again(on_disk(folder.path()));
    let recovered = rig.host.recover().await;
    assert_eq!((recovered.asleep, recovered.matches, recovered.ended), (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_newest_checkpoint_may_be_of_no_use_and_a_match_wakes_all_the_same() {
    let mut rig = Rig::new();
    let (id, mut player, token) = asleep(&mut rig, MOODY, "S").await;
    // Somebody else's image takes the place of the one that it lay down with.
    let past = Past::of(&rig.journals, id).unwrap();
    let spoiled = Checkpoint { guest: vec![7; 9], ..past.checkpoint.clone().unwrap() };
    drop(past);
    rig.journals.reopen(id, Waker::noop().clone()).unwrap().journal.keep_checkpoint(spoiled).unwrap();
    rig.hello(id, BACK, Credential::Resume(token), 1);
    player.conn = BACK;
    rig.say(&mut player, "two");
    assert_eq!(rig.until_message(BACK, "two").await, 2);
    let told =
        |event: &HostEvent| matches!(event, HostEvent::Report { kind, .. } if kind == "stadion.checkpoint-passed-over");
    assert!(rig.heard(told));
    let journal = rig.host.journal(id).await.unwrap();
    let version = rig.publish_moody();
    rig.replay(version, &journal);
}

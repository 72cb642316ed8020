//! Matches that outlive their host.

use std::task::Waker;

use stadion_host::journal::{Link, Reader, Record, ResumedRecord, TickRecord};
use stadion_host::life::exact_time;
use stadion_host::link::{ConnId, Credential, ToPlayer};
use stadion_host::model::{TickInput, Wake};
use stadion_host::replay::Coverage;
use stadion_protocol::contract::{EndReason, Host, HostEvent, MatchSettings, MatchState, TrapPolicy};
use stadion_protocol::{Incarnation, MatchId, Tick};

use crate::rig::Rig;

const BACK: ConnId = ConnId(9_000);

fn welcome(word: &ToPlayer) -> Option<(Incarnation, u64, u64, bool)> {
    match word {
        ToPlayer::Welcome { incarnation, in_seq, next_out_seq, fresh, .. } => {
            Some((*incarnation, *in_seq, *next_out_seq, *fresh))
        }
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_goes_on_in_another_host_and_its_player_in_the_same_seat() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, mut players) = rig.play(version, 1).await;
    rig.say(&mut players[0], "one");
    rig.until_message(players[0].conn, "one").await;
    let token = rig.until_token(players[0].conn).await;

    rig.crash().await;
    assert_eq!(rig.restart(), 1);
    assert_eq!(rig.host.status(id).await.unwrap().state, MatchState::Recovering);
    rig.hello(id, BACK, Credential::Resume(token), 1);
    let recovered = rig.host.recover().await;
    assert_eq!((recovered.matches, recovered.ended), (1, 0));

    assert_eq!(rig.until_told(BACK, welcome).await, (Incarnation(2), 1, 2, false));
    players[0].conn = BACK;
    rig.say(&mut players[0], "two");
    assert_eq!(rig.until_message(BACK, "two").await, 2, "numbers go on");
    rig.host.end(id, EndReason::Closed).await.unwrap();
    let (_, journal) = rig.until_ended(id).await;
    assert!(matches!(rig.replay(version, &journal).coverage, Coverage::Whole(EndReason::Closed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_matches_are_restored_and_hold_their_places_meanwhile() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    for _ in 0..6 {
        let (id, _) = rig.play(version, 2).await;
        rig.until_tick(id, 3).await;
    }
    rig.crash().await;
    assert_eq!(rig.restart(), 6);
    assert_eq!(rig.host.load().matches, 6);
    assert_eq!(rig.host.matches().await.len(), 6);
    let recovered = rig.host.recover().await;
    assert_eq!((recovered.matches, recovered.ended), (6, 0));
    assert!(recovered.ticks >= 18);
    for n in 1..=6 {
        rig.until_tick(MatchId([n; 16]), 6).await;
        assert_eq!(rig.host.status(MatchId([n; 16])).await.unwrap().incarnation, Incarnation(2));
    }
}

/// Writes a tick that the match never ran.
fn forge(rig: &Rig, id: MatchId) {
    let mut reopened = rig.journals.reopen(id, Waker::noop().clone()).unwrap();
    let (mut chain, mut tick, mut skipped) = (reopened.setup.link(), 0, 0);
    for record in reopened.records {
        match record.unwrap() {
            Record::Tick(record) => {
                (chain, tick, skipped) = (record.link(), record.input.number, skipped + record.input.skipped);
            }
            Record::Idle(run) => (chain, tick) = (run.last, run.last_tick()),
            _ => {}
        }
    }
    let time = exact_time(reopened.setup.setup.rate, tick + 1, skipped);
    let input = TickInput { number: tick + 1, time, skipped: 0, events: Vec::new() };
    let forged =
        TickRecord { incarnation: 2, input, facts: Vec::new(), wake: Wake::Next, outputs: [7; 16], previous: chain };
    let resumed = Record::Resumed(ResumedRecord { incarnation: 2, tick, unix_ns: 0 });
    reopened.journal.append(&resumed).unwrap();
    reopened.journal.append(&Record::Tick(Box::new(forged))).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_whose_replay_differs_ends_its_match_and_is_kept() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, players) = rig.play(version, 1).await;
    let token = rig.until_token(players[0].conn).await;
    rig.crash().await;
    forge(&rig, id);
    rig.restart();
    rig.hello(id, BACK, Credential::Resume(token), 0);
    let recovered = rig.host.recover().await;
    assert_eq!((recovered.matches, recovered.ended), (0, 1));

    let (ended, journal) = rig.until_ended(id).await;
    assert_eq!(ended.reason, EndReason::Diverged);
    let records: Vec<Record> = Reader::new(&journal).unwrap().map(Result::unwrap).collect();
    let last = records.iter().rev().nth(1);
    assert!(matches!(last, Some(Record::Resumed(resumed)) if resumed.incarnation == 3), "{last:?}");
    let Some(Record::End(end)) = records.last() else { panic!("no end") };
    let forged = records.iter().rev().find_map(|record| match record {
        Record::Tick(tick) => Some(tick.link()),
        _ => None,
    });
    assert_eq!(Some(end.previous), forged, "nothing of what its owner may look at is cut off");
    assert_ne!(end.previous, Link::default());
    assert_eq!(rig.host.status(id).await.unwrap().state, MatchState::Ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_before_is_known_from_its_journal() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, mut players) = rig.play(version, 1).await;
    rig.say(&mut players[0], "F results");
    let (ended, journal) = rig.until_ended(id).await;
    let read = stadion_host::recovery::past::ended(id, journal.clone()).unwrap();
    assert_eq!(read.ended, ended);
    assert_eq!((read.status.state, read.status.tick), (MatchState::Ended, ended.tick));
    assert_eq!(read.status.seats.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_that_skips_goes_on_without_the_input_that_made_it_trap() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let mut request = rig.request(version, 1);
    request.settings = MatchSettings { trap: TrapPolicy::SkipOnce, ..MatchSettings::default() };
    let (id, mut players) = rig.play_as(request).await;
    for word in ["one", "T", "two"] {
        rig.say(&mut players[0], word);
    }
    rig.until_message(players[0].conn, "two").await;
    rig.until_told(players[0].conn, |word| match word {
        ToPlayer::Ack { in_seq: 3 } => Some(()),
        _ => None,
    })
    .await;
    let report = |event: &HostEvent| matches!(event, HostEvent::Report { kind, .. } if kind == "stadion.event-skipped");
    assert!(rig.heard(report), "its owner is told");

    rig.crash().await;
    rig.restart();
    let recovered = rig.host.recover().await;
    assert_eq!((recovered.matches, recovered.ended), (1, 0), "a replay understands it");
    assert!(rig.host.status(id).await.unwrap().tick > Tick(0));
    rig.host.end(id, EndReason::Closed).await.unwrap();
    let (_, journal) = rig.until_ended(id).await;
    let skipped = |record: &Result<Record, _>| matches!(record, Ok(Record::Skipped(_)));
    assert_eq!(Reader::new(&journal).unwrap().filter(skipped).count(), 1);
    rig.replay(version, &journal);
}

#[tokio::test(flavor = "multi_thread")]
async fn players_who_wait_play_on_while_others_are_still_replayed() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let mut last = None;
    for _ in 0..5 {
        let (id, mut players) = rig.play(version, 1).await;
        // The one that somebody comes back to has by far the longest journal.
        for n in 0..if id == MatchId([5; 16]) { 40 } else { 1 } {
            rig.say(&mut players[0], &format!("word {n}"));
            rig.until_message(players[0].conn, &format!("word {n}")).await;
        }
        last = Some((id, rig.until_token(players[0].conn).await, players.remove(0)));
    }
    let (id, token, mut player) = last.unwrap();
    rig.crash().await;
    assert_eq!(rig.restart(), 5);
    rig.hello(id, BACK, Credential::Resume(token), 40);
    let host = std::sync::Arc::clone(&rig.host);
    let recovering = tokio::spawn(async move { host.recover().await });
    assert_eq!(rig.until_told(BACK, welcome).await, (Incarnation(2), 40, 41, false));
    player.conn = BACK;
    rig.say(&mut player, "again");
    assert_eq!(rig.until_message(BACK, "again").await, 41, "play goes on");
    let recovered = recovering.await.unwrap();
    assert_eq!((recovered.matches, recovered.ended), (5, 0));
}

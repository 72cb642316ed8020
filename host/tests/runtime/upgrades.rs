//! Running matches that go on in another version.

use stadion_host::journal::{Reader, Record, Swap};
use stadion_host::link::{ConnId, Credential, ToPlayer};
use stadion_host::model::Event;
use stadion_host::replay::{self, Coverage, ReplayError};
use stadion_protocol::contract::{
    EndReason, ForkMatch, Host, OnDifference, ReserveError, UnknownMatch, UpgradeError, UpgradeWay, Upgraded,
};
use stadion_protocol::{Incarnation, MatchId, Seat, Tick, VersionId};

use crate::guests;
use crate::rig::{Player, Rig, reservation};

const KEEP: UpgradeWay = UpgradeWay::Replay(OnDifference::Keep);
const ACCEPT: UpgradeWay = UpgradeWay::Replay(OnDifference::Accept);

/// A guest that counts what it hears, by this step, and says a letter: the first word heard gives `B` at step 1. `F`
/// finishes. `other` makes it another version.
pub(crate) fn counter(step: u8, other: &str) -> Vec<u8> {
    guests::module(&format!(
        r#";; state
(func $on_step (param $events i32) (param $count i32)
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (if (i32.eq (i32.load8_u (local.get $events)) (i32.const 4)) (then
        (if (i32.eq (i32.load8_u (i32.load offset=12 (local.get $events))) (i32.const 70)) (then
          (call $finish (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
        (global.set $kept (i32.add (global.get $kept) (i32.const {step})))
        (i32.store8 (i32.const 640) (i32.add (i32.const 65) (global.get $kept)))
        (call $send (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 640) (i32.const 1) (i32.const 512))))
      (local.set $events (i32.add (local.get $events) (i32.const 48)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next))))
{other}"#
    ))
}

/// A match in which its player was answered `B`, `C`, `D`.
pub(crate) async fn scene(rig: &mut Rig) -> (VersionId, MatchId, Player) {
    let version = rig.publish(&counter(1, ""));
    let (id, mut players) = rig.play(version, 1).await;
    let mut player = players.remove(0);
    for answer in ["B", "C", "D"] {
        hear(rig, &mut player, answer).await;
    }
    (version, id, player)
}

pub(crate) async fn hear(rig: &Rig, player: &mut Player, answer: &str) -> u64 {
    rig.say(player, "go");
    rig.until_message(player.conn, answer).await
}

async fn upgrade(rig: &Rig, id: MatchId, to: VersionId, way: UpgradeWay) -> Upgraded {
    rig.host.upgrade(id, to, way).await.unwrap()
}

/// Ends a match; its journal replays in all of its versions.
pub(crate) async fn replays(rig: &Rig, id: MatchId, versions: &[VersionId]) -> Vec<Record> {
    rig.host.end(id, EndReason::Closed).await.unwrap();
    let journal = rig.host.journal(id).await.unwrap();
    let mut find = |wanted| {
        let found = versions.iter().find(|version| **version == wanted);
        found.map(|version| rig.loaded(*version)).ok_or(ReplayError::NoVersion { version: wanted, why: String::new() })
    };
    let report = replay::verify_all(&mut find, &journal, &mut |_, _| {}).unwrap();
    assert_eq!((report.first_difference, report.coverage), (None, Coverage::Whole(EndReason::Closed)));
    Reader::new(&journal).unwrap().map(Result::unwrap).collect()
}

fn swap(records: &[Record]) -> &Swap {
    records.iter().find_map(|record| if let Record::Swapped(swap) = record { Some(&swap.by) } else { None }).unwrap()
}

#[tokio::test]
async fn a_match_goes_on_in_a_version_that_plays_the_same() {
    let mut rig = Rig::new();
    let (old, id, mut player) = scene(&mut rig).await;
    let new = rig.publish(&counter(1, "(global $unused (mut i32) (i32.const 7))"));
    let Upgraded::Moved(moved) = upgrade(&rig, id, new, KEEP).await else { panic!("it differs") };
    assert_eq!((moved.incarnation, moved.difference, moved.outdated), (Incarnation(2), None, 0));
    assert!(moved.replayed >= 3 && moved.tick >= Tick(3));
    let status = rig.host.status(id).await.unwrap();
    assert_eq!((status.version, status.incarnation), (new, Incarnation(2)));
    assert_eq!(hear(&rig, &mut player, "E").await, 4, "the same connection, messages numbered on");
    let records = replays(&rig, id, &[old, new]).await;
    assert_eq!(swap(&records), &Swap::Replayed { differs_from: None });
    rig.until_empty().await;
}

#[tokio::test]
async fn a_version_that_plays_otherwise_is_shown_and_the_match_stays() {
    let mut rig = Rig::new();
    let (old, id, mut player) = scene(&mut rig).await;
    let new = rig.publish(&counter(2, ""));
    let Upgraded::Kept(difference) = upgrade(&rig, id, new, KEEP).await else { panic!("it moved") };
    let shown = |data: &[u8]| ("send", "everyone, reliable".to_owned(), data.to_vec());
    let of = |outputs: &[stadion_protocol::contract::ShownOutput]| {
        outputs.iter().map(|output| (output.kind, output.about.clone(), output.data.clone())).collect::<Vec<_>>()
    };
    assert_eq!((of(&difference.before), of(&difference.after)), (vec![shown(b"B")], vec![shown(b"C")]));
    assert!(difference.tick > Tick(0));
    assert_eq!(rig.host.status(id).await.unwrap().incarnation, Incarnation(1));
    hear(&rig, &mut player, "E").await;
    replays(&rig, id, &[old]).await;
}

#[tokio::test]
async fn a_difference_may_be_accepted() {
    let mut rig = Rig::new();
    let (old, id, mut player) = scene(&mut rig).await;
    let new = rig.publish(&counter(2, ""));
    let Upgraded::Moved(moved) = upgrade(&rig, id, new, ACCEPT).await else { panic!("it stayed") };
    let from = moved.difference.unwrap().tick;
    hear(&rig, &mut player, "I").await;
    let records = replays(&rig, id, &[old, new]).await;
    assert_eq!(swap(&records), &Swap::Replayed { differs_from: Some(from.0) });
    let fresh = |record: &Record| match record {
        Record::Tick(tick) => tick.input.events.contains(&Event::Connected { seat: Seat(0), fresh: true }),
        _ => false,
    };
    assert_eq!(records.iter().filter(|record| fresh(record)).count(), 2, "joined, and told everything again");
}

#[tokio::test]
async fn a_match_is_carried_over_by_saving_and_loading() {
    let mut rig = Rig::new();
    let (old, id, mut player) = scene(&mut rig).await;
    let new = rig.publish(&counter(2, ""));
    let Upgraded::Moved(_) = upgrade(&rig, id, new, UpgradeWay::Carry).await else { panic!("it stayed") };
    assert_eq!(hear(&rig, &mut player, "F").await, 4);
    let records = replays(&rig, id, &[old, new]).await;
    assert!(matches!(swap(&records), Swap::Saved(_)));
}

#[tokio::test]
async fn a_match_starts_afresh_with_the_same_players() {
    let mut rig = Rig::new();
    let (old, id, mut player) = scene(&mut rig).await;
    let new = rig.publish(&counter(7, ""));
    let Upgraded::Moved(moved) = upgrade(&rig, id, new, UpgradeWay::Restart).await else { panic!("it stayed") };
    assert_eq!(hear(&rig, &mut player, "H").await, 4);
    let records = replays(&rig, id, &[old, new]).await;
    let after = records.iter().skip_while(|record| !matches!(record, Record::Swapped(_)));
    let first =
        after.clone().find_map(|record| if let Record::Tick(tick) = record { Some(tick) } else { None }).unwrap();
    assert_eq!((first.input.number, first.input.time), (moved.tick.0 + 1, 50_000_000), "time begins anew");
    assert!(matches!(first.input.events[..], [Event::Joined { .. }, Event::Connected { fresh: true, .. }, ..]));
}

#[tokio::test]
async fn upgrades_follow_one_another_and_all_of_it_replays() {
    let mut rig = Rig::new();
    let (one, id, mut player) = scene(&mut rig).await;
    let two = rig.publish(&counter(2, ""));
    let three = rig.publish(&counter(3, ""));
    upgrade(&rig, id, two, UpgradeWay::Carry).await;
    hear(&rig, &mut player, "F").await;
    upgrade(&rig, id, three, ACCEPT).await;
    hear(&rig, &mut player, "J").await;
    upgrade(&rig, id, one, ACCEPT).await;
    hear(&rig, &mut player, "G").await;
    upgrade(&rig, id, two, UpgradeWay::Restart).await;
    let token = rig.until_token(player.conn).await;
    rig.hello(id, ConnId(999), Credential::Resume(token), 6);
    rig.until_told(ConnId(999), |word| matches!(word, ToPlayer::Welcome { seat: Seat(0), .. }).then_some(())).await;
    assert_eq!(rig.host.status(id).await.unwrap().incarnation, Incarnation(5));
    replays(&rig, id, &[one, two, three]).await;
}

#[tokio::test]
async fn what_cannot_be_upgraded_plays_on_and_is_told_why() {
    let mut rig = Rig::new();
    let (old, id, mut player) = scene(&mut rig).await;
    let mute = rig.publish_moody();
    let traps = rig.publish(&guests::guest("trap-load"));
    let missing = rig.host.upgrade(MatchId([200; 16]), old, KEEP).await;
    assert_eq!(missing, Err(UpgradeError::Unknown(UnknownMatch)));
    assert!(matches!(rig.host.upgrade(id, VersionId([0; 32]), KEEP).await, Err(UpgradeError::Artifact(_))));
    assert!(matches!(rig.host.upgrade(id, mute, UpgradeWay::Carry).await, Err(UpgradeError::Unfit(_))));
    assert!(matches!(rig.host.upgrade(id, traps, UpgradeWay::Carry).await, Err(UpgradeError::Failed(_))));
    let starts = rig.publish(&guests::guest("trap-start"));
    assert!(matches!(rig.host.upgrade(id, starts, UpgradeWay::Restart).await, Err(UpgradeError::Failed(_))));
    hear(&rig, &mut player, "E").await;
    replays(&rig, id, &[old]).await;
    assert_eq!(rig.host.upgrade(id, old, KEEP).await, Err(UpgradeError::Ended));
}

#[tokio::test]
async fn a_copy_goes_on_by_itself_and_the_original_knows_nothing() {
    let mut rig = Rig::new();
    let (version, id, mut player) = scene(&mut rig).await;
    let copy = MatchId([99; 16]);
    let forked = rig.host.fork(ForkMatch { of: id, id: copy }).await.unwrap();
    assert_eq!((forked.version, forked.seat_count), (version, 1));
    assert_eq!(hear(&rig, &mut player, "E").await, 4);
    let developer = reservation(7);
    assert_eq!(rig.host.reserve(copy, developer.clone()).await, Ok(Seat(0)), "for the player who sat there");
    assert_eq!(rig.host.reserve(copy, reservation(8)).await, Err(ReserveError::Full));
    let mut stranger = rig.join_as(copy, 0, &developer);
    assert_eq!(rig.until_token(stranger.conn).await.seat, Seat(0));
    // A client numbers on from what its welcome says: three inputs of this seat counted before.
    (0..4).for_each(|_| rig.say(&mut stranger, "go"));
    rig.until_message(stranger.conn, "E").await;
    assert!(rig.host.status(copy).await.unwrap().tick >= forked.tick);
    let journal = rig.host.journal(copy).await.unwrap();
    assert!(rig.replay(version, &journal).ticks > forked.tick.0, "the original's ticks and its own");
    replays(&rig, id, &[version]).await;
}

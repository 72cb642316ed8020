//! Matches that went on in another version, and then outlive their host: on journals in memory, and on a log on disk.

use stadion_host::journal::{Record, Swap};
use stadion_host::link::{ConnId, Credential};
use stadion_host::model::Event;
use stadion_protocol::contract::{Host, OnDifference, UpgradeWay, Upgraded};
use stadion_protocol::token::ResumeToken;
use stadion_protocol::{Incarnation, MatchId, Seat, VersionId};

use crate::rig::{Player, Rig};
use crate::upgrades::{counter, hear, replays, scene};

/// A way into another version, what its player is answered next, and whether the game is to be told that the player knows
/// nothing.
struct Case {
    way: UpgradeWay,
    /// What the new version counts each input with.
    step: u8,
    answers: [&'static str; 2],
    afresh: bool,
}

const CASES: [Case; 4] = [
    Case { way: UpgradeWay::Replay(OnDifference::Keep), step: 1, answers: ["E", "F"], afresh: false },
    Case { way: UpgradeWay::Replay(OnDifference::Accept), step: 2, answers: ["I", "K"], afresh: true },
    Case { way: UpgradeWay::Carry, step: 2, answers: ["F", "H"], afresh: true },
    Case { way: UpgradeWay::Restart, step: 7, answers: ["H", "O"], afresh: false },
];

/// The host is gone; the next one brings the match back, and its player returns on another connection.
async fn crash(rig: &mut Rig, id: MatchId, player: &mut Player, (token, has): (ResumeToken, u64)) {
    rig.crash().await;
    assert_eq!(rig.restart(), 1);
    let back = ConnId(player.conn.0 + 1_000);
    rig.hello(id, back, Credential::Resume(token), has);
    let recovered = rig.host.recover().await;
    assert_eq!((recovered.matches, recovered.ended), (1, 0));
    player.conn = back;
}

/// A match that has gone on in another version by this case.
async fn upgraded(rig: &mut Rig, case: &Case) -> ([VersionId; 2], MatchId, Player) {
    let (old, id, player) = scene(rig).await;
    let new = rig.publish(&counter(case.step, "(global $another (mut i32) (i32.const 7))"));
    let done = rig.host.upgrade(id, new, case.way).await.unwrap();
    assert!(matches!(done, Upgraded::Moved(_)), "{done:?}");
    ([old, new], id, player)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_that_was_upgraded_is_back_in_its_new_version() {
    for (mut rig, case) in CASES.iter().flat_map(|case| [(Rig::new(), case), (Rig::on_disk(), case)]) {
        let (versions, id, mut player) = upgraded(&mut rig, case).await;
        let token = rig.until_token(player.conn).await;
        hear(&rig, &mut player, case.answers[0]).await;
        crash(&mut rig, id, &mut player, (token, 4)).await;
        let status = rig.host.status(id).await.unwrap();
        assert_eq!((status.version, status.incarnation), (versions[1], Incarnation(3)), "{:?}", case.way);
        assert_eq!(hear(&rig, &mut player, case.answers[1]).await, 5, "numbers go on");
        replays(&rig, id, &versions).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_right_after_an_upgrade_changes_nothing_about_it() {
    for (mut rig, case) in CASES.iter().flat_map(|case| [(Rig::new(), case), (Rig::on_disk(), case)]) {
        let (versions, id, mut player) = upgraded(&mut rig, case).await;
        let token = rig.until_token(player.conn).await;
        crash(&mut rig, id, &mut player, (token, 3)).await;
        assert_eq!(hear(&rig, &mut player, case.answers[0]).await, 4, "{:?}", case.way);
        let records = replays(&rig, id, &versions).await;
        let after = records.iter().skip_while(|record| !matches!(record, Record::Swapped(_)));
        let told: Vec<&Event> = after.filter_map(events).flatten().collect();
        let afresh = Event::Connected { seat: Seat(0), fresh: true };
        assert_eq!(told.contains(&&afresh), case.afresh, "{:?}: {told:?}", case.way);
        let introduced = told.iter().any(|event| matches!(event, Event::Joined { .. }));
        assert_eq!(introduced, case.way == UpgradeWay::Restart);
    }
}

fn events(record: &Record) -> Option<&[Event]> {
    if let Record::Tick(tick) = record { Some(&tick.input.events) } else { None }
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrades_and_crashes_in_turn_are_all_of_one_match() {
    for mut rig in [Rig::new(), Rig::on_disk()] {
        let (one, id, mut player) = scene(&mut rig).await;
        let (two, three) = (rig.publish(&counter(2, "")), rig.publish(&counter(3, "")));
        let accept = UpgradeWay::Replay(OnDifference::Accept);
        let turns =
            [(two, UpgradeWay::Carry, "F"), (three, accept, "J"), (one, accept, "G"), (two, UpgradeWay::Restart, "C")];
        for (nth, (to, way, answer)) in (4..).zip(turns) {
            rig.host.upgrade(id, to, way).await.unwrap();
            hear(&rig, &mut player, answer).await;
            let token = rig.until_token(player.conn).await;
            crash(&mut rig, id, &mut player, (token, nth)).await;
        }
        let records = replays(&rig, id, &[one, two, three]).await;
        let swaps =
            records.iter().filter_map(|record| if let Record::Swapped(swap) = record { Some(&swap.by) } else { None });
        assert!(matches!(
            swaps.collect::<Vec<_>>()[..],
            [Swap::Saved(_), Swap::Replayed { .. }, Swap::Replayed { .. }, Swap::Begun { .. }]
        ));
    }
}

//! Who is called when, and what waits meanwhile.

use stadion_protocol::contract::MatchState;
use stadion_protocol::{Incarnation, Tick, VersionId};
use tokio::sync::oneshot;

use super::*;
use crate::shard::Key;

/// A match in bed whose time comes so much later.
fn bed(n: u8, wakes_in: Option<Duration>) -> Box<Bed> {
    let status = MatchStatus {
        id: MatchId([n; 16]),
        game: "chess".parse().unwrap(),
        version: VersionId([1; 32]),
        state: MatchState::Hibernated,
        incarnation: Incarnation(1),
        tick: Tick(1),
        seat_count: 2,
        seats: Vec::new(),
        open: true,
        label: String::new(),
    };
    let wakes_at = wakes_in.map(|time| clock::now() + time);
    let asleep = Asleep { status, wakes_at, rest: Rest::default() };
    Box::new(Bed { asleep, version: None, stats: MatchStats::default(), mailbox: Arc::default() })
}

fn called(dormant: &Dormant) -> Option<u8> {
    dormant.beds().next(clock::now()).map(|called| called.id.0[0])
}

#[test]
fn whoever_is_asked_for_comes_before_those_whose_time_has_come() {
    let dormant = Dormant::default();
    dormant.tuck_in(bed(1, Some(Duration::ZERO)));
    dormant.tuck_in(bed(2, None));
    dormant.tuck_in(bed(3, Some(Duration::from_secs(60))));
    dormant.knock(&MatchId([2; 16]));
    assert_eq!([called(&dormant), called(&dormant), called(&dormant)], [Some(2), Some(1), None]);
}

#[test]
fn a_match_is_called_once_however_often_somebody_knocks() {
    let dormant = Dormant::default();
    let id = MatchId([1; 16]);
    dormant.tuck_in(bed(1, None));
    (0..10).for_each(|_| dormant.knock(&id));
    assert_eq!(called(&dormant), Some(1));
    dormant.knock(&id);
    assert_eq!(called(&dormant), None, "it is being brought back");
    dormant.again(&id, Duration::ZERO, 0);
    assert_eq!(called(&dormant), Some(1), "and tried again when there is room");
    dormant.leave(&id);
    dormant.knock(&id);
    assert_eq!((called(&dormant), dormant.count()), (None, 0));
}

#[test]
fn questions_wait_for_the_match_and_are_bounded() {
    let dormant = Dormant::default();
    let id = MatchId([1; 16]);
    let question = || Command::Wake(Key::UNKNOWN, oneshot::channel().0);
    assert!(!dormant.ask(&id, question()), "nobody is in bed");
    dormant.tuck_in(bed(1, None));
    assert_eq!((0..1_000).filter(|_| dormant.ask(&id, question())).count(), MAX_QUESTIONS);
    assert_eq!(dormant.leave(&id).len(), MAX_QUESTIONS);
}

#[test]
fn nobody_waits_for_a_match_once_the_beds_are_closed() {
    let dormant = Dormant::default();
    dormant.tuck_in(bed(1, None));
    dormant.close();
    assert!(dormant.next().is_none());
    assert_eq!(dormant.count(), 0);
}

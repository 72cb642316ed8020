//! What every coordination must do. Each implementation runs this on a fresh instance.

use std::time::Duration;

use stadion_protocol::MatchId;

use super::{Claim, Committed, Coordination, FieldChange, Guard, KEPT, KEPT_FOR, Listener, OpenMatch, Rate, Told};
use crate::testing::TestClock;

/// How time passes for what is tested.
pub(super) enum Time<'a> {
    /// Where it is told to.
    Set(&'a TestClock),
    /// By itself.
    Real,
}

impl Time<'_> {
    async fn pass(&self, by: Duration) {
        match self {
            Time::Set(clock) => clock.advance(by),
            // A little more: the other side rounds to milliseconds.
            Time::Real => tokio::time::sleep(by + Duration::from_millis(5)).await,
        }
    }
}

pub(super) async fn run(coordination: &dyn Coordination, time: Time<'_>) {
    notes_are_put_once_and_expire(coordination, &time).await;
    notes_are_swapped_by_what_they_say(coordination).await;
    buckets_refill_one_by_one(coordination, &time).await;
    sets_hold_no_more_than_their_limit(coordination).await;
    the_fullest_match_is_claimed_first(coordination).await;
    a_lease_has_one_holder_and_a_greater_number_each_time(coordination, &time).await;
    maps_hold_fields_up_to_a_limit(coordination).await;
    whoever_lost_the_lease_changes_nothing(coordination, &time).await;
    topics_are_heard_in_order_by_everybody(coordination).await;
    who_comes_back_goes_on_where_it_was(coordination).await;
    who_comes_back_too_late_is_told(coordination, &time).await;
    a_slow_listener_catches_up_or_is_told(coordination).await;
}

const SECOND: Duration = Duration::from_secs(1);

fn id(n: u8) -> MatchId {
    MatchId([n; 16])
}

async fn notes_are_put_once_and_expire(c: &dyn Coordination, time: &Time<'_>) {
    assert_eq!(c.put_new("n", b"1", SECOND).await.unwrap(), None);
    assert_eq!(c.put_new("n", b"2", SECOND).await.unwrap().as_deref(), Some(&b"1"[..]));
    c.put("n", b"3", SECOND).await.unwrap();
    assert_eq!(c.get("n").await.unwrap().as_deref(), Some(&b"3"[..]));
    time.pass(SECOND).await;
    assert_eq!(c.get("n").await.unwrap(), None);
    assert_eq!(c.put_new("n", b"4", SECOND).await.unwrap(), None);
    c.remove_if("n", b"3").await.unwrap();
    assert_eq!(c.get("n").await.unwrap().as_deref(), Some(&b"4"[..]));
    c.remove_if("n", b"4").await.unwrap();
    assert_eq!(c.get("n").await.unwrap(), None);
    c.put("n", &[0, 255, b'\n'], SECOND).await.unwrap();
    assert_eq!(c.get("n").await.unwrap().as_deref(), Some(&[0, 255, b'\n'][..]), "any bytes");
    c.remove("n").await.unwrap();
    assert_eq!(c.get("n").await.unwrap(), None);
}

async fn notes_are_swapped_by_what_they_say(c: &dyn Coordination) {
    let swap = async |expected: Option<&[u8]>, value: &[u8]| c.swap("w", expected, value, 60 * SECOND).await.unwrap();
    assert!(!swap(Some(b"1"), b"2").await, "there is none");
    assert!(swap(None, b"1").await);
    assert!(!swap(None, b"2").await);
    assert!(!swap(Some(b"0"), b"2").await);
    assert!(swap(Some(b"1"), b"2").await);
    assert_eq!(c.get("w").await.unwrap().as_deref(), Some(&b"2"[..]));
}

async fn buckets_refill_one_by_one(c: &dyn Coordination, time: &Time<'_>) {
    let rate = Rate { burst: 3, every: SECOND };
    for remaining in [2, 1, 0] {
        let allowance = c.take("b", rate).await.unwrap();
        assert!(allowance.allowed);
        assert_eq!(allowance.remaining, remaining);
    }
    let refused = c.take("b", rate).await.unwrap();
    assert!(!refused.allowed);
    assert!(refused.retry_after > Duration::ZERO && refused.retry_after <= SECOND, "{refused:?}");
    assert_eq!(refused.full_in, refused.retry_after + 2 * SECOND);
    assert!(c.take("other", rate).await.unwrap().allowed, "buckets are apart");
    time.pass(SECOND).await;
    assert!(c.take("b", rate).await.unwrap().allowed);
    assert!(!c.take("b", rate).await.unwrap().allowed);
}

async fn sets_hold_no_more_than_their_limit(c: &dyn Coordination) {
    assert!(c.join_set("s", id(1), 2).await.unwrap());
    assert!(c.join_set("s", id(1), 2).await.unwrap(), "a member stays one");
    assert!(c.join_set("s", id(2), 2).await.unwrap());
    assert!(!c.join_set("s", id(3), 2).await.unwrap());
    c.leave_set("s", id(1)).await.unwrap();
    assert!(c.join_set("s", id(3), 2).await.unwrap());
}

async fn the_fullest_match_is_claimed_first(c: &dyn Coordination) {
    let claim =
        async |except: &[MatchId], n| c.claim_or_list("p", except, OpenMatch { id: id(n), free: 3 }).await.unwrap();
    assert_eq!(claim(&[], 1).await, Claim::Create);
    c.list("p", OpenMatch { id: id(2), free: 2 }).await.unwrap();
    c.set_free("p", OpenMatch { id: id(2), free: 1 }).await.unwrap();
    assert_eq!(claim(&[], 9).await, Claim::Join(id(2)), "it lacks one player, the other three");
    assert_eq!(claim(&[], 9).await, Claim::Join(id(1)), "the other is full now");
    c.set_free("p", OpenMatch { id: id(2), free: 1 }).await.unwrap();
    assert_eq!(claim(&[], 9).await, Claim::Join(id(2)), "somebody left");
    c.unlist("p", id(1)).await.unwrap();
    c.set_free("p", OpenMatch { id: id(1), free: 2 }).await.unwrap();
    assert_eq!(claim(&[], 3).await, Claim::Create, "what is not listed is not brought back by a late word");
    c.list("p", OpenMatch { id: id(4), free: 3 }).await.unwrap();
    assert_eq!(claim(&[], 9).await, Claim::Join(id(3)), "of equals, the oldest");
    assert_eq!(claim(&[id(3)], 9).await, Claim::Join(id(4)), "one that refused is passed over");
}

async fn a_lease_has_one_holder_and_a_greater_number_each_time(c: &dyn Coordination, time: &Time<'_>) {
    let first = c.lease("l", "a", SECOND).await.unwrap().unwrap();
    assert_eq!(c.lease("l", "b", SECOND).await.unwrap(), None);
    assert_eq!(c.lease("l", "a", SECOND).await.unwrap(), Some(first), "renewed, not taken anew");
    time.pass(SECOND).await;
    let second = c.lease("l", "b", 60 * SECOND).await.unwrap().unwrap();
    assert!(second > first);
    assert_eq!(c.lease("l", "a", SECOND).await.unwrap(), None);
    c.give_back("l", "a").await.unwrap();
    assert_eq!(c.lease("l", "a", SECOND).await.unwrap(), None, "only its holder gives it back");
    c.give_back("l", "b").await.unwrap();
    assert!(c.lease("l", "b", SECOND).await.unwrap().unwrap() > second, "taken again is taken anew");
}

async fn maps_hold_fields_up_to_a_limit(c: &dyn Coordination) {
    assert!(c.map_put("m", "a", b"1", 2).await.unwrap());
    assert!(c.map_put("m", "b", b"1", 2).await.unwrap());
    assert!(!c.map_put("m", "c", b"1", 2).await.unwrap());
    assert!(c.map_put("m", "b", b"2", 2).await.unwrap(), "what is there may change");
    assert!(!c.map_swap("m", "b", b"1", b"3").await.unwrap());
    assert!(c.map_swap("m", "b", b"2", b"3").await.unwrap());
    assert!(!c.map_swap("m", "d", b"", b"3").await.unwrap());
    let mut entries = c.map_entries("m").await.unwrap();
    entries.sort();
    assert_eq!(entries, [("a".to_owned(), b"1".to_vec()), ("b".to_owned(), b"3".to_vec())]);
    assert_eq!(c.map_take("m", "b").await.unwrap(), Some(b"3".to_vec()));
    assert_eq!(c.map_take("m", "b").await.unwrap(), None, "one gets it");
    assert_eq!((c.map_get("m", "a").await.unwrap(), c.map_get("m", "b").await.unwrap()), (Some(b"1".to_vec()), None));
}

async fn whoever_lost_the_lease_changes_nothing(c: &dyn Coordination, time: &Time<'_>) {
    let change = |field: &str, expected: &[u8], value: Option<&[u8]>| FieldChange {
        field: field.to_owned(),
        expected: expected.to_vec(),
        value: value.map(<[u8]>::to_vec),
    };
    let first = Guard { lease: "g", fence: c.lease("g", "a", SECOND).await.unwrap().unwrap() };
    let commit = async |guard: Guard<'_>, changes: &[FieldChange]| c.map_commit(guard, "f", changes).await.unwrap();
    for field in ["a", "b", "c"] {
        assert!(c.map_put("f", field, &[0, 255], 9).await.unwrap());
    }
    let both = [change("a", &[0, 255], Some(b"1")), change("b", &[0, 255], None)];
    assert_eq!(commit(first, &both).await, Committed::Done);
    assert_eq!((c.map_get("f", "a").await.unwrap(), c.map_get("f", "b").await.unwrap()), (Some(b"1".to_vec()), None));
    let one_is_gone = [change("c", &[0, 255], Some(b"2")), change("b", &[0, 255], Some(b"2"))];
    assert_eq!(commit(first, &one_is_gone).await, Committed::Changed);
    assert_eq!(c.map_get("f", "c").await.unwrap(), Some(vec![0, 255]), "all or none");
    time.pass(SECOND).await;
    assert_eq!(commit(first, &[]).await, Committed::Done, "nobody else has it");
    let second = Guard { lease: "g", fence: c.lease("g", "b", 60 * SECOND).await.unwrap().unwrap() };
    assert_eq!(commit(first, &[]).await, Committed::Fenced);
    assert_eq!(commit(first, &[change("a", b"1", None)]).await, Committed::Fenced);
    assert_eq!(commit(second, &[change("a", b"1", None)]).await, Committed::Done);
    c.give_back("g", "b").await.unwrap();
    assert_eq!(commit(second, &[]).await, Committed::Done, "nobody else has it yet");
    c.lease("g", "b", SECOND).await.unwrap().unwrap();
    assert_eq!(commit(second, &[]).await, Committed::Fenced, "taken again is taken anew");
    assert_eq!(commit(Guard { lease: "unknown", ..second }, &[]).await, Committed::Fenced);
}

async fn next(listener: &mut Listener) -> Told {
    tokio::time::timeout(10 * SECOND, listener.next()).await.expect("something is told").unwrap()
}

fn message(number: u64, bytes: &'static [u8]) -> Told {
    Told::Message { number, bytes: bytes.into() }
}

async fn topics_are_heard_in_order_by_everybody(c: &dyn Coordination) {
    c.tell("t", b"nobody heard this").await.unwrap();
    let mut listeners = [c.listen("t", None).await.unwrap(), c.listen("t", None).await.unwrap()];
    let mut elsewhere = c.listen("u", None).await.unwrap();
    let (one, two) = (c.tell("t", b"one").await.unwrap(), c.tell("t", b"two").await.unwrap());
    assert!(two > one);
    for listener in &mut listeners {
        assert_eq!((next(listener).await, next(listener).await), (message(one, b"one"), message(two, b"two")));
    }
    let other = c.tell("u", b"other").await.unwrap();
    assert_eq!(next(&mut elsewhere).await, message(other, b"other"));
    assert!(c.tell("t", &vec![0; super::MESSAGE_BYTES + 1]).await.is_err());
}

async fn who_comes_back_goes_on_where_it_was(c: &dyn Coordination) {
    let mut listener = c.listen("back", None).await.unwrap();
    let first = c.tell("back", b"1").await.unwrap();
    assert_eq!(next(&mut listener).await, message(first, b"1"));
    drop(listener);
    let second = c.tell("back", b"2").await.unwrap();
    let mut listener = c.listen("back", Some(first)).await.unwrap();
    let third = c.tell("back", b"3").await.unwrap();
    assert_eq!((next(&mut listener).await, next(&mut listener).await), (message(second, b"2"), message(third, b"3")));
}

async fn who_comes_back_too_late_is_told(c: &dyn Coordination, time: &Time<'_>) {
    let first = c.tell("late", b"1").await.unwrap();
    for _ in 0..=KEPT {
        c.tell("late", b"more").await.unwrap();
    }
    let mut listener = c.listen("late", Some(first)).await.unwrap();
    assert_eq!(next(&mut listener).await, Told::Gap);
    assert!(matches!(next(&mut listener).await, Told::Message { .. }));
    let mut stranger = c.listen("late", Some(u64::MAX)).await.unwrap();
    assert_eq!(next(&mut stranger).await, Told::Gap, "a number of before everything was lost");
    if let Time::Set(_) = time {
        time.pass(KEPT_FOR).await;
        let mut listener = c.listen("late", Some(first)).await.unwrap();
        assert_eq!(next(&mut listener).await, Told::Gap);
        let last = c.tell("late", b"new").await.unwrap();
        assert_eq!(next(&mut listener).await, message(last, b"new"));
    }
}

async fn a_slow_listener_catches_up_or_is_told(c: &dyn Coordination) {
    let mut listener = c.listen("slow", None).await.unwrap();
    let mut last = 0;
    for _ in 0..1000 {
        last = c.tell("slow", b"quick").await.unwrap();
    }
    let (mut gaps, mut heard) = (0, 0);
    while heard != last {
        match next(&mut listener).await {
            Told::Gap => gaps += 1,
            Told::Message { number, .. } => {
                assert!(number > heard, "in order");
                heard = number;
            }
        }
    }
    assert!(gaps >= 1, "1,000 messages are more than wait");
}

/// Two replicas on one service.
pub(super) async fn replicas(here: &dyn Coordination, there: &dyn Coordination) {
    let mut listener = there.listen("across", None).await.unwrap();
    let number = here.tell("across", b"over here").await.unwrap();
    assert_eq!(next(&mut listener).await, message(number, b"over here"));
    assert_eq!(here.put_new("across", b"here", 60 * SECOND).await.unwrap(), None);
    assert_eq!(there.put_new("across", b"there", 60 * SECOND).await.unwrap().as_deref(), Some(&b"here"[..]));
    assert!(here.lease("across", "here", 60 * SECOND).await.unwrap().is_some());
    assert!(there.lease("across", "there", 60 * SECOND).await.unwrap().is_none());
}

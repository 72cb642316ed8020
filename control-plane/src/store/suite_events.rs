//! What every store must do with events.

use futures_util::future::join_all;
use serde_json::json;
use stadion_protocol::{MatchId, VersionId};

use super::Store;
use super::suite::game;
use crate::model::{Event, EventFilter, EventKind, EventScope, NewEvent, PageRequest, UnixMs};

pub(super) async fn run(store: &dyn Store) {
    the_life_of_matches_was_kept_with_their_rows(store).await;
    events_are_listed_newest_first_and_narrowed(store).await;
    events_are_followed_without_a_gap(store).await;
    events_that_are_old_or_take_too_much_go_in_steps(store).await;
}

fn event(of: &str, at: u64) -> NewEvent {
    NewEvent { game: Some(game(of)), ..NewEvent::report(UnixMs(at), "goal", &format!("{{\"n\":{at}}}")) }
}

async fn listed(store: &dyn Store, filter: EventFilter) -> Vec<Event> {
    store.events(&filter, &PageRequest { after: None, limit: 100 }).await.unwrap().items
}

fn of_game(name: &str) -> EventFilter {
    EventFilter { scope: EventScope::Game(game(name)), ..EventFilter::default() }
}

/// Matches 1 and 2 of the suite before ended, 2 before its creation was written; each was written more than once.
async fn the_life_of_matches_was_kept_with_their_rows(store: &dyn Store) {
    let of = async |n: u8| {
        let filter = EventFilter { of: Some(MatchId([n; 16])), ..EventFilter::default() };
        listed(store, filter).await.into_iter().map(|event| event.kind).collect::<Vec<_>>()
    };
    assert_eq!(of(1).await, [EventKind::MatchFailed, EventKind::MatchStarted]);
    assert_eq!(of(2).await, [EventKind::MatchStarted, EventKind::MatchFailed]);
    assert_eq!(of(3).await, [EventKind::MatchStarted]);
    let failed = EventFilter { of: Some(MatchId([1; 16])), kinds: vec![EventKind::MatchFailed], ..of_game("chess") };
    let failed = listed(store, failed).await.remove(0);
    assert_eq!((failed.at, failed.version), (UnixMs(200), Some(VersionId([1; 32]))));
    assert_eq!(failed.host.unwrap().as_str(), "h-1");
    let data: serde_json::Value = serde_json::from_str(&failed.data).unwrap();
    assert_eq!((&data["reason"], &data["tick"]), (&json!("trapped"), &json!(42)));
    assert_eq!(data["placings"], json!([{"seat": 0, "rank": 1, "score": -5}]));
}

async fn events_are_listed_newest_first_and_narrowed(store: &dyn Store) {
    let host = "h-9".parse().unwrap();
    let up = NewEvent { once: Some("up/1".to_owned()), ..NewEvent::new(EventKind::HostUp, UnixMs(5)).on(&host) };
    let of_match = NewEvent { of: Some(MatchId([9; 16])), host: Some(host.clone()), ..event("dice", 20) };
    let other = NewEvent { name: Some("foul".to_owned()), ..event("dice", 30) };
    store.append_events(&[up.clone(), event("dice", 10), of_match, other]).await.unwrap();
    store.append_events(&[up, event("dice", 40)]).await.unwrap();
    store.append_events(&[]).await.unwrap();
    let at = async |filter| listed(store, filter).await.into_iter().map(|event| event.at.0).collect::<Vec<_>>();
    assert_eq!(at(of_game("dice")).await, [40, 30, 20, 10]);
    for (filter, wanted) in [
        (EventFilter { name: Some("foul".to_owned()), ..of_game("dice") }, vec![30]),
        (EventFilter { of: Some(MatchId([9; 16])), ..of_game("dice") }, vec![20]),
        (EventFilter { since: Some(UnixMs(20)), until: Some(UnixMs(40)), ..of_game("dice") }, vec![30, 20]),
        (EventFilter { kinds: vec![EventKind::MatchEnded, EventKind::HostUp], ..of_game("dice") }, vec![]),
        (EventFilter { scope: EventScope::NoGame, ..EventFilter::default() }, vec![5]),
        (EventFilter { host: Some(host), ..EventFilter::default() }, vec![20, 5]),
    ] {
        assert_eq!(at(filter.clone()).await, wanted, "{filter:?}");
    }
    let page = store.events(&of_game("dice"), &PageRequest { after: None, limit: 3 }).await.unwrap();
    assert_eq!(page.items[1].name.as_deref(), Some("foul"));
    let rest = store.events(&of_game("dice"), &PageRequest { after: page.next, limit: 3 }).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
}

async fn events_are_followed_without_a_gap(store: &dyn Store) {
    const WRITERS: u64 = 8;
    const EACH: u64 = 5;
    let mut after = store.last_event().await.unwrap();
    let write = async |n: u64| {
        for i in 0..EACH {
            store.append_events(&[event("ludo", n * 100 + i), event("other", 1)]).await.unwrap();
        }
    };
    let mut read = Vec::new();
    let follow = async {
        // It ends: every event is read, or the test fails for the time.
        while read.len() < usize::try_from(WRITERS * EACH).unwrap() {
            let page = store.events_since(&of_game("ludo"), after, 3).await.unwrap();
            assert!(page.items.iter().all(|event| event.number > after) && page.upto >= after);
            after = page.upto;
            read.extend(page.items.into_iter().map(|event| event.at.0));
        }
    };
    let both = async { tokio::join!(join_all((0..WRITERS).map(write)), follow) };
    tokio::time::timeout(std::time::Duration::from_secs(30), both).await.expect("nothing is missed");
    for n in 0..WRITERS {
        let of_one: Vec<u64> = read.iter().copied().filter(|at| at / 100 == n).collect();
        assert_eq!(of_one, (0..EACH).map(|i| n * 100 + i).collect::<Vec<_>>(), "in order, each once");
    }
    let newest = store.last_event().await.unwrap();
    assert_eq!(
        store.events_since(&of_game("ludo"), after, 3).await.unwrap().upto,
        newest,
        "and others' are passed over"
    );
}

async fn events_that_are_old_or_take_too_much_go_in_steps(store: &dyn Store) {
    let none_old = async |bytes| store.prune_events(UnixMs(0), bytes, 4).await.unwrap();
    assert_eq!(none_old(u64::MAX).await, 0);
    let size = event("full", 1_000).bytes();
    let full: Vec<_> = (1_000..1_010).map(|at| event("full", at)).collect();
    for _ in 0..20 {
        store.append_events(&full).await.unwrap();
    }
    // More than every other game of this suite has.
    let mut removed = 0;
    while store.events(&of_game("full"), &PageRequest { after: None, limit: 200 }).await.unwrap().items.len() > 150 {
        let step = none_old(150 * size).await;
        assert!((1..=4).contains(&step), "in steps: {step}");
        removed += step;
    }
    assert_eq!((removed, none_old(150 * size).await), (50, 0));
    let left = listed(store, of_game("full")).await;
    assert_eq!(left[0].at.0, 1_009, "the newest stay");
    let mut aged = 0;
    loop {
        match store.prune_events(UnixMs(1_001), u64::MAX, 200).await.unwrap() {
            0 => break,
            step => aged += step,
        }
    }
    assert!(aged > 15, "{aged}");
    assert!(listed(store, EventFilter { until: Some(UnixMs(1_001)), ..EventFilter::default() }).await.is_empty());
    assert_eq!(listed(store, of_game("ludo")).await, []);
}

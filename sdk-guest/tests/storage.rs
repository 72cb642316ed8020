//! What outlives a match, and what its owner's backend knows, in a game's own tests.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use stadion_sdk::prelude::*;
use stadion_sdk::storage::{Document, Request, StorageError};
use stadion_sdk::testing::Documents;

#[derive(Default)]
#[state]
struct Record {
    played: u32,
}

/// Counts the matches of each player; whoever says something buys a hat.
#[state]
struct Counter {
    asked: Vec<(Request, Seat)>,
    heard: Vec<String>,
}

#[message]
enum In {
    Count,
    Buy,
    Crowd,
}

impl Game for Counter {
    const INFO: Info = Info::new("counter").seats(1..=2);
    type In = In;
    type Out = String;
    type View = u8;
    type Timer = ();

    fn start(_: &Cx<Self>) -> Self {
        Counter { asked: Vec::new(), heard: Vec::new() }
    }

    fn message(&mut self, cx: &Cx<Self>, from: Seat, message: In) {
        let storage = cx.storage(Some(from)).unwrap();
        match message {
            In::Count => self.asked.push((storage.get("record").unwrap(), from)),
            In::Buy => drop(cx.call("shop", r#"{"bought":"hat"}"#).unwrap()),
            In::Crowd => {
                let refused = (0..100).find_map(|_| storage.get("record").err());
                cx.send(from, &format!("{refused:?}, {:?}", storage.get("")));
            }
        }
    }

    fn answer(&mut self, cx: &Cx<Self>, request: Request, answer: Result<Document, StorageError>) {
        let Some(at) = self.asked.iter().position(|(asked, _)| *asked == request) else {
            return cx.broadcast(&format!("written: {:?}", answer.map(|document| document.version)));
        };
        let (_, seat) = self.asked.remove(at);
        let (version, mut record) = match &answer {
            Ok(document) => (document.version, document.value::<Record>().unwrap()),
            Err(StorageError::NotFound) => (0, Record::default()),
            Err(why) => return cx.broadcast(&format!("{why:?}")),
        };
        record.played += 1;
        cx.send(seat, &format!("played {}", record.played));
        cx.storage(Some(seat)).unwrap().put_value("record", Some(version), &record).unwrap();
    }

    fn called(&mut self, cx: &Cx<Self>, _: Request, answer: Result<Vec<u8>, StorageError>) {
        cx.broadcast(&format!("shop: {:?}", answer.map(|bytes| String::from_utf8(bytes).unwrap())));
    }

    fn view(&self, _: &Cx<Self>, _: Seat) -> u8 {
        0
    }
}
game!(Counter, save);

#[test]
fn what_one_match_writes_the_next_one_reads() {
    let mut first = Match::<Counter>::with_players(1);
    first.send(0, In::Count);
    assert_eq!(first.received(0), ["played 1", "written: Ok(1)"]);
    assert!(first.documents().get(Some("player-0"), "record").is_some());
    let mut second = Match::<Counter>::plan().documents(first.documents().clone()).players(2);
    second.send(0, In::Count);
    assert_eq!(second.received(0)[0], "played 2");
    second.send(1, In::Count);
    assert_eq!(second.received(1)[1], "played 1", "documents are of one player");
}

#[test]
fn of_two_writes_over_one_version_the_second_is_told() {
    let mut m = Match::<Counter>::with_players(1);
    m.send(0, In::Count).send(0, In::Count);
    assert_eq!(m.received(0)[2..], ["played 2", "written: Ok(2)"]);
    let odd = Documents::new().with(Some("player-0"), "record", b"no record");
    assert_eq!(odd.get(Some("player-0"), "record"), Some(&b"no record"[..]));
    assert_eq!(odd.get(None, "record"), None);
}

#[test]
fn a_lost_database_and_a_backend_are_played() {
    let mut m = Match::<Counter>::with_players(1);
    m.set_storage_fails(true).send(0, In::Count);
    assert_eq!(m.received(0), ["RequestError::Unavailable"]);
    m.send(0, In::Buy);
    assert_eq!(m.received(0), ["shop: Err(RequestError::Denied)"], "nobody registered it");
    m.set_backend(|endpoint, json| Ok(format!("{endpoint} {json}").into_bytes())).send(0, In::Buy);
    assert_eq!(m.received(0), [r#"shop: Ok("shop {\"bought\":\"hat\"}")"#]);
}

#[test]
fn too_much_at_once_is_refused_at_once() {
    let mut m = Match::<Counter>::with_players(1);
    m.send(0, In::Crowd);
    assert_eq!(m.received(0)[0], "Some(RequestError::OverQuota), Err(RequestError::Denied)");
}

#[test]
fn answers_to_what_was_asked_before_a_restart_are_nobodys() {
    let mut m = Match::<Counter>::with_players(1);
    m.answer_raw(1, Ok(vec![0; 8])).answer_raw(7, Err(StorageError::Unavailable));
    assert_eq!(m.received(0), Vec::<String>::new(), "this instance has asked for nothing");
    m.send(0, In::Count);
    assert_eq!(m.received(0), ["played 1", "written: Ok(1)"]);
}

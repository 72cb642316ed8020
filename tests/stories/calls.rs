//! A match asks its owner's backend, over a server that is killed between the request and the answer.

use std::time::Duration;

use serde_json::json;
use stadion_api::operations as ops;
use stadion_client::{RawEvent, RawMatch};
use stadion_host::journal::{Reader, Record};
use stadion_host::model::Event;
use stadion_tests::api::text;
use stadion_tests::{Backend, Server, caller, chaos};

/// No answer takes longer.
const LONGEST: Duration = Duration::from_secs(60);

/// The next thing that the game says.
async fn next_word(seat: &mut RawMatch) -> String {
    let word = async {
        loop {
            match seat.next().await {
                RawEvent::Message(bytes) => return String::from_utf8(bytes.to_vec()).unwrap(),
                RawEvent::End(end) => panic!("the match ended: {end:?}"),
                _ => {}
            }
        }
    };
    tokio::time::timeout(LONGEST, word).await.expect("the game says something")
}

/// Answers that a journal has, as the game got them.
fn answers(journal: &[u8]) -> Vec<(u64, String)> {
    let mut answers = Vec::new();
    for record in Reader::new(journal).unwrap() {
        let Record::Tick(tick) = record.unwrap() else { continue };
        for event in &tick.input.events {
            if let Event::Answer { request, outcome } = event {
                answers.push((*request, String::from_utf8(outcome.clone().unwrap()).unwrap()));
            }
        }
    }
    answers
}

/// How the backend knows which call of which match it is.
fn name_of(id: &str, call: &str) -> String {
    format!("call_{id}_{call}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_the_servers_process_and_is_answered_once() {
    let mut server = Server::durable(&[]);
    server.api().publish("caller", caller::wasm()).await;
    let backend = Backend::start().await;
    let hook = json!({"name": "bank", "url": backend.url, "kinds": []});
    let (status, made) = server.api().call(ops::CREATE_WEBHOOK, &["caller"], &hook).await;
    assert_eq!(status, 201, "{made}");
    let ada = server.api().guest("ada").await;
    let (status, joined) = ada.api.play("caller", &json!({"create": "private"})).await;
    assert!(status.is_success(), "{joined}");
    let id = text(&joined["match"], "id").to_owned();
    let mut seat = chaos::enter(&joined).await;

    // Asked, and not answered when the process dies.
    seat.send(br#"{"spend":1}"#).unwrap();
    let first = backend.until_asked(1).await.remove(0);
    assert_eq!(first.key, name_of(&id, "1.1"));
    assert_eq!((&first.body["request"], &first.body["json"]), (&json!("1.1"), &json!({"spend": 1})));
    server.kill();
    server.restart();
    let again = backend.until_asked(2).await.remove(1);
    assert_eq!((&again.key, &again.body["json"]), (&first.key, &first.body["json"]), "under the same name");
    // The game tells those who are there.
    server.api().match_when(&id, |it| it["seats"][0]["presence"] == "connected").await;
    backend.answer(r#"{"left":9}"#);
    assert_eq!(next_word(&mut seat).await, r#"{"left":9}"#);

    // Answered, and the process dies then: it is not asked again, and not told again.
    server.kill();
    backend.answer(r#"{"left":8}"#);
    server.restart();
    seat.send(br#"{"spend":2}"#).unwrap();
    assert_eq!(next_word(&mut seat).await, r#"{"left":8}"#);
    let mut keys: Vec<String> = backend.asked().into_iter().map(|asked| asked.key).collect();
    keys.dedup();
    assert_eq!(keys, ["1.1", "3.2"].map(|call| name_of(&id, call)), "what was answered is not asked again");

    let (status, _) = server.api().end(&id).await;
    assert!(status.is_success(), "{status}");
    assert_eq!(server.api().ended(&id).await["incarnation"], 3);
    let journal = server.api().journal(&id).await;
    assert_eq!(answers(&journal), [(1, r#"{"left":9}"#.to_owned()), (2, r#"{"left":8}"#.to_owned())]);
    let replay = server.stadion().args(["replay", &id]).output().unwrap();
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
}

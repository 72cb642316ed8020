//! How calls are made, against a server that answers what it is told to.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use serde_json::json;
use stadion_api::operations::{CREATE_PARTY, FOLLOW_HOST_EVENTS, LIST_GAMES, PLAY, PUT_DOCUMENT};
use stadion_api::{Api, Error, Patience, Server, Word};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Answers one connection after the other, and says which requests came.
async fn answering(answers: Vec<String>) -> (Api, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            requests.push(request(&mut stream).await);
            stream.write_all(answer.as_bytes()).await.unwrap();
            // The connection is closed: each answer ends with it.
        }
        requests
    });
    let patience = Patience { busy: 2, lost: 2, longest: Duration::from_secs(5) };
    (Api::new(&Server::at(&url).with_bearer("secret").with_patience(patience)).unwrap(), heard)
}

/// Head and body, in lower case.
async fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    loop {
        let count = stream.read(&mut bytes).await.unwrap();
        text += &String::from_utf8_lossy(&bytes[..count]).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        assert!(count > 0, "a whole request: {text}");
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let named = |line: &'a str| line.split_once(": ").filter(|(there, _)| *there == name).map(|(_, value)| value);
    request.lines().find_map(named).unwrap_or_default()
}

const BUSY: &str = r#"{"code":"unavailable","title":"Not now","detail":"the database is away","status":503}"#;

fn busy() -> String {
    answer("503 Service Unavailable", "retry-after: 1\r\nx-request-id: theirs\r\n", BUSY)
}

fn seat() -> String {
    let body = json!({
        "match": {"id": "m", "code": "KBQT"}, "seat": 1, "game": "chess", "version": "v", "schema_hash": "h",
        "join_token": "t", "expires_in_s": 30, "rate": 20, "quic": [], "certificate_hashes": [],
        "endpoints": {"quic": [], "certificate_hashes": []},
    });
    answer("201 Created", "", &body.to_string())
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again_for_the_same_thing() {
    let (api, heard) = answering(vec![busy(), seat()]).await;
    assert_eq!(api.play("chess", &json!({})).await.unwrap().seat, 1);
    let requests = heard.await.unwrap();
    for name in ["idempotency-key", "x-request-id"] {
        let both = [header(&requests[0], name), header(&requests[1], name)];
        assert!(both[0] == both[1] && both[0].len() >= 16, "{name}: {both:?}");
    }
    assert!(requests[1].starts_with("post /v1/games/chess/play "), "{}", requests[1]);
    assert_eq!(header(&requests[1], "authorization"), "bearer secret");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_where_that_does_no_harm() {
    // Half an answer is none.
    let half = || "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_owned();
    let (api, heard) = answering(vec![half(), seat()]).await;
    assert!(api.call(PLAY, &["chess"]).keyed("mine").json(&json!({})).send().await.is_ok());
    assert!(heard.await.unwrap().iter().all(|request| header(request, "idempotency-key") == "mine"));

    let (api, heard) = answering(vec![half()]).await;
    let lost = api.call(CREATE_PARTY, &[]).send().await.unwrap_err();
    assert!(matches!(lost, Error::Unreachable { .. }), "it may have been made: {lost}");
    assert_eq!(heard.await.unwrap().len(), 1);

    let (api, heard) = answering(vec![half()]).await;
    let put = api.call(PUT_DOCUMENT, &["chess", "record"]).if_match("\"3\"").file("text/plain", "x").send().await;
    assert!(put.is_err(), "done once, it would be refused the next time");
    assert_eq!(header(&heard.await.unwrap()[0], "if-match"), "\"3\"");
}

#[tokio::test]
async fn a_refusal_is_a_problem_with_the_name_of_its_request() {
    let (api, _heard) = answering(vec![busy(), busy(), busy()]).await;
    let error = api.games().await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!((refusal.code(), refusal.text()), ("unavailable", Some("the database is away")));
    assert_eq!((refusal.request_id.as_deref(), refusal.retry_after), (Some("theirs"), Some(Duration::from_secs(1))));
    assert!(refusal.had_bearer && error.is_passing());

    let late = answer("429 Too Many Requests", "retry-after: 3600\r\n", "{}");
    let (api, heard) = answering(vec![late]).await;
    assert_eq!(api.games().await.unwrap_err().status().unwrap(), 429, "an hour is not waited for");
    assert_eq!(heard.await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_list_is_followed_to_its_end() {
    let page = |name: &str, cursor: Option<&str>| {
        let body = json!({"items": [{"name": name}], "next_cursor": cursor});
        answer("200 OK", "", &body.to_string())
    };
    let (api, heard) = answering(vec![page("a", Some("1&2")), page("b", None)]).await;
    let names: Vec<_> = api.games().await.unwrap().into_iter().map(|game| game.name).collect();
    assert_eq!(names, ["a", "b"]);
    let requests = heard.await.unwrap();
    assert!(requests[0].starts_with("get /v1/games?limit=200 "), "{}", requests[0]);
    assert!(requests[1].starts_with("get /v1/games?limit=200&cursor=1%262 "), "{}", requests[1]);

    let (api, heard) = answering(vec![page("a", Some("1"))]).await;
    let first = api.call(LIST_GAMES, &[]).first(1).await.unwrap();
    assert_eq!((first.len(), heard.await.unwrap().len()), (1, 1), "no more than is wanted");
}

#[tokio::test]
async fn a_stream_that_breaks_goes_on_behind_the_last_event_that_came_whole() {
    let event = |id: u64| {
        let data = json!({"id": id, "at": "2026-11-20T10:00:00Z", "kind": "host.up", "data": {}});
        format!("id: {id}\ndata: {data}\n\n")
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let first = format!("{head}:\n\n{}{}id: 9\ndata: {{\"id\"", event(1), event(2));
    let second = format!("{head}{}", event(3));
    let gone = answer("410 Gone", "", r#"{"code":"gone","detail":"over"}"#);
    let (api, heard) = answering(vec![first, second, gone]).await;
    let mut told = api.call(FOLLOW_HOST_EVENTS, &[]).told(None);
    let mut said = Vec::new();
    let over = loop {
        match told.word().await {
            Ok(Word::Event(event)) if event.data.is_empty() => {}
            Ok(Word::Event(event)) => said.push(told.read(&event).unwrap().id.to_string()),
            Ok(Word::Lost) => said.push("lost".to_owned()),
            Err(error) => break error,
        }
    };
    assert_eq!(said, ["1", "2", "lost", "3", "lost"], "nothing twice, and half an event is none");
    assert_eq!(over.status().unwrap(), 410, "what is refused is not asked for again");
    let lasts: Vec<_> =
        heard.await.unwrap().iter().map(|request| header(request, "last-event-id").to_owned()).collect();
    assert_eq!(lasts, ["", "2", "3"]);
}

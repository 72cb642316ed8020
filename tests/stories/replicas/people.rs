//! People who come in through the balancer and try again when something was away.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use stadion_client::{RawEvent, RawMatch};
use stadion_protocol::CloseCode;
use stadion_tests::api::text;
use stadion_tests::chaos;

/// A person gives up after so many tries of one thing, with a pause between two: a minute.
const TRIES: u32 = 240;
const PAUSE: Duration = Duration::from_millis(250);

/// No single thing takes longer, on a busy machine with a replica that is away.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

/// Somebody with an address of their own, who tries again when told to.
pub(super) struct Person {
    client: Client,
    base: String,
    pub(super) name: String,
    /// Of all people.
    again: Arc<AtomicU64>,
    /// Things asked for so far, whose number is their Idempotency-Key.
    asked: AtomicU64,
}

/// Somebody who has signed in and sits in a match.
pub(super) struct Arrived {
    pub(super) person: Person,
    pub(super) player: String,
    pub(super) token: String,
    pub(super) seat: Value,
    _connection: RawMatch,
}

/// How it ended to play one input.
pub(super) enum Played {
    /// The game answered: from then on the seat is its player's, whoever dies.
    Answered,
    /// The match is over.
    Finished,
    /// The seat went to somebody else, or its match with its replica.
    Gone,
}

impl Person {
    pub(super) fn new(base: &str, number: u32, again: &Arc<AtomicU64>) -> Person {
        let [.., high, low] = number.to_be_bytes();
        let address = Ipv4Addr::new(127, 0, 1 + high, 1 + low);
        let client = Client::builder().local_address(Some(address.into())).build().unwrap();
        Person {
            client,
            base: base.to_owned(),
            name: format!("person-{number}"),
            again: again.clone(),
            asked: AtomicU64::new(0),
        }
    }

    /// Asks until there is an answer that does not say to come again; whether it was asked for again.
    pub(super) async fn ask(
        &self,
        (method, path): (Method, &str),
        bearer: &str,
        body: &Value,
    ) -> (StatusCode, Value, bool) {
        let key = format!("{}-{}", self.name, self.asked.fetch_add(1, Ordering::Relaxed));
        for tried in 0..TRIES {
            let request = self.client.request(method.clone(), format!("{}{path}", self.base));
            let request = if body.is_null() { request } else { request.json(body) };
            let request = if bearer.is_empty() { request } else { request.bearer_auth(bearer) };
            let request = request.timeout(Duration::from_secs(20)).header("idempotency-key", &key);
            if let Some((status, body)) = whole(request.send().await).await {
                return (status, body, tried > 0);
            }
            self.tries_again().await;
        }
        panic!("{} got no answer from {path}", self.name);
    }

    async fn tries_again(&self) {
        self.again.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PAUSE).await;
    }

    /// Registers, signs in, plays, takes the seat.
    pub(super) async fn arrive(self) -> Arrived {
        let secret = json!({"name": self.name, "password": format!("the password of {}", self.name)});
        let (made, registered, again) = self.ask((Method::POST, "/v1/accounts"), "", &secret).await;
        // The answer to the first try was lost, not the account.
        assert!(made == StatusCode::CREATED || (again && made == StatusCode::CONFLICT), "{made} {registered}");
        let (status, session, _) = self.ask((Method::POST, "/v1/sessions"), "", &secret).await;
        assert_eq!(status, StatusCode::OK, "{session}");
        let player = text(&session["player"], "id").to_owned();
        if made == StatusCode::CREATED {
            assert_eq!(player, text(&registered["player"], "id"));
        }
        let token = text(&session, "access_token").to_owned();
        for _ in 0..TRIES {
            let (status, seat, _) = self.ask((Method::POST, "/v1/games/ledger/play"), &token, &json!({})).await;
            assert!(status.is_success(), "{status} {seat}");
            // A seat that nobody could take in time, since its replica was away, is gone. And a join counts from its tick
            // on: whoever comes in while the replica dies may find the seat given to somebody else.
            if let Ok(mut connection) = chaos::try_enter(&seat).await
                && matches!(speak(&mut connection).await, Played::Answered)
            {
                return Arrived { person: self, player, token, seat, _connection: connection };
            }
            self.tries_again().await;
        }
        panic!("{} got no seat", self.name);
    }
}

impl Arrived {
    /// Asks as this player.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let (status, body, _) = self.person.ask((method, path), &self.token, &body).await;
        (status, body)
    }

    /// The same for what must be.
    pub(super) async fn does(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(method.clone(), path, body.clone()).await;
        assert!(status.is_success(), "{}: {method} {path} {body}: {status} {answer}", self.person.name);
        answer
    }

    /// Goes into a match by its code and says one thing there, until the match has heard it.
    pub(super) async fn speaks_in(&self, game: &str, code: &str) {
        let mut spoke = false;
        for _ in 0..TRIES {
            let (status, seat) =
                self.ask(Method::POST, &format!("/v1/games/{game}/play"), json!({ "code": code })).await;
            if spoke && matches!(status, StatusCode::GONE | StatusCode::NOT_FOUND) {
                // It was heard, and the answer was lost with the connection.
                return;
            }
            assert!(status.is_success(), "{}: {game} {code}: {status} {seat}", self.person.name);
            if let Ok(mut connection) = chaos::try_enter(&seat).await {
                spoke = true;
                if !matches!(speak(&mut connection).await, Played::Gone) {
                    return;
                }
            }
            self.person.tries_again().await;
        }
        panic!("{} was not heard", self.person.name);
    }

    /// Listens to what is told to this player, from the first word on.
    pub(super) fn listens(&self) -> Ears<'_> {
        Ears { of: self, stream: None, text: String::new(), last: "0".to_owned() }
    }
}

/// A stream of events, opened again where it broke.
pub(super) struct Ears<'a> {
    of: &'a Arrived,
    stream: Option<reqwest::Response>,
    text: String,
    last: String,
}

impl Ears<'_> {
    /// The next event.
    pub(super) async fn next(&mut self) -> Value {
        let heard = tokio::time::timeout(PATIENCE, self.hear()).await;
        heard.unwrap_or_else(|_| panic!("{} hears nothing more", self.of.person.name))
    }

    async fn hear(&mut self) -> Value {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                if let Some(id) = field("id:") {
                    id.clone_into(&mut self.last);
                }
                if let Some(data) = field("data:") {
                    return serde_json::from_str(data).unwrap();
                }
            }
            let chunk = match &mut self.stream {
                Some(stream) => stream.chunk().await.ok().flatten(),
                None => None,
            };
            match chunk {
                Some(chunk) => self.text += std::str::from_utf8(&chunk).unwrap(),
                None => self.open().await,
            }
        }
    }

    /// What was not whole comes again, whole.
    async fn open(&mut self) {
        self.text.clear();
        loop {
            let request = self.of.person.client.get(format!("{}/v1/events", self.of.person.base));
            let request = request.bearer_auth(&self.of.token).header("last-event-id", &self.last);
            match request.send().await {
                Ok(answer) if answer.status() == StatusCode::OK => {
                    self.stream = Some(answer);
                    return;
                }
                _ => self.of.person.tries_again().await,
            }
        }
    }
}

/// Says one thing and waits for what comes of it.
async fn speak(seat: &mut RawMatch) -> Played {
    seat.send(&1_u64.to_le_bytes()).unwrap();
    let answered = async {
        loop {
            match seat.next().await {
                RawEvent::Message(_) => return Played::Answered,
                RawEvent::End(end) if end.code == CloseCode::Finished => return Played::Finished,
                RawEvent::End(_) => return Played::Gone,
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.expect("a seat answers or ends")
}

/// An answer that came whole and does not say to come again: the server is not ready, or carries the same request out.
async fn whole(answer: reqwest::Result<reqwest::Response>) -> Option<(StatusCode, Value)> {
    let answer = answer.ok().filter(|answer| !answer.headers().contains_key("retry-after"))?;
    let status = answer.status();
    let body = answer.bytes().await.ok()?;
    Some((status, if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).ok()? }))
}

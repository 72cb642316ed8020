//! What tests ask the public API (v1) for: a few words over the typed client, whose operations and shapes they check on the way.
//!
//! Answers come as JSON of what the client understood: a field that it does not know is none here either.

use std::time::Duration;

use reqwest::{Client, Method, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use stadion_api::{Answer, Call, Error, MatchInfo, Operation, Patience, operations as ops};

/// An upload compiles within this; every other call takes milliseconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);
/// How often something is asked for that takes a while to become true, and how long in all.
const POLL_EVERY: Duration = Duration::from_millis(20);
const POLL_FOR: Duration = Duration::from_secs(15);

/// One caller: a developer by key, or a player by access token.
#[derive(Clone)]
pub struct Api {
    typed: stadion_api::Api,
}

/// A player who signed in, with the tokens in hand.
#[derive(Clone)]
pub struct Player {
    /// The API as this player.
    pub api: Api,
    /// The account.
    pub id: String,
}

/// A client of HTTP. In a build of the whole workspace it has TLS, whose cryptography the program must choose.
pub fn http() -> reqwest::ClientBuilder {
    // Refused where it was chosen before: for the same.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
}

impl Api {
    /// A caller of the server at `base` with this bearer token; empty: none. Nothing is asked twice by itself: tests look at
    /// refusals.
    pub fn new(base: &str, bearer: &str) -> Api {
        let server = stadion_api::Server::at(base).with_patience(Patience::NONE);
        Api { typed: stadion_api::Api::new(&server).unwrap() }.with_bearer(bearer)
    }

    /// The same server with another bearer token; empty: none.
    pub fn with_bearer(&self, bearer: &str) -> Api {
        Api { typed: self.typed.with_bearer(Some(bearer).filter(|bearer| !bearer.is_empty())) }
    }

    /// The bearer token.
    pub fn bearer(&self) -> &str {
        self.typed.bearer().unwrap_or_default()
    }

    /// The client itself, for typed answers.
    pub fn typed(&self) -> &stadion_api::Api {
        &self.typed
    }

    /// A request that no client makes, or whose headers matter: past the typed client, the body as it is.
    pub async fn send(&self, method: Method, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Response {
        let client = http().timeout(ANSWER_WITHIN).build().unwrap();
        let mut request = client.request(method, self.typed.url(path)).header("content-type", kind).body(body);
        if let Some(bearer) = self.typed.bearer() {
            request = request.bearer_auth(bearer);
        }
        request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// One call, with these names in its path; `null`: without a body.
    pub async fn call<A>(&self, operation: Operation<A>, names: &[&str], body: &Value) -> (StatusCode, Value)
    where
        A: Answer<Value: Serialize>,
    {
        let call = self.typed.call(operation, names).within(ANSWER_WITHIN);
        answer(&if body.is_null() { call } else { call.json(body) }).await
    }

    /// Reads; panics when that is refused.
    pub async fn get<A>(&self, operation: Operation<A>, names: &[&str]) -> Value
    where
        A: Answer<Value: Serialize>,
    {
        let (status, body) = self.call(operation, names, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{} {names:?}: {body}", operation.id);
        body
    }

    /// The journal of a match; panics when that is refused.
    pub async fn journal(&self, id: &str) -> Vec<u8> {
        self.typed.journal(id).await.unwrap_or_else(|error| panic!("{id}: {error}")).to_vec()
    }

    /// Matches of a game, newest first.
    pub async fn matches(&self, game: &str) -> Vec<MatchInfo> {
        self.typed.matches(&[("game", game.to_owned())]).await.unwrap()
    }

    /// Uploads a version of a game.
    pub async fn upload(&self, game: &str, wasm: Vec<u8>) -> (StatusCode, Value) {
        let call = self.typed.call(ops::PUBLISH_VERSION, &[game]).within(ANSWER_WITHIN);
        answer(&call.file("application/wasm", wasm)).await
    }

    /// Uploads a version that is accepted.
    pub async fn publish(&self, game: &str, wasm: Vec<u8>) -> Value {
        let (status, body) = self.upload(game, wasm).await;
        assert!(status.is_success(), "uploading {game}: {status} {body}");
        body
    }

    /// Gives a version of a game its settings.
    pub async fn set(&self, published: &Value, settings: &Value) {
        let names = [text(published, "game"), text(published, "version")];
        let (status, body) = self.call(ops::SET_SETTINGS, &names, settings).await;
        assert!(status.is_success(), "{settings}: {status} {body}");
    }

    /// Signs a guest in.
    pub async fn guest(&self, name: &str) -> Player {
        let guest = self.with_bearer("").typed.guest(name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        Player { api: self.with_bearer(&guest.access_token), id: guest.player.id }
    }

    /// Asks for a seat: `{}`, `{"create": ..}` or `{"code": ..}`.
    pub async fn play(&self, game: &str, how: &Value) -> (StatusCode, Value) {
        self.call(ops::PLAY, &[game], how).await
    }

    /// A match now.
    pub async fn match_now(&self, id: &str) -> Value {
        self.get(ops::GET_MATCH, &[id]).await
    }

    /// A match once `until` holds of it; panics when that takes too long.
    pub async fn match_when(&self, id: &str, until: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..POLL_FOR.as_millis() / POLL_EVERY.as_millis() {
            last = self.match_now(id).await;
            if until(&last) {
                return last;
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
        panic!("it did not come to be in time: {last}")
    }

    /// A match once it is over.
    pub async fn ended(&self, id: &str) -> Value {
        self.match_when(id, |it| it["state"] == "ended").await
    }

    /// Ends a match: how that is answered.
    pub async fn end(&self, id: &str) -> (StatusCode, Value) {
        self.call(ops::END_MATCH, &[id], &Value::Null).await
    }
}

/// A text in an answer.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key:?} in {value}"))
}

/// How a call is answered: with what was asked for, or with a problem. Panics when there is no answer, or another one than the
/// client reads.
pub async fn answer<A>(call: &Call<A>) -> (StatusCode, Value)
where
    A: Answer<Value: Serialize>,
{
    match call.send_tagged().await {
        Ok(answer) => (answer.status, json!(answer.value)),
        Err(Error::Refused(refusal)) => (refusal.status, json!(refusal.problem)),
        Err(error) => panic!("{error}"),
    }
}

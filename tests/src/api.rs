//! The public API (v1) as a caller sees it: paths and JSON, nothing of the server's own types.

use std::time::Duration;

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// An upload compiles within this; every other call takes milliseconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);
/// How often something is asked for that takes a while to become true, and how long in all.
const POLL_EVERY: Duration = Duration::from_millis(20);
const POLL_FOR: Duration = Duration::from_secs(15);

/// One caller: a developer by key, or a player by access token.
#[derive(Clone)]
pub struct Api {
    client: Client,
    base: String,
    bearer: String,
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
    /// A caller of the server at `base` with this bearer token; empty: none.
    pub fn new(base: &str, bearer: &str) -> Api {
        let client = http().timeout(ANSWER_WITHIN).build().unwrap();
        Api { client, base: base.to_owned(), bearer: bearer.to_owned() }
    }

    /// The same server with another bearer token.
    pub fn with_bearer(&self, bearer: &str) -> Api {
        Api { bearer: bearer.to_owned(), ..self.clone() }
    }

    /// The bearer token.
    pub fn bearer(&self) -> &str {
        &self.bearer
    }

    /// One call; the body goes out as it is.
    pub async fn send(&self, method: Method, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Response {
        let mut request =
            self.client.request(method, format!("{}{path}", self.base)).header("content-type", kind).body(body);
        if !self.bearer.is_empty() {
            request = request.bearer_auth(&self.bearer);
        }
        request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// One call with JSON both ways.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        json_of(self.send(method, path, "application/json", body.to_string()).await).await
    }

    /// Reads; panics on any other answer than 200.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "GET {path}: {body}");
        body
    }

    /// Reads bytes; panics on any other answer than 200.
    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        let response = self.send(Method::GET, path, "application/json", "").await;
        assert_eq!(response.status(), StatusCode::OK, "GET {path}");
        response.bytes().await.unwrap().to_vec()
    }

    /// Uploads a version of a game.
    pub async fn upload(&self, game: &str, wasm: Vec<u8>) -> (StatusCode, Value) {
        json_of(self.send(Method::POST, &format!("/v1/games/{game}/versions"), "application/wasm", wasm).await).await
    }

    /// Uploads a version that is accepted.
    pub async fn publish(&self, game: &str, wasm: Vec<u8>) -> Value {
        let (status, body) = self.upload(game, wasm).await;
        assert!(status.is_success(), "uploading {game}: {status} {body}");
        body
    }

    /// Signs a guest in.
    pub async fn guest(&self, name: &str) -> Player {
        let (status, body) = self.with_bearer("").call(Method::POST, "/v1/guests", &json!({ "name": name })).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        Player { api: self.with_bearer(text(&body, "access_token")), id: text(&body["player"], "id").to_owned() }
    }

    /// Asks for a seat: `{}`, `{"create": ..}` or `{"code": ..}`.
    pub async fn play(&self, game: &str, how: &Value) -> (StatusCode, Value) {
        self.call(Method::POST, &format!("/v1/games/{game}/play"), how).await
    }

    /// A match now.
    pub async fn match_now(&self, id: &str) -> Value {
        self.get(&format!("/v1/matches/{id}")).await
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
}

/// A text in an answer.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key:?} in {value}"))
}

async fn json_of(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.bytes().await.unwrap();
    let value =
        serde_json::from_slice(&body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
    (status, value)
}

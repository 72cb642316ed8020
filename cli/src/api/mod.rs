//! The REST API as the commands use it. Errors become [`Failure`]s that name the fix; nothing here prints.

mod channels;
mod event_log;
mod events;
mod history;
mod lobby;
mod log;
mod sse;
mod storage;
mod types;
mod uploads;
mod webhooks;

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

pub(crate) use channels::Channel;
pub(crate) use event_log::{Happened, Hears, Wanted};
pub(crate) use events::Events;
pub(crate) use history::{PlayedMatch, PlayerReport};
pub(crate) use lobby::{FirstStep, Party, SignedIn};
pub(crate) use log::{Followed, LogLine};
pub(crate) use storage::{Expected, Shelf};
pub(crate) use types::{
    Difference, DifferingOutput, FailureInfo, Finding, Forked, Game, MatchInfo, MatchUsage, OpenMatch, Page, Problem,
    Published, PublishedBundle, Quarantine, Upgraded, Usage, UsageSums,
};
pub(crate) use uploads::UploadWord;
pub(crate) use webhooks::{Delivery, WantedWebhook, Webhook};

use crate::config::Target;
use crate::failure::{Failure, Kind, Outcome};
use crate::project::web::Bundle;

/// A server on the same machine or network answers within this; a dead one is noticed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For everything but uploads.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// An upload is compiled before it is answered, and may wait for others.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(300);
/// A stream of events ends sooner by itself; the client opens it again.
const STREAM_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// Bytes of an upload between two movements of the progress bar.
const UPLOAD_CHUNK: usize = 64 * 1024;
/// Pages that a listing follows at most: 100 entries each.
const MAX_PAGES: usize = 100;

/// One server.
pub(crate) struct Api {
    http: reqwest::Client,
    target: Target,
}

impl Api {
    pub(crate) fn new(target: &Target) -> Outcome<Api> {
        let tls = stadion_client::https(&target.server).map_err(|error| Failure::failed(error.to_string()))?;
        let mut builder = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).user_agent(USER_AGENT);
        builder = builder.tls_backend_preconfigured(tls);
        if is_local(&target.server) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| Failure::failed(format!("HTTP client: {error}")))?;
        Ok(Api { http, target: target.clone() })
    }

    pub(crate) async fn games(&self) -> Outcome<Vec<Game>> {
        self.pages("/v1/games", &[]).await
    }

    /// `filter` are query parameters: `game`, `state`.
    pub(crate) async fn matches(&self, filter: &[(&str, String)]) -> Outcome<Vec<MatchInfo>> {
        self.pages("/v1/matches", filter).await
    }

    /// Seats of a match that wants programs, each as `play` answers; none: none came to want some in this time.
    pub(crate) async fn claim_bots(&self, game: &str, seats: usize, wait_s: u16) -> Outcome<Vec<serde_json::Value>> {
        let request = self.request(Method::POST, &format!("/v1/games/{game}/bots/claims"));
        let body = serde_json::json!({"seats": seats, "wait_s": wait_s});
        let claimed: Page<serde_json::Value> = self.json(request.json(&body)).await?;
        Ok(claimed.items)
    }

    /// Public matches of a game that take players, with a label that says all of this.
    pub(crate) async fn open_matches(&self, game: &str, label: &[(String, String)]) -> Outcome<Vec<OpenMatch>> {
        let names: Vec<(String, String)> =
            label.iter().map(|(field, value)| (format!("label.{field}"), value.clone())).collect();
        let query: Vec<(&str, String)> = names.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        self.pages(&format!("/v1/games/{game}/matches/open"), &query).await
    }

    pub(crate) async fn one_match(&self, id: &str) -> Outcome<MatchInfo> {
        self.json(self.get(&format!("/v1/matches/{id}"))).await
    }

    pub(crate) async fn end_match(&self, id: &str) -> Outcome {
        self.send(self.request(Method::DELETE, &format!("/v1/matches/{id}"))).await.map(drop)
    }

    /// The matches of a game that run or sleep.
    pub(crate) async fn live_matches(&self, game: &str) -> Outcome<Vec<MatchInfo>> {
        let of = |state: &str| [("game", game.to_owned()), ("state", state.to_owned())];
        let mut live = self.matches(&of("hibernated")).await?;
        // One that wakes up meanwhile is in both lists.
        let asleep: HashSet<String> = live.iter().map(|info| info.id.clone()).collect();
        live.extend(self.matches(&of("running")).await?.into_iter().filter(|info| !asleep.contains(&info.id)));
        Ok(live)
    }

    /// The newest matches of a game, running or over: one page.
    pub(crate) async fn newest_matches(&self, game: &str, most: usize) -> Outcome<Vec<MatchInfo>> {
        let request = self.get("/v1/matches").query(&[("game", game), ("limit", &most.to_string())]);
        let page: Page<MatchInfo> = self.json(request).await?;
        Ok(page.items)
    }

    /// Has a match go on in another version, as the body says.
    pub(crate) async fn upgrade(&self, id: &str, body: &serde_json::Value) -> Outcome<Upgraded> {
        let request = self.request(Method::POST, &format!("/v1/matches/{id}/upgrade")).timeout(UPLOAD_TIMEOUT);
        self.json(request.json(body)).await
    }

    /// What a match used, as the server tells it: see [`MatchUsage`].
    pub(crate) async fn match_usage(&self, id: &str) -> Outcome<serde_json::Value> {
        self.json(self.get(&format!("/v1/matches/{id}/usage"))).await
    }

    /// What the matches of a game used, or of all the caller's games: see [`UsageSums`].
    pub(crate) async fn usage_sums(&self, game: Option<&str>, days: Option<u16>) -> Outcome<serde_json::Value> {
        let path = game.map_or_else(|| "/v1/usage".to_owned(), |game| format!("/v1/games/{game}/usage"));
        self.json(self.get(&path).query(&[("days", days)])).await
    }

    /// Has a running match copied.
    pub(crate) async fn fork(&self, id: &str) -> Outcome<Forked> {
        let request = self.request(Method::POST, &format!("/v1/matches/{id}/fork")).timeout(UPLOAD_TIMEOUT);
        self.json(request).await
    }

    /// The schema of a version; `None`: it speaks raw bytes.
    pub(crate) async fn schema(&self, game: &str, version: &str) -> Outcome<Option<Bytes>> {
        let schema = self.bytes(self.get(&format!("/v1/games/{game}/versions/{version}/schema"))).await?;
        Ok(Some(schema).filter(|schema| !schema.is_empty()))
    }

    /// Whether the server answers and knows the key.
    pub(crate) async fn whoami(&self) -> Outcome {
        self.send(self.get("/v1/me")).await.map(drop)
    }

    /// The journal so far, as a `.stj` file.
    pub(crate) async fn journal(&self, id: &str) -> Outcome<Bytes> {
        self.bytes(self.get(&format!("/v1/matches/{id}/journal"))).await
    }

    /// The component of a version: for its owner alone.
    pub(crate) async fn component(&self, game: &str, version: &str) -> Outcome<Bytes> {
        self.bytes(self.get(&format!("/v1/games/{game}/versions/{version}/component"))).await
    }

    /// Uploads a version, to the channel `stable`; `sent` is told how many bytes have left.
    pub(crate) async fn publish(
        &self,
        game: &str,
        wasm: Bytes,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Outcome<Published> {
        self.publish_to(game, &[], wasm, sent).await
    }

    /// The same with the query of the call: `channel`, `percent`.
    pub(crate) async fn publish_to(
        &self,
        game: &str,
        query: &[(&str, String)],
        wasm: Bytes,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Outcome<Published> {
        let length = wasm.len();
        let chunks = (0..length).step_by(UPLOAD_CHUNK).map(move |at| {
            let end = length.min(at + UPLOAD_CHUNK);
            sent(end as u64);
            Ok::<Bytes, std::io::Error>(wasm.slice(at..end))
        });
        let request = self
            .request(Method::PUT, &format!("/v1/games/{game}/versions"))
            .timeout(UPLOAD_TIMEOUT)
            .query(query)
            .header("content-type", "application/wasm")
            .header("content-length", length)
            .body(reqwest::Body::wrap_stream(stream::iter(chunks)));
        self.json(request).await
    }

    /// Gives a version its settings, in place of those it was given before.
    pub(crate) async fn set(&self, game: &str, version: &str, settings: &[(String, String)]) -> Outcome {
        let settings: serde_json::Map<String, serde_json::Value> =
            settings.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
        let request = self.request(Method::PUT, &format!("/v1/games/{game}/versions/{version}/settings"));
        self.send(request.json(&settings)).await.map(drop)
    }

    /// The newest versions of a game, deprecated ones too, newest first.
    pub(crate) async fn versions(&self, game: &str) -> Outcome<Vec<Published>> {
        let path = format!("/v1/games/{game}/versions");
        let page: Page<Published> = self.json(self.get(&path).query(&[("limit", "200")])).await?;
        Ok(page.items)
    }

    /// Puts a version that failed on every start back in play.
    pub(crate) async fn lift_quarantine(&self, game: &str, version: &str) -> Outcome {
        let path = format!("/v1/games/{game}/versions/{version}/quarantine");
        self.send(self.request(Method::DELETE, &path)).await.map(drop)
    }

    /// Says which web pages on other hosts may play a game, in place of what was said before.
    pub(crate) async fn set_origins(&self, game: &str, origins: &[String]) -> Outcome {
        let request = self.request(Method::PUT, &format!("/v1/games/{game}/origins"));
        self.send(request.json(&serde_json::json!({ "origins": origins }))).await.map(drop)
    }

    /// Gives a version its pages.
    pub(crate) async fn publish_web(&self, game: &str, version: &str, bundle: &Bundle) -> Outcome<PublishedBundle> {
        let web = &bundle.web;
        let request = self
            .request(Method::PUT, &format!("/v1/games/{game}/versions/{version}/web"))
            .timeout(UPLOAD_TIMEOUT)
            .query(&[("wasm", web.wasm), ("inline", web.inline), ("isolated", web.isolated)])
            .query(&[("connect", web.connect.join(","))])
            .header("content-type", "application/x-tar")
            .body(bundle.tar.clone());
        self.json(request).await
    }

    /// Any call with JSON both ways; an empty answer is null.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Outcome<serde_json::Value> {
        let request = self.request(method, path);
        let request = if let Some(body) = body { request.json(body) } else { request };
        let answer = self.bytes(request).await?;
        self.read(if answer.is_empty() { b"null" } else { &answer })
    }

    /// A path of the server, as people open it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.target.server)
    }

    async fn pages<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Outcome<Vec<T>> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut request = self.get(path).query(&[("limit", "100")]).query(query);
            if let Some(cursor) = &cursor {
                request = request.query(&[("cursor", cursor)]);
            }
            let page: Page<T> = self.json(request).await?;
            items.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        Ok(items)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.target.server)).timeout(REQUEST_TIMEOUT);
        match &self.target.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Outcome<T> {
        self.read(&self.bytes(request).await?)
    }

    fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Outcome<T> {
        serde_json::from_slice(body).map_err(|error| {
            Failure::failed(format!("{} answered something unexpected: {error}", self.target.server))
                .fix("is it a Stadion server, of this version?")
        })
    }

    async fn bytes(&self, request: RequestBuilder) -> Outcome<Bytes> {
        self.body(self.send(request).await?).await
    }

    async fn body(&self, response: Response) -> Outcome<Bytes> {
        response.bytes().await.map_err(|error| self.unreachable(&error))
    }

    async fn fetch(&self, request: RequestBuilder) -> Outcome<Response> {
        request.send().await.map_err(|error| self.unreachable(&error))
    }

    async fn send(&self, request: RequestBuilder) -> Outcome<Response> {
        let response = self.fetch(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.bytes().await.unwrap_or_default();
        Err(refusal(status, &body, self.target.key.is_some()))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let why = if error.is_timeout() { "no answer in time".to_owned() } else { innermost(error) };
        Failure::new(Kind::Unreachable, format!("{}: {why}", self.target.server))
            .fix("start a server with `stadion serve`, or name another with --server")
    }
}

const USER_AGENT: &str = concat!("stadion/", env!("CARGO_PKG_VERSION"));

/// A proxy from the environment is of no use for this machine's own servers.
fn is_local(server: &str) -> bool {
    let host = server.split_once("://").map_or(server, |(_, host)| host);
    ["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local))
}

/// reqwest's own texts name the URL again and say nothing; the cause says why.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// What an answer that is no success means for the person at the terminal.
fn refusal(status: StatusCode, body: &[u8], with_key: bool) -> Failure {
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    let message = problem.text().unwrap_or_else(|| format!("the server answered {status}"));
    match status {
        StatusCode::NOT_FOUND => Failure::new(Kind::NotFound, message),
        StatusCode::UNAUTHORIZED if !with_key => Failure::new(Kind::Refused, message)
            .fix("give a developer key with --key or STADION_KEY; `stadion serve` prints one"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::new(Kind::Refused, message)
            .fix("use the key of this server and of the game's owner (--key, STADION_KEY)"),
        status if status.is_client_error() => Failure::new(Kind::Refused, message),
        _ => Failure::failed(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_success_has_the_exit_code_of_its_kind() {
        let problem = br#"{"title":"No such game","detail":"there is no game \"x\"","status":404}"#;
        for (status, with_key, kind) in [
            (StatusCode::NOT_FOUND, true, Kind::NotFound),
            (StatusCode::UNAUTHORIZED, false, Kind::Refused),
            (StatusCode::TOO_MANY_REQUESTS, true, Kind::Refused),
            (StatusCode::UNPROCESSABLE_ENTITY, true, Kind::Refused),
            (StatusCode::BAD_GATEWAY, true, Kind::Failed),
        ] {
            let failure = refusal(status, problem, with_key);
            assert_eq!(failure.kind, kind, "{status}");
            assert_eq!(failure.message, "there is no game \"x\"");
        }
        assert!(refusal(StatusCode::UNAUTHORIZED, b"", false).fix.is_some_and(|fix| fix.contains("--key")));
    }
}

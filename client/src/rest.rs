//! The few calls of the control plane's API that a player makes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stadion_protocol::token::SchemaHash;
use tokio::sync::Mutex;

use crate::error::Error;

/// Which match to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Play {
    /// The fullest open match, else a new one.
    Any,
    /// A new match, private: friends join by its code.
    Create,
    /// A new match on one's own terms.
    CreateWith(NewMatch),
    /// The match with this code.
    Code(String),
    /// The running public match with this id.
    Listed(String),
    /// The running match of everybody with this key (1 to 64 characters of `A-Za-z0-9._:-`), else a new one under it.
    Key(String),
}

/// A new match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMatch {
    /// Who finds it.
    pub visibility: Visibility,
    /// How many seats; `None`: as the game wants.
    pub seats: Option<u16>,
    /// For the game's `setup.parameters`.
    pub parameters: Vec<u8>,
    /// Players for whom seats are kept, by account id or by the name that they sign in with.
    pub reserve: Vec<String>,
    /// Seats are kept for everybody in the player's party.
    pub reserve_party: bool,
    /// How long seats are kept; `None`: two minutes.
    pub reserve_for: Option<Duration>,
    /// Programs of the game's owner take the seats that are free after so long; `None`: as the game says.
    pub bots_after: Option<Duration>,
}

/// Who finds a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// Whoever has its code.
    #[default]
    Private,
    /// Everybody who plays [`Play::Any`].
    Public,
}

impl Play {
    fn body(&self, bot: bool) -> Value {
        let mut body = match self {
            Play::Any => json!({}),
            Play::Create => json!({"create": "private"}),
            Play::CreateWith(new) => json!({"create": new.body()}),
            Play::Code(code) => json!({"code": code}),
            Play::Listed(id) => json!({"match": id}),
            Play::Key(key) => json!({"key": key}),
        };
        if bot {
            body["bot"] = true.into();
        }
        body
    }
}

impl NewMatch {
    fn body(&self) -> Value {
        let visibility = match self.visibility {
            Visibility::Private => "private",
            Visibility::Public => "public",
        };
        let mut body = json!({"visibility": visibility});
        if let Some(seats) = self.seats {
            body["seats"] = seats.into();
        }
        if !self.parameters.is_empty() {
            body["parameters"] = STANDARD.encode(&self.parameters).into();
        }
        if !self.reserve.is_empty() {
            body["reserve"] = self.reserve.clone().into();
        }
        if self.reserve_party {
            body["reserve_party"] = true.into();
        }
        if let Some(time) = self.bots_after {
            body["bots_after_s"] = time.as_secs().into();
        }
        if let Some(time) = self.reserve_for {
            body["reserve_s"] = time.as_secs().into();
        }
        body
    }
}

/// A seat, as `play` answers it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PlayAnswer {
    #[serde(rename = "match")]
    pub(crate) place: MatchAnswer,
    pub(crate) game: String,
    pub(crate) version: String,
    pub(crate) join_token: String,
    pub(crate) quic: Vec<String>,
    pub(crate) certificate_hashes: Vec<String>,
    pub(crate) schema_hash: SchemaHash,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct MatchAnswer {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) code: Option<String>,
}

#[derive(Deserialize)]
struct SessionAnswer {
    access_token: String,
    refresh_token: Option<String>,
}

/// RFC 9457.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
}

#[derive(Debug)]
struct Tokens {
    access: String,
    refresh: Option<String>,
}

/// One player's way to the API.
#[derive(Debug)]
pub(crate) struct Rest {
    http: reqwest::Client,
    base: String,
    tokens: Mutex<Tokens>,
}

/// A server that takes longer is not there.
const REQUEST_WITHIN: Duration = Duration::from_secs(15);
/// The longest answer that is read: a schema is at most 64 KiB.
const MAX_ANSWER: usize = 256 * 1024;

impl Rest {
    /// With a bearer token that is there already; empty: none yet.
    pub(crate) fn new(base: &str, token: &str) -> Result<Rest, Error> {
        let base = base.trim_end_matches('/').to_owned();
        let builder = over_tls(reqwest::Client::builder().timeout(REQUEST_WITHIN), &base)?;
        let http = builder.build().map_err(|error| unreachable(&base, &error))?;
        Ok(Rest { http, base, tokens: Mutex::new(Tokens { access: token.to_owned(), refresh: None }) })
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The host of the URL, without its port.
    pub(crate) fn host(&self) -> &str {
        let authority = self.base.split("://").nth(1).unwrap_or(&self.base);
        let authority = authority.split('/').next().unwrap_or(authority);
        match authority.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or(v6),
            None => authority.split(':').next().unwrap_or(authority),
        }
    }

    pub(crate) async fn sign_in_as_guest(&self, name: &str) -> Result<(), Error> {
        let request = self.request(Method::POST, "/v1/guests").json(&json!({"name": name}));
        let session: SessionAnswer = self.answer(request).await?;
        *self.tokens.lock().await = Tokens { access: session.access_token, refresh: session.refresh_token };
        Ok(())
    }

    pub(crate) async fn access_token(&self) -> String {
        self.tokens.lock().await.access.clone()
    }

    pub(crate) async fn play(&self, game: &str, play: &Play, bot: bool) -> Result<PlayAnswer, Error> {
        self.enter(format!("/v1/games/{}/play", segment(game)), play.body(bot)).await
    }

    pub(crate) async fn watch(&self, id: &str) -> Result<PlayAnswer, Error> {
        self.enter(format!("/v1/matches/{}/watch", segment(id)), json!({})).await
    }

    async fn enter(&self, path: String, body: Value) -> Result<PlayAnswer, Error> {
        let first = self.authorized(Method::POST, &path).await.json(&body);
        match self.answer(first).await {
            Err(Error::Api { status: 401, .. }) if self.refresh().await? => {
                self.answer(self.authorized(Method::POST, &path).await.json(&body)).await
            }
            answer => answer,
        }
    }

    /// The schema of a version; `None`: it has none.
    pub(crate) async fn schema(&self, game: &str, version: &str) -> Result<Option<Bytes>, Error> {
        let path = format!("/v1/games/{}/versions/{}/schema", segment(game), segment(version));
        let response = self.send(self.authorized(Method::GET, &path).await).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        self.body(response).await.map(Some)
    }

    /// Trades the refresh token for new ones. `false`: there is none.
    async fn refresh(&self) -> Result<bool, Error> {
        let mut tokens = self.tokens.lock().await;
        let Some(refresh) = &tokens.refresh else { return Ok(false) };
        let request =
            self.request(Method::POST, "/v1/sessions/refresh").json(&RefreshRequest { refresh_token: refresh });
        let session: SessionAnswer = self.answer(request).await?;
        *tokens = Tokens { access: session.access_token, refresh: session.refresh_token };
        Ok(true)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    async fn authorized(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.tokens.lock().await.access)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Error> {
        let response = request.send().await.map_err(|error| unreachable(&self.base, &error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.body(response).await.unwrap_or_default();
        let Problem { title, detail } = serde_json::from_slice(&body).unwrap_or_default();
        let title = if title.is_empty() { status.to_string() } else { title };
        Err(Error::Api { status: status.as_u16(), title, detail })
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        let body = self.body(self.send(request).await?).await?;
        serde_json::from_slice(&body).map_err(|error| Error::BadAnswer(error.to_string()))
    }

    async fn body(&self, mut response: Response) -> Result<Bytes, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&self.base, &error))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(Error::BadAnswer(format!("over {MAX_ANSWER} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.into())
    }
}

#[cfg(feature = "https")]
fn over_tls(builder: reqwest::ClientBuilder, base: &str) -> Result<reqwest::ClientBuilder, Error> {
    Ok(builder.tls_backend_preconfigured(crate::tls::https(base)?))
}

#[cfg(not(feature = "https"))]
fn over_tls(builder: reqwest::ClientBuilder, base: &str) -> Result<reqwest::ClientBuilder, Error> {
    if !base.starts_with("https:") {
        return Ok(builder);
    }
    let problem = "this program was built without the feature `https` of stadion-client".to_owned();
    Err(Error::Unreachable { url: base.to_owned(), problem })
}

#[derive(Serialize)]
struct RefreshRequest<'a> {
    refresh_token: &'a str,
}

fn unreachable(url: &str, error: &reqwest::Error) -> Error {
    // The outermost message only says that a request failed; the innermost says why.
    let innermost = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source()).last();
    Error::Unreachable { url: url.to_owned(), problem: innermost.map_or_else(String::new, ToString::to_string) }
}

/// A path segment that stays one, whatever the caller passed as a name.
fn segment(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_found_in_every_url() {
        for (url, host) in [
            ("http://127.0.0.1:7878", "127.0.0.1"),
            ("http://play.example.org/", "play.example.org"),
            ("http://[::1]:80/x", "::1"),
        ] {
            assert_eq!(Rest::new(url, "").unwrap().host(), host);
        }
    }

    #[test]
    fn play_is_asked_for_as_documented() {
        let with = NewMatch {
            visibility: Visibility::Public,
            seats: Some(3),
            parameters: vec![1, 2],
            reserve: vec!["ann".to_owned()],
            reserve_for: Some(Duration::from_secs(30)),
            ..NewMatch::default()
        };
        for (play, bot, body) in [
            (Play::Any, false, json!({})),
            (Play::Any, true, json!({"bot": true})),
            (Play::Create, false, json!({"create": "private"})),
            (Play::Code("KBQT".into()), false, json!({"code": "KBQT"})),
            (Play::Listed("01h".into()), false, json!({"match": "01h"})),
            (Play::Key("again:1".into()), false, json!({"key": "again:1"})),
            (
                Play::CreateWith(with),
                false,
                json!({"create": {
                    "visibility": "public", "seats": 3, "parameters": "AQI=", "reserve": ["ann"], "reserve_s": 30
                }}),
            ),
        ] {
            assert_eq!(play.body(bot), body);
        }
    }

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(segment("hello-2"), "hello-2");
        assert_eq!(segment("../a b"), "..%2Fa%20b");
    }
}

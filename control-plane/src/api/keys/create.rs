//! `POST /v1/keys`: a key for a program.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::KeyBody;
use crate::App;
use crate::accounts::{NewKey, NewKeyError};
use crate::http::{Authenticated, Extras, Fault, JsonBody, Kind, Problem};
use crate::model::{InvalidName, Scope, Scopes};

/// The longest that a key with an end may be good: ten years.
const LONGEST_S: u64 = 10 * 366 * 86_400;

/// A key that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKeyBody {
    /// 1 to 32 visible characters.
    #[schema(example = "matchmaking backend")]
    label: String,
    /// At least one.
    scopes: Vec<ScopeName>,
    /// Seconds that it is good; none: until it is revoked.
    #[schema(example = 31_536_000, minimum = 1, maximum = 316_224_000)]
    expires_in_s: Option<u64>,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScopeName {
    /// Games, versions, settings and pages.
    Publish,
    /// Join tokens for players of the studio's own accounts.
    Players,
    /// Matches of the account's games: looking, ending, moving to other versions.
    Matches,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Scope {
        match name {
            ScopeName::Publish => Scope::Publish,
            ScopeName::Players => Scope::Players,
            ScopeName::Matches => Scope::Matches,
        }
    }
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedKeyBody {
    /// The key itself: shown this once, and kept as a hash.
    #[schema(example = "key-5f1c0ad2b6e94c1d5f1c0ad2b6e94c1d")]
    key: String,
    /// As it is listed from now on.
    #[serde(flatten)]
    listed: KeyBody,
}

/// A key that cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidKeyBody {
    #[error(transparent)]
    Label(#[from] InvalidName),
    /// A key for nothing.
    #[error("name at least one scope: publish, players, matches")]
    NoScope,
    /// Over at once, or in another age.
    #[error("expires_in_s: a key is good for 1 s to ten years")]
    Lifetime,
}

impl Fault for InvalidKeyBody {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

impl Fault for NewKeyError {
    fn kind(&self) -> Kind {
        match self {
            NewKeyError::TooMany => Kind::Conflict,
            NewKeyError::Limit(error) => error.kind(),
            NewKeyError::Store(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        match self {
            NewKeyError::TooMany => Extras::default(),
            NewKeyError::Limit(error) => error.extras(),
            NewKeyError::Store(error) => error.extras(),
        }
    }
}

impl TryFrom<NewKeyBody> for NewKey {
    type Error = InvalidKeyBody;

    fn try_from(body: NewKeyBody) -> Result<NewKey, InvalidKeyBody> {
        let scopes: BTreeSet<Scope> = body.scopes.into_iter().map(Scope::from).collect();
        if scopes.is_empty() {
            return Err(InvalidKeyBody::NoScope);
        }
        if body.expires_in_s.is_some_and(|seconds| !(1..=LONGEST_S).contains(&seconds)) {
            return Err(InvalidKeyBody::Lifetime);
        }
        let good_for = body.expires_in_s.map(Duration::from_secs);
        Ok(NewKey { label: body.label.parse()?, scopes: Scopes::Only(scopes), good_for })
    }
}

/// Make a key
///
/// For a program of the studio's: it may do what its scopes say, with the games of the account that makes it.
#[utoipa::path(
    post, path = "/v1/keys", tag = "accounts", security(("bearer" = [])), request_body = NewKeyBody,
    responses(
        (status = 201, description = "The key, shown this once.", body = CreatedKeyBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role developer"),
        (status = 409, description = "an account has 100 keys at most; revoke one"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "name at least one scope: publish, players, matches"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn create_key(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<NewKeyBody>,
) -> Result<Response, Problem> {
    let (key, text) = app.accounts.create_scoped_key(&caller, body.try_into()?).await?;
    let body = CreatedKeyBody { key: text, listed: KeyBody::from(&key) };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], axum::Json(body)).into_response())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::testing::{Stage, wasm};

    async fn key(stage: &Stage, body: Value) -> Value {
        stage.post("/v1/keys", body).bearer(&stage.developer_key).await.expect(201)
    }

    #[tokio::test]
    async fn a_key_does_what_its_scopes_say_and_nothing_else() {
        let stage = Stage::new().await;
        let made = key(&stage, json!({"label": "ci", "scopes": ["publish"]})).await;
        let text = made["key"].as_str().unwrap();
        assert!(text.starts_with("key-"));
        stage.put("/v1/games/chess/versions", wasm("chess")).bearer(text).await.expect(201);
        stage.get("/v1/me").bearer(text).await.expect(200);
        for refused in [
            stage.post("/v1/games/chess/join-tokens", json!({"player": {"id": "1", "name": "Ann"}})).bearer(text),
            stage.get("/v1/matches").bearer(text),
            stage.post("/v1/games/chess/play", json!({})).bearer(text),
            stage.post("/v1/keys", json!({"label": "more", "scopes": ["matches"]})).bearer(text),
            stage.get("/v1/keys").bearer(text),
            stage.get("/v1/me/export").bearer(text),
            stage.post("/v1/me/delete", json!({"confirm": "x"})).bearer(text),
        ] {
            refused.await.expect(403);
        }
    }

    #[tokio::test]
    async fn a_key_is_shown_once_and_ends_when_it_is_revoked_or_over() {
        let stage = Stage::new().await;
        let revoked = key(&stage, json!({"label": "ci", "scopes": ["publish"]})).await;
        let over = key(&stage, json!({"label": "ci", "scopes": ["publish"], "expires_in_s": 60})).await;
        let listed = stage.get("/v1/keys").bearer(&stage.developer_key).await;
        for key in [&revoked, &over] {
            stage.get("/v1/me").bearer(key["key"].as_str().unwrap()).await.expect(200);
            let digits = &key["key"].as_str().unwrap()[4..];
            assert!(!String::from_utf8_lossy(&listed.body).contains(digits));
        }
        let path = format!("/v1/keys/{}", revoked["id"].as_str().unwrap());
        stage.delete(&path).bearer(&stage.another_developer().await).await.expect(404);
        stage.delete(&path).bearer(&stage.developer_key).await.expect(204);
        stage.delete(&path).bearer(&stage.developer_key).await.expect(404);
        stage.get("/v1/me").bearer(revoked["key"].as_str().unwrap()).await.expect(401);
        stage.clock.advance(Duration::from_secs(60));
        assert_eq!(
            stage.get("/v1/me").bearer(over["key"].as_str().unwrap()).await.expect(401)["code"],
            "token-expired"
        );
    }

    #[tokio::test]
    async fn keys_are_for_developers_and_for_something() {
        let stage = Stage::new().await;
        let player = stage.guest().await;
        stage.post("/v1/keys", json!({"label": "x", "scopes": ["publish"]})).bearer(&player).await.expect(403);
        for body in [
            json!({"label": "x", "scopes": []}),
            json!({"label": "x", "scopes": ["everything"]}),
            json!({"label": "", "scopes": ["publish"]}),
            json!({"label": "x", "scopes": ["publish"], "expires_in_s": 0}),
        ] {
            stage.post("/v1/keys", body).bearer(&stage.developer_key).await.expect(422);
        }
    }

    #[tokio::test]
    async fn a_key_that_is_used_too_often_is_told_when_to_come_back() {
        let stage = Stage::with(|config| config.accounts.requests_by_key.burst = 3).await;
        let made = key(&stage, json!({"label": "ci", "scopes": ["publish"]})).await;
        let text = made["key"].as_str().unwrap();
        let mut answers = Vec::new();
        for _ in 0..4 {
            answers.push(stage.get("/v1/me").bearer(text).await);
        }
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200, 200, 200, 429]);
        assert_eq!(answers[3].header("retry-after"), "1");
        assert!(answers[3].header("ratelimit-policy").starts_with("\"default\";q=3;"));
        stage.get("/v1/me").bearer(&stage.developer_key).await.expect(200);
    }
}

//! `POST /v1/system/keys/rotate` and its siblings: other keys for tokens, refresh tokens, artifacts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::Caller;
use crate::http::{Authenticated, Extras, Fault, Kind, Problem};
use crate::{App, KeyUse, RotateError};

impl Fault for RotateError {
    fn kind(&self) -> Kind {
        match self {
            RotateError::TooSoon(_) => Kind::Conflict,
            RotateError::Keys(_) => Kind::Internal,
        }
    }

    fn extras(&self) -> Extras {
        match self {
            RotateError::TooSoon(wait) => Extras { retry_after: Some(*wait), ..Extras::default() },
            RotateError::Keys(_) => Extras::default(),
        }
    }
}

/// The keys of access tokens after a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RotatedBody {
    /// Signs from now on.
    #[schema(example = "3f9c00112233445566778899aabbccdd")]
    kid: String,
    /// Whose tokens are good: that one, and the one before.
    #[schema(example = json!(["3f9c00112233445566778899aabbccdd", "5f1c0ad2b6e94c1d5f1c0ad2b6e94c1d"]))]
    good: Vec<String>,
    /// Tokens of the keys before are good until then, RFC 3339; they cannot be changed again before.
    #[schema(example = "2026-11-20T11:00:00.000Z", format = DateTime)]
    previous_until: String,
}

/// Change the keys of tokens
///
/// For operators. New tokens are signed with new keys from now on, and tokens of the present keys stay good until they expire:
/// nobody is signed out. Until then it cannot be done again.
#[utoipa::path(
    post, path = "/v1/system/keys/rotate", tag = "system", security(("bearer" = [])),
    responses(
        (status = 200, description = "Changed.", body = RotatedBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role operator"),
        (status = 409, description = "what the previous keys signed is good for up to 900 s more; rotate after that"),
        (status = 503, description = "tokens cannot be checked right now"),
    )
)]
pub(crate) async fn rotate_keys(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<RotatedBody>, Problem> {
    let previous_until = rotate(&app, &caller, KeyUse::Tokens).await?;
    let pair = app.accounts.keys.api();
    Ok(Json(RotatedBody { kid: pair.kid.clone(), good: pair.public.keys().cloned().collect(), previous_until }))
}

/// A key after a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyRotatedBody {
    /// What the key before signed is good until then, RFC 3339; it cannot be changed again before.
    #[schema(example = "2026-12-20T10:00:00.000Z", format = DateTime)]
    previous_until: String,
}

/// Change the key of refresh tokens
///
/// For operators. New refresh tokens are made with a new key from now on; those of the present key stay good until they are over,
/// and are replaced as they are used: nobody is signed out. Until then it cannot be done again.
#[utoipa::path(
    post, path = "/v1/system/keys/rotate-refresh", tag = "system", security(("bearer" = [])),
    responses(
        (status = 200, description = "Changed.", body = KeyRotatedBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role operator"),
        (status = 409, description = "what the previous keys signed is good for up to 2592000 s more; rotate after that"),
        (status = 503, description = "tokens cannot be checked right now"),
    )
)]
pub(crate) async fn rotate_refresh_key(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<KeyRotatedBody>, Problem> {
    Ok(Json(KeyRotatedBody { previous_until: rotate(&app, &caller, KeyUse::Refresh).await? }))
}

/// Change the key of artifacts
///
/// For operators. What is compiled from now on is signed with a new key. For a day hosts run what the present key signed too, and
/// whatever is started in that time is signed anew; the rest is compiled anew when it is started. Until then it cannot be done
/// again.
#[utoipa::path(
    post, path = "/v1/system/keys/rotate-artifacts", tag = "system", security(("bearer" = [])),
    responses(
        (status = 200, description = "Changed.", body = KeyRotatedBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role operator"),
        (status = 409, description = "what the previous keys signed is good for up to 86400 s more; rotate after that"),
        (status = 503, description = "tokens cannot be checked right now"),
    )
)]
pub(crate) async fn rotate_artifact_key(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<KeyRotatedBody>, Problem> {
    Ok(Json(KeyRotatedBody { previous_until: rotate(&app, &caller, KeyUse::Artifacts).await? }))
}

/// Until when what the keys before signed is good.
async fn rotate(app: &App, caller: &Caller, which: KeyUse) -> Result<String, Problem> {
    let (keys, now, rng) = (app.accounts.keys.clone(), app.clock.now(), app.rng.clone());
    let lives = app.config.key_lives();
    // It writes files and waits for the disk.
    let rotated = tokio::task::spawn_blocking(move || keys.rotate(which, now, &lives, &*rng));
    let until = rotated.await.map_err(|_| Problem::new(Kind::Internal, "the keys are as they were"))??;
    tracing::info!(?which, by = %caller.account, "keys were changed");
    Ok(until.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::testing::Stage;

    #[tokio::test]
    async fn a_change_of_keys_signs_nobody_out() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
        let before = stage.guest().await;
        let rotate = async || stage.post("/v1/system/keys/rotate", json!({})).bearer(&operator).await;
        let rotated = rotate().await.expect(200);
        let published = async || {
            let jwks = stage.get("/.well-known/jwks.json").await.expect(200);
            let mut kids: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
            kids.sort_by_key(ToString::to_string);
            kids
        };
        assert_eq!(json!(published().await), rotated["good"]);
        assert_eq!(published().await.len(), 2);
        let after = stage.guest().await;
        let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        assert_eq!(kid(&after), rotated["kid"].as_str().unwrap());
        assert_ne!(kid(&before), kid(&after));
        for token in [&before, &after] {
            stage.get("/v1/me").bearer(token).await.expect(200);
            stage.play_as(token, "chess", json!({"create": "public"})).await.expect(201);
        }
        let refused = rotate().await;
        assert_eq!(refused.header("retry-after"), "3615");
        refused.expect(409);
        stage.clock.advance(Duration::from_secs(3615));
        stage.retire_keys();
        assert_eq!(published().await, [rotated["kid"].clone()]);
        assert_eq!(stage.get("/v1/me").bearer(&before).await.expect(401)["code"], "unauthenticated", "its key is gone");
        rotate().await.expect(200);
        let fresh = stage.guest().await;
        stage.get("/v1/me").bearer(&fresh).await.expect(200);
    }

    #[tokio::test]
    async fn a_change_of_the_refresh_key_signs_nobody_out() {
        let stage = Stage::new().await;
        let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        let left = stage.post("/v1/guests", json!({})).await.expect(201);
        let rotate = async || stage.post("/v1/system/keys/rotate-refresh", json!({})).bearer(&operator).await;
        rotate().await.expect(200);
        let refresh = async |token: &Value| stage.post("/v1/sessions/refresh", json!({"refresh_token": token})).await;
        let again = refresh(&guest["refresh_token"]).await.expect(200);
        rotate().await.expect(409);
        stage.clock.advance(Duration::from_secs(29 * 24 * 3600));
        stage.retire_keys();
        refresh(&again["refresh_token"]).await.expect(200);
        refresh(&left["refresh_token"]).await.expect(200);
        stage.clock.advance(Duration::from_secs(24 * 3600));
        stage.retire_keys();
        rotate().await.expect(200);
        let fresh = stage.post("/v1/guests", json!({})).await.expect(201);
        refresh(&fresh["refresh_token"]).await.expect(200);
    }

    #[tokio::test]
    async fn games_are_played_on_after_a_change_of_the_artifact_key() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
        let path = "/v1/system/keys/rotate-artifacts";
        let rotated = stage.post(path, json!({})).bearer(&operator).await.expect(200);
        assert!(rotated["previous_until"].is_string());
        stage.play("chess", json!({"create": "public"})).await.expect(201);
        assert_eq!(stage.keys.artifact_verifiers().len(), 2);
        stage.post(path, json!({})).bearer(&operator).await.expect(409);
    }

    #[tokio::test]
    async fn developers_do_not_change_keys() {
        let stage = Stage::new().await;
        for which in ["rotate", "rotate-refresh", "rotate-artifacts"] {
            let path = format!("/v1/system/keys/{which}");
            stage.post(&path, json!({})).bearer(&stage.developer_key).await.expect(403);
        }
    }
}

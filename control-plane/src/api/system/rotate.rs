//! `POST /v1/system/keys/rotate`: other keys for tokens.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Authenticated, Extras, Fault, Kind, Problem};
use crate::{App, RotateError};

/// How long a join token may be good at most: the longest time in which a version lets a seat be claimed.
const JOIN_TOKENS: Duration = Duration::from_secs(3600);

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
        (status = 409, description = "tokens of the previous keys are good for up to 900 s more; rotate after that"),
        (status = 503, description = "tokens cannot be checked right now"),
    )
)]
pub(crate) async fn rotate_keys(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<RotatedBody>, Problem> {
    let (keys, now, rng) = (app.accounts.keys.clone(), app.clock.now(), app.rng.clone());
    let longest = app.config.accounts.access_token.max(app.config.matches.join_token).max(JOIN_TOKENS);
    // It writes files and waits for the disk.
    let rotated = tokio::task::spawn_blocking(move || keys.rotate(now, longest, &*rng));
    rotated.await.map_err(|_| Problem::new(Kind::Internal, "the keys are as they were"))??;
    let pair = app.accounts.keys.api();
    tracing::info!(kid = %pair.kid, by = %caller.account, "the keys of tokens were changed");
    Ok(Json(RotatedBody { kid: pair.kid.clone(), good: pair.public.keys().cloned().collect() }))
}

/// The key of refresh tokens after a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefreshRotatedBody {
    /// Tokens of the key before are good until then, RFC 3339; it cannot be changed again before.
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
        (status = 200, description = "Changed.", body = RefreshRotatedBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role operator"),
        (status = 409, description = "tokens of the previous keys are good for up to 2592000 s more; rotate after that"),
        (status = 503, description = "tokens cannot be checked right now"),
    )
)]
pub(crate) async fn rotate_refresh_key(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<RefreshRotatedBody>, Problem> {
    let (keys, now, rng) = (app.accounts.keys.clone(), app.clock.now(), app.rng.clone());
    let longest = app.config.accounts.refresh_token;
    // It writes files and waits for the disk.
    let rotated = tokio::task::spawn_blocking(move || keys.rotate_refresh(now, longest, &*rng));
    let until = rotated.await.map_err(|_| Problem::new(Kind::Internal, "the key is as it was"))??;
    tracing::info!(by = %caller.account, "the key of refresh tokens was changed");
    Ok(Json(RefreshRotatedBody { previous_until: until.to_string() }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn a_change_of_keys_signs_nobody_out() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
        let before = stage.guest().await;
        let rotate = async || stage.post("/v1/system/keys/rotate", json!({})).bearer(&operator).await;
        let rotated = rotate().await.expect(200);
        let jwks = stage.get("/.well-known/jwks.json").await.expect(200);
        let mut published: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
        published.sort_by_key(ToString::to_string);
        assert_eq!(json!(published), rotated["good"]);
        assert_eq!(published.len(), 2);
        let after = stage.guest().await;
        let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        assert_eq!(kid(&after), rotated["kid"].as_str().unwrap());
        assert_ne!(kid(&before), kid(&after));
        for token in [&before, &after] {
            stage.get("/v1/me").bearer(token).await.expect(200);
            stage.play_as(token, "chess", json!({"create": "public"})).await.expect(201);
        }
        let refused = rotate().await;
        assert_eq!(refused.header("retry-after"), "3600");
        refused.expect(409);
        stage.clock.advance(Duration::from_secs(3600));
        rotate().await.expect(200);
        let fresh = stage.guest().await;
        stage.get("/v1/me").bearer(&fresh).await.expect(200);
        assert_eq!(stage.get("/v1/me").bearer(&before).await.expect(401)["code"], "unauthenticated", "its key is gone");
    }

    #[tokio::test]
    async fn a_change_of_the_refresh_key_signs_nobody_out() {
        let stage = Stage::new().await;
        let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        let rotate = async || stage.post("/v1/system/keys/rotate-refresh", json!({})).bearer(&operator).await;
        rotate().await.expect(200);
        let refresh =
            async |token: &serde_json::Value| stage.post("/v1/sessions/refresh", json!({"refresh_token": token})).await;
        let again = refresh(&guest["refresh_token"]).await.expect(200);
        rotate().await.expect(409);
        stage.clock.advance(Duration::from_secs(29 * 24 * 3600));
        refresh(&again["refresh_token"]).await.expect(200);
    }

    #[tokio::test]
    async fn developers_do_not_change_keys() {
        let stage = Stage::new().await;
        stage.post("/v1/system/keys/rotate-refresh", json!({})).bearer(&stage.developer_key).await.expect(403);
        stage.post("/v1/system/keys/rotate", json!({})).bearer(&stage.developer_key).await.expect(403);
    }
}

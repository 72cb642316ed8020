//! `POST /v1/sessions/refresh`: new tokens for a refresh token.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{TokensBody, tokens};
use crate::App;
use crate::http::{JsonBody, Problem};

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshBody {
    /// The newest one.
    #[schema(example = "rt-6iYb0wU5...")]
    refresh_token: String,
}

/// Refresh tokens
///
/// A refresh token is used once. Within 30 s it may be sent again, for an answer that was lost; after that it can only
/// be a copy, and the whole sign-in is revoked.
#[utoipa::path(
    post, path = "/v1/sessions/refresh", tag = "accounts", request_body = RefreshBody,
    responses(
        (status = 200, description = "New tokens.", body = TokensBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the refresh token is not good any more; sign in again"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "the body lacks a field"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn refresh_session(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<RefreshBody>,
) -> Result<Response, Problem> {
    Ok(tokens(StatusCode::OK, app.accounts.refresh(&body.refresh_token).await?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use crate::testing::Stage;

    async fn refresh(stage: &Stage, token: &serde_json::Value) -> crate::testing::Answer {
        stage.post("/v1/sessions/refresh", json!({"refresh_token": token})).await
    }

    #[tokio::test]
    async fn each_refresh_gives_the_next_token_and_a_retry_the_same() {
        let stage = Stage::new().await;
        let first = stage.post("/v1/guests", json!({})).await.expect(201);
        let second = refresh(&stage, &first["refresh_token"]).await.expect(200);
        assert_ne!(second["refresh_token"], first["refresh_token"]);
        let retried = refresh(&stage, &first["refresh_token"]).await.expect(200);
        assert_eq!(retried["refresh_token"], second["refresh_token"], "the answer was lost, not the token");
        refresh(&stage, &second["refresh_token"]).await.expect(200);
    }

    #[tokio::test]
    async fn a_copied_token_revokes_the_whole_family() {
        let stage = Stage::new().await;
        let first = stage.post("/v1/guests", json!({})).await.expect(201);
        let second = refresh(&stage, &first["refresh_token"]).await.expect(200);
        stage.clock.advance(Duration::from_secs(31));
        refresh(&stage, &first["refresh_token"]).await.expect(401);
        refresh(&stage, &second["refresh_token"]).await.expect(401);
        stage.get("/v1/me").bearer(second["access_token"].as_str().unwrap()).await.expect(401);
    }

    #[tokio::test]
    async fn an_access_token_expires_and_says_so() {
        let stage = Stage::new().await;
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        stage.clock.advance(Duration::from_secs(16 * 60));
        let refused = stage.get("/v1/me").bearer(guest["access_token"].as_str().unwrap()).await.expect(401);
        assert_eq!(refused["code"], "token-expired");
        refresh(&stage, &guest["refresh_token"]).await.expect(200);
    }
}

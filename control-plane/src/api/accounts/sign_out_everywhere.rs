//! `DELETE /v1/sessions`: signing out everywhere.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;

use crate::App;
use crate::http::{Authenticated, Problem};
use crate::lobby::PlayerEvent;

/// Sign out everywhere
///
/// Every token of every sign-in of the account is void from now on, the caller's own too. Keys stay good.
#[utoipa::path(
    delete, path = "/v1/sessions", tag = "accounts", security(("bearer" = [])),
    responses(
        (status = 204, description = "Signed out."),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn delete_sessions(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    app.accounts.sign_out_everywhere(&caller.account, None).await?;
    app.lobby.tell(&caller.account, &PlayerEvent::SignedOut { session: None }).await;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn whoever_signs_out_everywhere_is_signed_in_nowhere() {
        let stage = Stage::new().await;
        let body = json!({"name": "ann", "password": "correct horse"});
        let mut tokens = vec![stage.post("/v1/accounts", body.clone()).await.expect(201)];
        for _ in 0..2 {
            tokens.push(stage.post("/v1/sessions", body.clone()).await.expect(200));
        }
        let other = stage.guest().await;
        stage.delete("/v1/sessions").bearer(tokens[1]["access_token"].as_str().unwrap()).await.expect(204);
        for tokens in &tokens {
            stage.get("/v1/me").bearer(tokens["access_token"].as_str().unwrap()).await.expect(401);
            stage.post("/v1/sessions/refresh", json!({"refresh_token": tokens["refresh_token"]})).await.expect(401);
        }
        stage.get("/v1/me").bearer(&other).await.expect(200);
        stage.post("/v1/sessions", body).await.expect(200);
    }
}

//! `DELETE /v1/sessions/current`: signing out.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;

use crate::App;
use crate::http::{Authenticated, Problem};
use crate::lobby::PlayerEvent;

/// Sign out
///
/// Every token of this sign-in is void from now on. A developer key stays good.
#[utoipa::path(
    delete, path = "/v1/sessions/current", tag = "accounts", security(("bearer" = [])),
    responses(
        (status = 204, description = "Signed out."),
        (status = 401, description = "the bearer token is not valid"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn delete_session(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    if let Some(session) = caller.session {
        app.accounts.revoke(session).await?;
        let session = Some(hex::encode(session.0));
        app.lobby.tell(&caller.account, &PlayerEvent::SignedOut { session }).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn a_token_is_void_once_its_holder_signed_out() {
        let stage = Stage::new().await;
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        let token = guest["access_token"].as_str().unwrap();
        stage.delete("/v1/sessions/current").bearer(token).await.expect(204);
        assert_eq!(stage.get("/v1/me").bearer(token).await.expect(401)["code"], "unauthenticated");
        stage.post("/v1/sessions/refresh", json!({"refresh_token": guest["refresh_token"]})).await.expect(401);
    }
}

//! `GET /v1/sessions`: where an account is signed in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::accounts::Caller;
use crate::http::{Authenticated, Problem};
use crate::model::Session;

/// The sign-ins of an account that are not over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionsBody {
    /// The one used last first; at most 1,000.
    items: Vec<SessionBody>,
}

/// A sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionBody {
    /// For ending it.
    #[schema(example = "9f2b5c0d6e7a48119f2b5c0d6e7a4811")]
    id: String,
    /// When its tokens were made last.
    #[schema(example = "2026-11-20T10:00:00.000Z")]
    refreshed_at: String,
    /// When it is over in any case.
    #[schema(example = "2026-12-20T10:00:00.000Z")]
    expires_at: String,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionBody {
    pub(super) fn new(session: &Session, caller: &Caller) -> SessionBody {
        SessionBody {
            id: hex::encode(session.id.0),
            refreshed_at: session.rotated_at.to_string(),
            expires_at: session.expires_at.to_string(),
            current: caller.session == Some(session.id),
        }
    }
}

/// List sign-ins
///
/// Where the caller is signed in, the newest first.
#[utoipa::path(
    get, path = "/v1/sessions", tag = "accounts", security(("bearer" = [])),
    responses(
        (status = 200, description = "The caller's sign-ins.", body = SessionsBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn list_sessions(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<SessionsBody>, Problem> {
    let sessions = app.store.sessions(&caller.account, app.clock.now()).await?;
    Ok(Json(SessionsBody { items: sessions.iter().map(|session| SessionBody::new(session, &caller)).collect() }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn somebody_sees_where_they_are_signed_in_and_ends_one_of_them() {
        let stage = Stage::new().await;
        let body = json!({"name": "ann", "password": "correct horse"});
        let here = stage.post("/v1/accounts", body.clone()).await.expect(201);
        stage.clock.advance(std::time::Duration::from_secs(5));
        let there = stage.post("/v1/sessions", body).await.expect(200);
        let token = here["access_token"].as_str().unwrap();
        let listed = stage.get("/v1/sessions").bearer(token).await.expect(200);
        let current: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| &item["current"]).collect();
        assert_eq!(current, [false, true]);
        let other = format!("/v1/sessions/{}", listed["items"][0]["id"].as_str().unwrap());
        stage.delete(&other).bearer(&stage.guest().await).await.expect(404);
        stage.delete(&other).bearer(token).await.expect(204);
        stage.get("/v1/me").bearer(there["access_token"].as_str().unwrap()).await.expect(401);
        stage.get("/v1/me").bearer(token).await.expect(200);
        stage.delete(&other).bearer(token).await.expect(404);
    }

    #[tokio::test]
    async fn of_too_many_sign_ins_the_oldest_end() {
        let stage = Stage::with(|config| config.accounts.sign_ins_by_account.burst = 1000).await;
        let body = json!({"name": "ann", "password": "correct horse"});
        let first = stage.post("/v1/accounts", body.clone()).await.expect(201);
        for _ in 0..100 {
            stage.clock.advance(std::time::Duration::from_secs(10));
            stage.post("/v1/sessions", body.clone()).await.expect(200);
        }
        stage.post("/v1/sessions/refresh", json!({"refresh_token": first["refresh_token"]})).await.expect(401);
    }
}

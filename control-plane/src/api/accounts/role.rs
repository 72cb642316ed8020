//! `PUT /v1/accounts/{id}/role`: who may publish, and who runs the place.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use serde::Deserialize;
use stadion_protocol::PlayerId;
use utoipa::ToSchema;

use crate::App;
use crate::http::{Authenticated, JsonBody, Problem, UrlPath};
use crate::model::Role;

/// A role.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleBody {
    /// What the account may do from now on.
    role: RoleName,
}

/// Each may do what the ones before it may.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RoleName {
    /// Plays.
    Player,
    /// Publishes games of its own.
    Developer,
    /// Runs the place.
    Operator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Role {
        match name {
            RoleName::Player => Role::Player,
            RoleName::Developer => Role::Developer,
            RoleName::Operator => Role::Operator,
        }
    }
}

/// Set a role
///
/// For operators. The account signs in anew: its tokens, which say the old role, are void.
#[utoipa::path(
    put, path = "/v1/accounts/{id}/role", tag = "accounts", security(("bearer" = [])), request_body = RoleBody,
    params(("id" = String, Path, description = "The account's id.", example = "p-5f1c0ad2b6e94c1d01020304", pattern = "^[!-~]{1,64}$")),
    responses(
        (status = 204, description = "So it is."),
        (status = 400, description = "the body is not JSON, or that is no id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role operator"),
        (status = 404, description = "there is no account p-5f1c0ad2b6e94c1d01020304"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "the body lacks a field"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn set_role(
    State(app): State<Arc<App>>,
    UrlPath(account): UrlPath<PlayerId>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<RoleBody>,
) -> Result<StatusCode, Problem> {
    app.accounts.set_role(&caller, &account, body.role.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn an_operator_makes_a_player_a_developer_and_nobody_else_does() {
        let stage = Stage::new().await;
        let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
        let credentials = json!({"name": "ann", "password": "correct horse"});
        let ann = stage.post("/v1/accounts", credentials.clone()).await.expect(201);
        let old = ann["access_token"].as_str().unwrap();
        let path = format!("/v1/accounts/{}/role", ann["player"]["id"].as_str().unwrap());
        let set = async |by: &str, role: &str| {
            let body = Bytes::from(json!({"role": role}).to_string());
            stage.put(&path, body).with("content-type", "application/json").bearer(by).await
        };
        set(old, "operator").await.expect(403);
        set(&stage.developer_key, "developer").await.expect(403);
        set(&operator, "king").await.expect(422);
        stage.post("/v1/games", json!({"name": "chess"})).bearer(old).await.expect(403);
        set(&operator, "developer").await.expect(204);
        stage.get("/v1/me").bearer(old).await.expect(401);
        let anew = stage.post("/v1/sessions", credentials).await.expect(200);
        assert_eq!(anew["player"]["role"], "developer");
        stage
            .post("/v1/games", json!({"name": "chess"}))
            .bearer(anew["access_token"].as_str().unwrap())
            .await
            .expect(201);
    }
}

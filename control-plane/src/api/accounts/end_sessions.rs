//! `DELETE /v1/accounts/{id}/sessions`: signing somebody out.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use stadion_protocol::PlayerId;

use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};

/// Sign an account out
///
/// For operators: every token of every sign-in of the account is void from now on. Keys stay good.
#[utoipa::path(
    delete, path = "/v1/accounts/{id}/sessions", tag = "accounts", security(("bearer" = [])),
    params(("id" = String, Path, description = "The account's id.", example = "p-5f1c0ad2b6e94c1d01020304")),
    responses(
        (status = 204, description = "It is signed in nowhere."),
        (status = 400, description = "that is no id of an account"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role operator"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn end_sessions(
    State(app): State<Arc<App>>,
    UrlPath(account): UrlPath<PlayerId>,
    _caller: Authenticated,
) -> Result<StatusCode, Problem> {
    app.accounts.sign_out_everywhere(&account, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn an_operator_signs_somebody_out() {
        let stage = Stage::new().await;
        let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        let path = format!("/v1/accounts/{}/sessions", guest["player"]["id"].as_str().unwrap());
        stage.delete(&path).bearer(&stage.developer_key).await.expect(403);
        stage.delete(&path).bearer(&operator).await.expect(204);
        stage.get("/v1/me").bearer(guest["access_token"].as_str().unwrap()).await.expect(401);
        stage.post("/v1/sessions/refresh", json!({"refresh_token": guest["refresh_token"]})).await.expect(401);
    }
}

//! `PUT /v1/me/password`: another password.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::App;
use crate::accounts::PasswordChange;
use crate::http::{Authenticated, JsonBody, Problem};

/// The present password and the next.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    /// The present one.
    #[schema(example = "correct horse battery staple", format = Password)]
    current_password: String,
    /// 8 to 128 characters, none of those that guessers try first.
    #[schema(example = "seven quiet herons at dusk", format = Password)]
    new_password: String,
}

/// Change the password
///
/// Every other sign-in of the account ends: whoever had the old password is out.
#[utoipa::path(
    put, path = "/v1/me/password", tag = "accounts", security(("bearer" = [])), request_body = PasswordBody,
    responses(
        (status = 204, description = "Changed."),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "the password is not this account's"),
        (status = 409, description = "this account has no password"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "passwords have 8 to 128 characters, any characters"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<PasswordBody>,
) -> Result<StatusCode, Problem> {
    let change = PasswordChange { current: body.current_password, new: body.new_password };
    app.accounts.change_password(&caller, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use crate::testing::{Answer, Stage};

    async fn change(stage: &Stage, of: &Value, current: &str, new: &str) -> Answer {
        let body = json!({"current_password": current, "new_password": new}).to_string();
        let call = stage.put("/v1/me/password", Bytes::from(body)).bearer(of["access_token"].as_str().unwrap());
        call.with("content-type", "application/json").await
    }

    async fn sign_in(stage: &Stage, password: &str) -> Answer {
        stage.post("/v1/sessions", json!({"name": "ann", "password": password})).await
    }

    #[tokio::test]
    async fn a_changed_password_ends_every_other_sign_in() {
        let stage = Stage::new().await;
        let here = stage.post("/v1/accounts", json!({"name": "ann", "password": "correct horse"})).await.expect(201);
        let there = sign_in(&stage, "correct horse").await.expect(200);
        change(&stage, &here, "wrong horse", "seven quiet herons").await.expect(403);
        change(&stage, &here, "correct horse", "Password1").await.expect(422);
        change(&stage, &here, "correct horse", "seven quiet herons").await.expect(204);
        stage.get("/v1/me").bearer(here["access_token"].as_str().unwrap()).await.expect(200);
        stage.get("/v1/me").bearer(there["access_token"].as_str().unwrap()).await.expect(401);
        stage.post("/v1/sessions/refresh", json!({"refresh_token": there["refresh_token"]})).await.expect(401);
        stage.post("/v1/sessions/refresh", json!({"refresh_token": here["refresh_token"]})).await.expect(200);
        sign_in(&stage, "correct horse").await.expect(401);
        sign_in(&stage, "seven quiet herons").await.expect(200);
    }

    #[tokio::test]
    async fn the_present_password_is_not_to_be_guessed_by_changing_it() {
        let stage = Stage::with(|config| config.accounts.changes_by_account.burst = 2).await;
        let ann = stage.post("/v1/accounts", json!({"name": "ann", "password": "correct horse"})).await.expect(201);
        for status in [403, 403, 429] {
            change(&stage, &ann, "wrong horse", "seven quiet herons").await.expect(status);
        }
    }

    #[tokio::test]
    async fn a_guest_has_no_password_to_change() {
        let stage = Stage::new().await;
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        change(&stage, &guest, "anything at all", "seven quiet herons").await.expect(409);
    }
}

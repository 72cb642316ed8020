//! `POST /v1/accounts`: an account that signs in by name and password.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{TokensBody, tokens};
use crate::App;
use crate::http::{AuditSlot, ClientAddress, JsonBody, Problem};

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialsBody {
    /// 3 to 32 characters of `a-z A-Z 0-9 _ - .`; the same name in another case is the same name.
    #[schema(example = "ann")]
    pub(super) name: String,
    /// 8 to 128 characters, none of those that guessers try first.
    #[schema(example = "correct horse battery staple", format = Password)]
    pub(super) password: String,
}

/// Make an account
///
/// With a name to sign in by and a password. The answer has the tokens of a first sign-in.
#[utoipa::path(
    post, path = "/v1/accounts", tag = "accounts", request_body = CredentialsBody,
    responses(
        (status = 201, description = "The account's tokens.", body = TokensBody),
        (status = 400, description = "the body is not JSON"),
        (status = 409, description = "that name is taken"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "passwords have 8 to 128 characters, any characters"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "too many sign-ins at once; try again in a second"),
    )
)]
pub(crate) async fn create_account(
    State(app): State<Arc<App>>,
    ClientAddress(from): ClientAddress,
    audit: AuditSlot,
    JsonBody(body): JsonBody<CredentialsBody>,
) -> Result<Response, Problem> {
    let name = body.name.parse::<crate::model::AccountName>()?;
    audit.target(name.as_str());
    let signed_in = app.accounts.register(from, name, body.password).await?;
    audit.actor(&signed_in.account.id);
    Ok(tokens(StatusCode::CREATED, signed_in))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn a_name_is_taken_once_whatever_its_case() {
        let stage = Stage::new().await;
        let body = json!({"name": "Ann", "password": "correct horse"});
        let account = stage.post("/v1/accounts", body).await.expect(201);
        assert_eq!(account["player"]["guest"], false);
        let again = stage.post("/v1/accounts", json!({"name": "aNN", "password": "another horse"})).await;
        assert_eq!(again.expect(409)["code"], "name-taken");
    }

    #[tokio::test]
    async fn weak_passwords_and_odd_names_are_refused() {
        let stage = Stage::new().await;
        for (name, password) in
            [("ann", "short"), ("a n n", "correct horse"), ("", "correct horse"), ("ann", "Password123")]
        {
            stage.post("/v1/accounts", json!({"name": name, "password": password})).await.expect(422);
        }
    }
}

//! `POST /v1/me/registration`: a guest becomes an account that signs in.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;

use super::register::CredentialsBody;
use super::{TokensBody, tokens};
use crate::App;
use crate::accounts::RegisterError;
use crate::http::{Authenticated, Extras, Fault, JsonBody, Kind, Problem};

impl Fault for RegisterError {
    fn kind(&self) -> Kind {
        match self {
            RegisterError::New(error) => error.kind(),
            RegisterError::Change(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        match self {
            RegisterError::New(error) => error.extras(),
            RegisterError::Change(error) => error.extras(),
        }
    }
}

/// Register the caller
///
/// A guest gets a name and a password, and stays who it is: id, seats, ratings and whatever else hangs on the id. Use the
/// tokens of the answer from now on: they say the new name.
#[utoipa::path(
    post, path = "/v1/me/registration", tag = "accounts", security(("bearer" = [])), request_body = CredentialsBody,
    responses(
        (status = 200, description = "The account's tokens.", body = TokensBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 409, description = "that name is taken, or this account is registered already"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "passwords have 8 to 128 characters, any characters"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn register_me(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<CredentialsBody>,
) -> Result<Response, Problem> {
    let name = body.name.parse::<crate::model::AccountName>()?;
    Ok(tokens(StatusCode::OK, app.accounts.register_caller(&caller, name, body.password).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn a_guest_who_registers_keeps_id_and_seat() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        let token = guest["access_token"].as_str().unwrap();
        let seat = stage.play_as(token, "chess", json!({"create": "private"})).await.expect(201);
        let body = json!({"name": "ann", "password": "correct horse"});
        let ann = stage.post("/v1/me/registration", body.clone()).bearer(token).await.expect(200);
        assert_eq!(ann["player"]["id"], guest["player"]["id"]);
        assert_eq!((&ann["player"]["name"], &ann["player"]["guest"]), (&json!("ann"), &json!(false)));
        let again = stage.post("/v1/sessions", body).await.expect(200);
        assert_eq!(again["player"]["id"], guest["player"]["id"]);
        let code = json!({"code": seat["match"]["code"]});
        let same = stage.play_as(again["access_token"].as_str().unwrap(), "chess", code).await.expect(200);
        assert_eq!(same["seat"], seat["seat"]);
        stage.post("/v1/sessions/refresh", json!({"refresh_token": guest["refresh_token"]})).await.expect(200);
    }

    #[tokio::test]
    async fn a_name_is_chosen_once_and_free() {
        let stage = Stage::new().await;
        let body = json!({"name": "ann", "password": "correct horse"});
        let ann = stage.post("/v1/accounts", body.clone()).await.expect(201);
        let guest = stage.guest().await;
        assert_eq!(stage.post("/v1/me/registration", body).bearer(&guest).await.expect(409)["code"], "name-taken");
        let other = json!({"name": "bob", "password": "correct horse"});
        stage.post("/v1/me/registration", other).bearer(ann["access_token"].as_str().unwrap()).await.expect(409);
    }
}

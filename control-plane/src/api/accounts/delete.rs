//! `POST /v1/me/delete`: the end of an account.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::App;
use crate::accounts::ChangeError;
use crate::http::{Authenticated, Extras, Fault, JsonBody, Kind, Problem};
use crate::store::DeleteAccountError;

/// That somebody means it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteBody {
    /// The id of the caller's account.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    confirm: String,
    /// The password, where the account has one.
    #[schema(example = "correct horse battery staple", format = Password)]
    password: Option<String>,
}

impl Fault for ChangeError {
    fn kind(&self) -> Kind {
        match self {
            ChangeError::Limit(error) => error.kind(),
            ChangeError::Password(error) => error.kind(),
            ChangeError::WrongPassword | ChangeError::WrongCode | ChangeError::OwnRole => Kind::Forbidden,
            ChangeError::NoPassword | ChangeError::Raced | ChangeError::Registered | ChangeError::SecondFactorThere => {
                Kind::Conflict
            }
            ChangeError::NotConfirmed => Kind::Invalid,
            ChangeError::Unknown(_) | ChangeError::NoSecondFactor => Kind::NotFound,
            ChangeError::Delete(DeleteAccountError::OwnsGame(_)) => Kind::Conflict,
            ChangeError::Delete(DeleteAccountError::Store(error)) | ChangeError::Store(error) => error.kind(),
            ChangeError::Coordination(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        match self {
            ChangeError::Limit(error) => error.extras(),
            ChangeError::Password(error) => error.extras(),
            ChangeError::Delete(DeleteAccountError::Store(error)) | ChangeError::Store(error) => error.extras(),
            ChangeError::Coordination(error) => error.extras(),
            _ => Extras::default(),
        }
    }
}

/// Delete the account
///
/// Its sign-ins, keys and identities go, and its name from every match. What is left in matches and journals is an id that
/// means nobody. It cannot be undone.
#[utoipa::path(
    post, path = "/v1/me/delete", tag = "accounts", security(("bearer" = [])), request_body = DeleteBody,
    responses(
        (status = 204, description = "Deleted."),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "the password is not this account's"),
        (status = 409, description = "the account owns chess, which is in play: retire all its versions first"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "`confirm` is the id of your account, as GET /v1/me says it"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn delete_me(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<DeleteBody>,
) -> Result<StatusCode, Problem> {
    app.accounts.delete_caller(&caller, &body.confirm, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn a_deleted_account_is_gone_and_its_matches_name_nobody() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let ann = stage.post("/v1/accounts", json!({"name": "annabel", "password": "correct horse"})).await.expect(201);
        let (token, id) = (ann["access_token"].as_str().unwrap(), &ann["player"]["id"]);
        let seat = stage.play_as(token, "chess", json!({"create": "public"})).await.expect(201);
        stage.host.finish(seat["match"]["id"].as_str().unwrap());
        stage.settled().await;
        let path = format!("/v1/matches/{}", seat["match"]["id"].as_str().unwrap());
        assert!(stage.get(&path).await.expect(200).to_string().contains("annabel"));

        let delete = async |body| stage.post("/v1/me/delete", body).bearer(token).await;
        delete(json!({"confirm": "p-1", "password": "correct horse"})).await.expect(422);
        delete(json!({"confirm": id})).await.expect(403);
        delete(json!({"confirm": id, "password": "wrong horse"})).await.expect(403);
        delete(json!({"confirm": id, "password": "correct horse"})).await.expect(204);

        stage.get("/v1/me").bearer(token).await.expect(401);
        stage.post("/v1/sessions/refresh", json!({"refresh_token": ann["refresh_token"]})).await.expect(401);
        stage.post("/v1/sessions", json!({"name": "annabel", "password": "correct horse"})).await.expect(401);
        let shown = stage.get(&path).await.expect(200);
        assert!(!shown.to_string().contains("annabel"), "{shown}");
        assert_eq!(shown["seats"][0]["player"]["id"], *id, "journals and results still fit together");
        stage.post("/v1/accounts", json!({"name": "annabel", "password": "another horse"})).await.expect(201);
    }

    #[tokio::test]
    async fn whoever_owns_a_game_in_play_retires_it_first() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        let me = stage.get("/v1/me").bearer(&stage.developer_key).await.expect(200);
        let delete =
            async || stage.post("/v1/me/delete", json!({"confirm": me["id"]})).bearer(&stage.developer_key).await;
        assert!(delete().await.expect(409)["detail"].as_str().unwrap().contains("chess"));
        let path = format!("/v1/games/chess/versions/{}", version["version"].as_str().unwrap());
        stage.delete(&path).bearer(&stage.developer_key).await.expect(204);
        delete().await.expect(204);
        stage.get("/v1/me").bearer(&stage.developer_key).await.expect(401);
    }
}

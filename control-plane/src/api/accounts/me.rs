//! `GET /v1/me`: who the caller is.

use axum::Json;

use super::AccountBody;
use crate::http::Authenticated;

/// Who am I?
///
/// The account that the token or the key stands for.
#[utoipa::path(
    get, path = "/v1/me", tag = "accounts", security(("bearer" = [])),
    responses(
        (status = 200, description = "The caller's account.", body = AccountBody),
        (status = 401, description = "the bearer token is not valid"),
        (status = 503, description = "tokens cannot be checked right now"),
    )
)]
pub(crate) async fn get_me(Authenticated(caller): Authenticated) -> Json<AccountBody> {
    Json(AccountBody {
        id: caller.account.to_string(),
        name: caller.name.as_str().to_owned(),
        guest: caller.guest,
        role: caller.role.as_str(),
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn nothing_but_a_good_token_says_who_somebody_is() {
        let stage = Stage::new().await;
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        let good = guest["access_token"].as_str().unwrap();
        let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let wrong_kid = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","typ":"JWT","kid":"0000"}"#);
        for token in [
            format!("{none}.{claims}."),
            format!("{none}.{claims}.{signature}"),
            format!("{wrong_kid}.{claims}.{signature}"),
            format!("{header}.{claims}."),
            format!("{header}.{}.{signature}", &claims[1..]),
            "dev-00000000000000000000000000000000".to_owned(),
            String::new(),
        ] {
            let refused = stage.get("/v1/me").bearer(&token).await;
            assert_eq!(refused.header("www-authenticate"), "Bearer");
            assert_eq!(refused.expect(401)["detail"], "the bearer token is not valid", "{token}");
        }
        stage.get("/v1/me").await.expect(401);
    }

    #[tokio::test]
    async fn a_join_token_is_no_access_token() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let seat = stage.play("chess", json!({})).await.expect(201);
        stage.get("/v1/me").bearer(seat["join_token"].as_str().unwrap()).await.expect(401);
    }

    #[tokio::test]
    async fn a_developer_key_is_a_bearer_token() {
        let stage = Stage::new().await;
        let me = stage.get("/v1/me").bearer(&stage.developer_key).await.expect(200);
        assert_eq!(me["role"], "developer");
    }
}

//! `GET /.well-known/jwks.json`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::App;

/// Get the keys that access tokens are signed with
///
/// A JSON Web Key Set (RFC 7517): whoever checks access tokens by itself takes the key that a token's `kid` names.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "system",
    responses((
        status = 200, description = "A JWK set (RFC 7517).", body = Object,
        example = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "..", "x": ".."}]}),
    ))
)]
pub(crate) async fn get_jwks(State(app): State<Arc<App>>) -> Json<serde_json::Value> {
    Json(app.accounts.keys.jwks())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn anybody_can_check_an_access_token_with_the_published_key() {
        let stage = Stage::new().await;
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        let token = guest["access_token"].as_str().unwrap();
        let jwks = stage.get("/.well-known/jwks.json").await.expect(200);
        let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(jwks).unwrap();
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        validation.set_audience(&[crate::accounts::API_AUDIENCE]);
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<serde_json::Value>(token, &key, &validation).unwrap().claims;
        assert_eq!(claims["sub"], guest["player"]["id"]);
    }
}

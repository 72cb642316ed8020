//! `POST /v1/guests`: playing without an account.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{TokensBody, tokens};
use crate::App;
use crate::http::{ClientAddress, Fault, JsonBody, Kind, Problem};
use crate::model::{DisplayName, InvalidName};

/// A guest to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuestBody {
    /// The name that others see; none: one is made up.
    #[schema(example = "Ann", min_length = 1, max_length = 32)]
    name: Option<String>,
}

impl TryFrom<GuestBody> for Option<DisplayName> {
    type Error = InvalidName;

    fn try_from(body: GuestBody) -> Result<Option<DisplayName>, InvalidName> {
        body.name.map(|name| name.parse()).transpose()
    }
}

impl Fault for InvalidName {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// Sign in as a guest
///
/// Makes an account without a password. Its refresh token is all there is to come back with.
#[utoipa::path(
    post, path = "/v1/guests", tag = "accounts",
    request_body(content = Option<GuestBody>, description = "May be left out."),
    responses(
        (status = 201, description = "The guest's tokens.", body = TokensBody),
        (status = 400, description = "the body is not JSON"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "names are 1 to 32 visible characters, at most 64 bytes"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn create_guest(
    State(app): State<Arc<App>>,
    ClientAddress(from): ClientAddress,
    JsonBody(body): JsonBody<GuestBody>,
) -> Result<Response, Problem> {
    let name = body.try_into()?;
    Ok(tokens(StatusCode::CREATED, app.accounts.guest(from, name).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn a_guest_needs_nothing_and_is_known_by_its_token() {
        let stage = Stage::new().await;
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        assert_eq!(guest["player"]["guest"], true);
        assert_eq!(guest["token_type"], "Bearer");
        let me = stage.get("/v1/me").bearer(guest["access_token"].as_str().unwrap()).await.expect(200);
        assert_eq!(me, guest["player"]);
    }

    #[tokio::test]
    async fn a_guest_may_choose_a_name_that_others_can_bear() {
        let stage = Stage::new().await;
        let guest = stage.post("/v1/guests", json!({"name": " Zoë "})).await.expect(201);
        assert_eq!(guest["player"]["name"], "Zoë");
        for (body, status) in
            [(json!({"name": ""}), 422), (json!({"name": "a\nb"}), 422), (json!({"nam": "x"}), 422), (json!([]), 422)]
        {
            stage.post("/v1/guests", body).await.expect(status);
        }
    }

    #[tokio::test]
    async fn too_many_guests_from_one_address_wait() {
        let stage = Stage::with(|config| config.accounts.guests.burst = 2).await;
        for remaining in [1, 0] {
            let answer = stage.post("/v1/guests", json!({})).await;
            assert!(answer.header("ratelimit").starts_with(&format!("\"default\";r={remaining};")));
            answer.expect(201);
        }
        let refused = stage.post("/v1/guests", json!({})).await;
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(refused.expect(429)["code"], "too-many-requests");
    }
}

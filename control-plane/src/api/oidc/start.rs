//! `POST /v1/oidc/{provider}/start`: the way to a provider.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;
use crate::accounts::OIDC_PATIENCE;
use crate::http::{ClientAddress, JsonBody, Problem, UrlPath};

/// Where to come back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartBody {
    /// One of the provider's `redirects` in the server's configuration.
    #[schema(example = "https://play.acme.example/signed-in")]
    redirect_uri: String,
}

/// A sign-in that has begun.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StartedBody {
    /// To be opened in the person's browser.
    #[schema(example = "https://accounts.acme.example/authorize?..")]
    authorization_url: String,
    /// The provider sends it back with the code: compare.
    #[schema(example = "8k3vN1..")]
    state: String,
    /// For `finish`. Keep it where the browser's address never shows it.
    #[schema(example = "mB72xQ..")]
    flow: String,
    /// Seconds until it is over.
    #[schema(example = 600)]
    expires_in_s: u64,
}

/// Begin to sign in at a provider
///
/// Answers where to send the player; what comes back from there goes to `finish`.
#[utoipa::path(
    post, path = "/v1/oidc/{provider}/start", tag = "accounts", request_body = StartBody,
    params(("provider" = String, Path, description = "Its name.", example = "acme")),
    responses(
        (status = 200, description = "Where to send the person.", body = StartedBody),
        (status = 400, description = "the body is not JSON"),
        (status = 404, description = "there is no identity provider acme; GET /v1/oidc lists them"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "the provider's `redirects` in the server's configuration do not name this redirect_uri"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the identity provider does not answer; try again in a while"),
    )
)]
pub(crate) async fn start_oidc(
    State(app): State<Arc<App>>,
    ClientAddress(from): ClientAddress,
    UrlPath(provider): UrlPath<String>,
    JsonBody(body): JsonBody<StartBody>,
) -> Result<Json<StartedBody>, Problem> {
    let started = app.accounts.start_oidc(from, &provider, &body.redirect_uri).await?;
    Ok(Json(StartedBody {
        authorization_url: started.url,
        state: started.state,
        flow: started.flow,
        expires_in_s: OIDC_PATIENCE.as_secs(),
    }))
}

//! `POST /v1/oidc/{provider}/finish`: the way back from a provider.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::App;
use crate::accounts::{OidcError, Returned, SignInError};
use crate::api::accounts::{TokensBody, tokens};
use crate::http::{AuditSlot, ClientAddress, JsonBody, MaybeAuthenticated, Problem, UrlPath};

/// What the provider sent, and what `start` answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FinishBody {
    /// From the provider.
    #[schema(example = "8k3vN1..")]
    state: String,
    /// From the provider.
    #[schema(example = "SplxlOBeZQQYbYS6WxSbIA")]
    code: String,
    /// From `start`.
    #[schema(example = "mB72xQ..")]
    flow: String,
}

/// Sign in by a provider
///
/// Without a bearer token: signs in whoever the provider vouches for, and makes an account the first time. With one: the
/// identity becomes the caller's; a guest keeps id, seats and ratings, and is a guest no more. An account with a second factor
/// answers 401 `second-factor-required` with a `challenge`: go on with `POST /v1/sessions/second-factor`.
#[utoipa::path(
    post, path = "/v1/oidc/{provider}/finish", tag = "accounts", security((), ("bearer" = [])),
    request_body = FinishBody,
    params(("provider" = String, Path, description = "Its name.", example = "acme")),
    responses(
        (status = 200, description = "The account's tokens.", body = TokensBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the identity provider did not vouch for anybody; start again"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 404, description = "there is no identity provider acme; GET /v1/oidc lists them"),
        (status = 409, description = "this identity belongs to another account; sign in with it instead, or unlink it there"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "the body lacks a field"),
        (status = 429, description = "too many of these requests from here"),
        (status = 503, description = "the identity provider does not answer; try again in a while"),
    )
)]
#[allow(clippy::too_many_arguments, reason = "each is a part of the request, which the framework takes out of it")]
pub(crate) async fn finish_oidc(
    State(app): State<Arc<App>>,
    ClientAddress(from): ClientAddress,
    UrlPath(provider): UrlPath<String>,
    MaybeAuthenticated(caller): MaybeAuthenticated,
    audit: AuditSlot,
    JsonBody(body): JsonBody<FinishBody>,
) -> Result<Response, Problem> {
    let returned = Returned { state: body.state, code: body.code, flow: body.flow };
    let signed_in =
        app.accounts.finish_oidc(from, &provider, returned, caller.as_ref()).await.inspect_err(|error| {
            // Whom the provider vouched for is worth noting.
            if let OidcError::SignIn(SignInError::Challenged(challenged)) = error {
                audit.actor(&challenged.account);
            }
        })?;
    audit.actor(&signed_in.account.id);
    Ok(tokens(StatusCode::OK, signed_in))
}

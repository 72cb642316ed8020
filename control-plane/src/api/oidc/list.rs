//! `GET /v1/oidc`: the identity providers of this server.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// Identity providers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProvidersBody {
    /// In the order of the configuration; at most as many as that has.
    items: Vec<ProviderBody>,
}

/// An identity provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderBody {
    /// As in URLs.
    #[schema(example = "acme")]
    name: String,
    /// Who it is.
    #[schema(example = "https://accounts.acme.example")]
    issuer: String,
}

/// List identity providers
///
/// Where accounts of others may sign in, as the operator has set them up.
#[utoipa::path(
    get, path = "/v1/oidc", tag = "accounts",
    responses((status = 200, description = "Where accounts of others sign in.", body = ProvidersBody))
)]
pub(crate) async fn list_providers(State(app): State<Arc<App>>) -> Json<ProvidersBody> {
    let providers = app.config.accounts.oidc.iter();
    let body = |provider: &crate::config::OidcProvider| ProviderBody {
        name: provider.name.clone(),
        issuer: provider.issuer.clone(),
    };
    Json(ProvidersBody { items: providers.map(body).collect() })
}

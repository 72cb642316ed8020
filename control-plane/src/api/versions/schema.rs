//! `GET /v1/games/{game}/versions/{version}/schema`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use stadion_protocol::{GameName, VersionId};

use crate::App;
use crate::api::wire::VersionPath;
use crate::games::CatalogError;
use crate::http::{Problem, UrlPath};

/// A version never changes, so neither does its schema.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Get a version's schema
///
/// What its messages and views look like. Clients that know a game only by name read and write with it.
#[utoipa::path(
    get, path = "/v1/games/{game}/versions/{version}/schema", tag = "games", params(VersionPath),
    responses(
        (status = 200, description = "The schema.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 204, description = "The game speaks raw bytes."),
        (status = 400, description = "not a version id"),
        (status = 404, description = "there is no such version"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_schema(
    State(app): State<Arc<App>>,
    UrlPath((game, id)): UrlPath<(GameName, VersionId)>,
) -> Result<Response, Problem> {
    let version = app.store.version(&game, id).await?.ok_or(CatalogError::UnknownVersion(game, id))?;
    let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, FOR_EVER)];
    Ok(match version.description.schema {
        Some(schema) => (headers, schema).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::Stage;

    #[tokio::test]
    async fn the_schema_is_what_the_game_described() {
        for schema in [Some(b"schema".to_vec()), None] {
            let stage = Stage::new().await;
            stage.compiler.describe(|description| description.schema = schema.clone());
            let version = stage.publish("chess").await;
            let path = format!("/v1/games/chess/versions/{}/schema", version["version"].as_str().unwrap());
            let answer = stage.get(&path).await;
            assert_eq!(answer.status, if schema.is_some() { 200 } else { 204 });
            assert_eq!(answer.body, schema.unwrap_or_default());
        }
    }
}

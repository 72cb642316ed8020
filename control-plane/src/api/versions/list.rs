//! `GET /v1/games/{game}/versions`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use stadion_protocol::GameName;
use utoipa::ToSchema;

use super::VersionBody;
use crate::App;
use crate::api::wire::GamePath;
use crate::games::CatalogError;
use crate::http::{Problem, UrlPath};

/// Versions that are shown: whoever looks for an older one knows its id.
const MOST: u16 = 100;

/// Versions of a game.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionsBody {
    /// Newest first, the last hundred.
    items: Vec<VersionBody>,
}

/// List versions
#[utoipa::path(
    get, path = "/v1/games/{game}/versions", tag = "games", params(GamePath),
    responses(
        (status = 200, description = "Versions, newest first.", body = VersionsBody),
        (status = 400, description = "not a game name"),
        (status = 404, description = "there is no such game"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn list_versions(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
) -> Result<Json<VersionsBody>, Problem> {
    if app.store.game(&game).await?.is_none() {
        return Err(CatalogError::UnknownGame(game).into());
    }
    let versions = app.store.versions(&game, MOST).await?;
    Ok(Json(VersionsBody { items: versions.into_iter().map(VersionBody::from).collect() }))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Stage, wasm};

    #[tokio::test]
    async fn the_newest_version_comes_first() {
        let stage = Stage::new().await;
        let first = stage.publish("chess").await;
        let key = stage.developer_key.clone();
        let second = stage.put("/v1/games/chess/versions", wasm("two")).bearer(&key).await.expect(201);
        let list = stage.get("/v1/games/chess/versions").await.expect(200);
        assert_eq!(list["items"], serde_json::json!([second, first]));
        stage.get("/v1/games/go/versions").await.expect(404);
    }
}

//! `GET /v1/games/{game}/versions/{version}/component`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::CONTENT_TYPE;
use stadion_protocol::{GameName, VersionId};

use super::owned;
use crate::App;
use crate::api::wire::VersionPath;
use crate::games::CatalogError;
use crate::http::{Authenticated, Problem, UrlPath};

/// Get a version's component
///
/// The wasm that was compiled, for `stadion replay`: the upload itself, or the component that was made of it.
#[utoipa::path(
    get, path = "/v1/games/{game}/versions/{version}/component", tag = "games", security(("bearer" = [])),
    params(VersionPath),
    responses(
        (status = 200, description = "The component.", body = Vec<u8>, content_type = "application/wasm"),
        (status = 400, description = "not a version id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such version"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_component(
    State(app): State<Arc<App>>,
    UrlPath((game, id)): UrlPath<(GameName, VersionId)>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Problem> {
    let version = owned(&app, &caller, game, id).await?;
    let component = app.artifacts.component(id).await?.ok_or(CatalogError::UnknownVersion(version.game, id))?;
    Ok(([(CONTENT_TYPE, "application/wasm")], component).into_response())
}

#[cfg(test)]
mod tests {
    use crate::testing::{FakeCompiler, Stage, wasm};

    #[tokio::test]
    async fn the_owner_gets_the_component_back_and_nobody_else() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        let path = format!("/v1/games/chess/versions/{}/component", version["version"].as_str().unwrap());
        let answer = stage.get(&path).bearer(&stage.developer_key).await;
        assert_eq!(answer.body, FakeCompiler::component_of(&wasm("chess")));
        let guest = stage.guest().await;
        stage.get(&path).bearer(&guest).await.expect(403);
    }
}

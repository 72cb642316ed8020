//! `DELETE /v1/games/{game}/versions/{version}`: taking a version out of play.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use stadion_protocol::{GameName, VersionId};

use super::owned;
use crate::App;
use crate::api::wire::VersionPath;
use crate::http::{Authenticated, Problem, UrlPath};

/// Deprecate a version
///
/// No new match runs it; those that run go on. Where the channel `stable` points at it, that goes back to the version that it had
/// before; other channels that do point at nothing then. Publishing it again brings it back.
#[utoipa::path(
    delete, path = "/v1/games/{game}/versions/{version}", tag = "games", security(("bearer" = [])),
    params(VersionPath),
    responses(
        (status = 204, description = "Deprecated."),
        (status = 400, description = "not a version id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such version"),
        (status = 409, description = "others are changing the game's channels"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn deprecate_version(
    State(app): State<Arc<App>>,
    UrlPath((game, id)): UrlPath<(GameName, VersionId)>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    let version = owned(&app, &caller, game, id).await?;
    app.releases.deprecate(&version, &caller.account).await?;
    app.catalog.forget(&version.game);
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Stage, wasm};

    #[tokio::test]
    async fn a_deprecated_version_is_not_played_any_more() {
        let stage = Stage::new().await;
        let first = stage.publish("chess").await;
        let key = stage.developer_key.clone();
        let second = stage.put("/v1/games/chess/versions", wasm("two")).bearer(&key).await.expect(201);
        let path =
            |version: &serde_json::Value| format!("/v1/games/chess/versions/{}", version["version"].as_str().unwrap());

        stage.delete(&path(&second)).bearer(&key).await.expect(204);
        assert_eq!(stage.play("chess", json!({})).await.expect(201)["version"], first["version"]);
        let pinned = stage.play("chess", json!({"version": second["version"]})).await.expect(410);
        assert_eq!(pinned["code"], "gone");
        let stable = first["version"].as_str().unwrap();
        assert!(pinned["detail"].as_str().unwrap().contains(stable), "{pinned}");

        stage.delete(&path(&first)).bearer(&key).await.expect(204);
        assert_eq!(stage.play("chess", json!({})).await.expect(409)["code"], "no-version");
    }

    #[tokio::test]
    async fn only_the_owner_deprecates() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        let path = format!("/v1/games/chess/versions/{}", version["version"].as_str().unwrap());
        let other = stage.another_developer().await;
        stage.delete(&path).bearer(&other).await.expect(403);
        stage
            .delete(&format!("/v1/games/chess/versions/{}", "0".repeat(64)))
            .bearer(&stage.developer_key)
            .await
            .expect(404);
    }
}

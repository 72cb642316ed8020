//! `GET /v1/games/{game}/versions/{version}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use stadion_protocol::{GameName, VersionId};

use super::{VersionBody, shown};
use crate::App;
use crate::api::wire::VersionPath;
use crate::games::CatalogError;
use crate::http::{Problem, UrlPath};

/// Get a version
///
/// Its entity tag, given back as `If-Match`, lets a change of its settings through only if nobody has changed it since.
#[utoipa::path(
    get, path = "/v1/games/{game}/versions/{version}", tag = "games", params(VersionPath),
    responses(
        (status = 200, description = "The version.", body = VersionBody),
        (status = 400, description = "not a version id"),
        (status = 404, description = "there is no such version"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_version(
    State(app): State<Arc<App>>,
    UrlPath((game, id)): UrlPath<(GameName, VersionId)>,
) -> Result<Json<VersionBody>, Problem> {
    let version = app.store.version(&game, id).await?.ok_or(CatalogError::UnknownVersion(game, id))?;
    Ok(Json(shown(&app, version).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn settings_are_changed_only_for_the_version_that_was_seen() {
        let stage = Stage::new().await;
        let published = stage.publish("chess").await;
        let path = format!("/v1/games/chess/versions/{}", published["version"].as_str().unwrap());
        let seen = stage.get(&path).await;
        assert_eq!(seen.expect(200), published);
        let tag = seen.header("etag").to_owned();
        let settings = format!("{path}/settings");
        let change = |tag: &str, seconds: &str| {
            let call = stage.put_json(&settings, json!({"reconnect-seconds": seconds})).bearer(&stage.developer_key);
            call.with("if-match", tag)
        };
        change(&tag, "40").await.expect(200);
        assert_eq!(change(&tag, "50").await.expect(412)["code"], "changed");
        let seen = stage.get(&path).await;
        change(seen.header("etag"), "50").await.expect(200);
        stage.get(&format!("/v1/games/chess/versions/{}", "0".repeat(64))).await.expect(404);
    }

    #[tokio::test]
    async fn origins_are_changed_only_for_those_that_were_seen() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let path = "/v1/games/chess/origins";
        let tag = stage.get(path).await.header("etag").to_owned();
        let change = |origin: &str| {
            let call = stage.put_json(path, json!({"origins": [origin]})).bearer(&stage.developer_key);
            call.with("if-match", &tag)
        };
        change("https://a.example").await.expect(200);
        change("https://b.example").await.expect(412);
        assert_eq!(stage.get(path).await.expect(200)["origins"], json!(["https://a.example"]));
    }
}

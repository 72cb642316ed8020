//! `PUT /v1/games/{game}/versions/{version}/settings`: what its owner changes about a version without a rebuild.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use stadion_protocol::contract::{InvalidSetting, MatchSettings};
use stadion_protocol::{GameName, VersionId};

use super::{VersionBody, owned, shown};
use crate::App;
use crate::api::wire::VersionPath;
use crate::games::{CatalogError, ReleaseError};
use crate::http::{Authenticated, Fault, IfMatch, IfMatchHeader, JsonBody, Kind, Problem, UrlPath};

impl Fault for InvalidSetting {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// Set a version's settings
///
/// Over those that the game itself sets, in place of those set here before. They hold for matches created from now on;
/// running ones keep theirs. An empty body takes them all back.
#[utoipa::path(
    put, path = "/v1/games/{game}/versions/{version}/settings", operation_id = "set_settings", tag = "games",
    security(("bearer" = [])), params(VersionPath, IfMatchHeader),
    request_body(content = BTreeMap<String, String>, example = json!({"durability": "none", "reconnect-seconds": "60"})),
    responses(
        (status = 200, description = "The version with its settings.", body = VersionBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such version"),
        (status = 412, description = "the version has been changed since; read it again and decide anew"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "a setting is unknown or out of range"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn set_settings(
    State(app): State<Arc<App>>,
    UrlPath((game, id)): UrlPath<(GameName, VersionId)>,
    Authenticated(caller): Authenticated,
    seen: IfMatch,
    JsonBody(settings): JsonBody<BTreeMap<String, String>>,
) -> Result<Json<VersionBody>, Problem> {
    let version = owned(&app, &caller, game, id).await?;
    MatchSettings::from_pairs(settings.iter().map(|(key, value)| (key.as_str(), value.as_str())))?;
    let settings: Vec<(String, String)> = settings.into_iter().collect();
    let before = version.overrides.clone();
    let game = version.game.clone();
    if !seen.allows(Some(shown(&app, version).await?)) {
        return Err(ReleaseError::Changed.into());
    }
    let expected = seen.is_given().then_some(&before[..]);
    if !app.store.set_settings(&game, id, &settings, expected).await? {
        return Err(ReleaseError::Changed.into());
    }
    app.catalog.forget(&game);
    let changed = app.store.version(&game, id).await?;
    let changed = changed.ok_or(CatalogError::UnknownVersion(game, id))?;
    Ok(Json(shown(&app, changed).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Answer, Stage};

    async fn set(stage: &Stage, key: &str, settings: Value) -> Answer {
        let versions = stage.get("/v1/games/chess/versions").await.expect(200);
        let path = format!("/v1/games/chess/versions/{}/settings", versions["items"][0]["version"].as_str().unwrap());
        let body = settings.to_string().into();
        stage.put(&path, body).with("content-type", "application/json").bearer(key).await
    }

    #[tokio::test]
    async fn matches_from_then_on_have_the_settings_of_their_games_owner() {
        let stage = Stage::new().await;
        stage.compiler.describe(|description| {
            description.settings = vec![("reconnect-seconds".to_owned(), "30".to_owned())];
        });
        stage.publish("chess").await;
        stage.play("chess", json!({"create": "public"})).await.expect(201);
        let key = stage.developer_key.clone();
        let set_to = set(&stage, &key, json!({"reconnect-seconds": "60", "durability": "none"})).await.expect(200);
        assert_eq!(set_to["settings"], json!({"reconnect-seconds": "60", "durability": "none"}));
        stage.play("chess", json!({"create": "public"})).await.expect(201);
        let seconds: Vec<u64> =
            stage.host.settings().iter().map(|settings| settings.lifetimes.reconnect.as_secs()).collect();
        assert_eq!(seconds, [30, 60]);
        let put_back = set(&stage, &key, json!({})).await.expect(200);
        assert_eq!(put_back["settings"], json!({"reconnect-seconds": "30"}));
    }

    #[tokio::test]
    async fn unknown_settings_and_other_peoples_versions_are_refused() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let problem = set(&stage, &stage.developer_key, json!({"reconect-seconds": "60"})).await.expect(422);
        assert!(problem["detail"].as_str().unwrap().contains("reconect-seconds"));
        let other = stage.another_developer().await;
        set(&stage, &other, json!({})).await.expect(403);
    }
}

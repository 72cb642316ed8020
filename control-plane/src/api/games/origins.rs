//! `GET` and `PUT /v1/games/{game}/origins`: which web pages on other hosts may play a game.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use stadion_protocol::origin::{InvalidOrigin, MAX_ORIGINS, Origin};
use utoipa::ToSchema;

use crate::App;
use crate::api::wire::GamePath;
use crate::games::CatalogError;
use crate::http::{Authenticated, Fault, IfMatch, IfMatchHeader, JsonBody, Kind, Problem, UrlPath};
use crate::model::Role;

/// Web pages that may play a game, besides those of this server.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"origins": ["https://chess.example", "https://*.itch.zone"]}))]
pub(crate) struct OriginsBody {
    /// At most 64: scheme and host, with a port where it is not the scheme's own; a star stands for all names under a
    /// domain.
    origins: Vec<String>,
}

/// Why a list of origins is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OriginsError {
    /// One of them is none.
    #[error(transparent)]
    Invalid(#[from] InvalidOrigin),
    /// Too many.
    #[error("a game has at most {MAX_ORIGINS} origins")]
    TooMany,
    /// Not what the caller has seen.
    #[error("the origins have been changed since; read them again and decide anew")]
    Changed,
    /// Somebody else's game.
    #[error("only the owner of the game and operators may do that")]
    NotOwner,
}

impl Fault for OriginsError {
    fn kind(&self) -> Kind {
        match self {
            OriginsError::Invalid(_) | OriginsError::TooMany => Kind::Invalid,
            OriginsError::Changed => Kind::Changed,
            OriginsError::NotOwner => Kind::Forbidden,
        }
    }
}

/// Get a game's origins
///
/// Web pages on these hosts may play the game. This server's own pages always may.
#[utoipa::path(
    get, path = "/v1/games/{game}/origins", tag = "games", params(GamePath),
    responses(
        (status = 200, description = "The origins.", body = OriginsBody),
        (status = 400, description = "not a game name"),
        (status = 404, description = "there is no such game"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_origins(
    State(app): State<Arc<App>>,
    UrlPath(name): UrlPath<GameName>,
) -> Result<Json<OriginsBody>, Problem> {
    let entry = app.store.game(&name).await?.ok_or(CatalogError::UnknownGame(name))?;
    Ok(Json(body(&app.origins.of(&entry.game.name))))
}

/// Set a game's origins
///
/// Replaces them all; an empty list leaves this server's own pages.
#[utoipa::path(
    put, path = "/v1/games/{game}/origins", tag = "games", security(("bearer" = [])), params(GamePath, IfMatchHeader),
    request_body = OriginsBody,
    responses(
        (status = 200, description = "The origins.", body = OriginsBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such game"),
        (status = 412, description = "the origins have been changed since; read them again and decide anew"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "not an origin, or too many"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn set_origins(
    State(app): State<Arc<App>>,
    UrlPath(name): UrlPath<GameName>,
    Authenticated(caller): Authenticated,
    seen: IfMatch,
    JsonBody(wanted): JsonBody<OriginsBody>,
) -> Result<Json<OriginsBody>, Problem> {
    let entry = app.store.game(&name).await?.ok_or_else(|| CatalogError::UnknownGame(name.clone()))?;
    if entry.game.owner != caller.account && caller.role != Role::Operator {
        return Err(OriginsError::NotOwner.into());
    }
    if wanted.origins.len() > MAX_ORIGINS {
        return Err(OriginsError::TooMany.into());
    }
    let origins: Result<Vec<Origin>, _> = wanted.origins.iter().map(|text| text.parse()).collect();
    let origins = origins.map_err(OriginsError::Invalid)?;
    let (before, body) = (self::body(&app.origins.of(&name)), self::body(&origins));
    let expected = before.origins.join(",");
    let expected = seen.is_given().then_some(&expected[..]);
    if !seen.allows(Some(before)) || !app.store.set_origins(&name, &body.origins.join(","), expected).await? {
        return Err(OriginsError::Changed.into());
    }
    app.origins.set(name.clone(), origins);
    app.catalog.forget(&name);
    Ok(Json(body))
}

fn body(origins: &[Origin]) -> OriginsBody {
    OriginsBody { origins: origins.iter().map(ToString::to_string).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Answer, Stage};

    async fn put(stage: &Stage, game: &str, key: &str, body: Value) -> Answer {
        let call = stage.put(&format!("/v1/games/{game}/origins"), body.to_string().into());
        call.with("content-type", "application/json").bearer(key).await
    }

    #[tokio::test]
    async fn the_owner_says_where_a_game_is_played() {
        let dir = tempfile::tempdir().unwrap();
        let stage = Stage::on_disk(dir.path()).await;
        stage.publish("chess").await;
        let key = stage.developer_key.clone();
        assert_eq!(stage.get("/v1/games/chess/origins").await.expect(200), json!({"origins": []}));
        let set =
            put(&stage, "chess", &key, json!({"origins": ["https://A.example:443", "http://*.b.example:8080"]})).await;
        let kept = json!({"origins": ["https://a.example", "http://*.b.example:8080"]});
        assert_eq!(set.expect(200), kept);
        stage.finish().await;
        let after = Stage::on_disk(dir.path()).await;
        assert_eq!(after.get("/v1/games/chess/origins").await.expect(200), kept, "after a restart");
    }

    #[tokio::test]
    async fn strangers_and_nonsense_are_refused() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let (key, other) = (stage.developer_key.clone(), stage.another_developer().await);
        let some = || json!({"origins": ["https://a.example"]});
        put(&stage, "chess", &other, some()).await.expect(403);
        put(&stage, "chess", &stage.guest().await, some()).await.expect(403);
        put(&stage, "go", &key, some()).await.expect(404);
        for bad in [json!({"origins": ["a.example"]}), json!({"origins": vec!["https://a.example"; 65]}), json!({})] {
            put(&stage, "chess", &key, bad).await.expect(422);
        }
        stage.get("/v1/games/go/origins").await.expect(404);
    }
}

//! `POST /v1/games`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hyper::StatusCode;
use hyper::header::LOCATION;
use serde::Deserialize;
use stadion_protocol::{GameName, InvalidId};
use utoipa::ToSchema;

use super::GameBody;
use crate::App;
use crate::http::{Authenticated, Fault, JsonBody, Kind, Problem};
use crate::model::{Game, GameEntry};

/// A game to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGameBody {
    /// 1 to 40 characters of `a-z 0-9 -`, a letter first.
    #[schema(example = "tictactoe", pattern = "^[a-z][a-z0-9-]{0,39}$")]
    name: String,
}

impl Fault for InvalidId {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// Why there is no new game.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateGameError {
    /// The name is in use.
    #[error("there is a game {0} already")]
    Taken(GameName),
}

impl Fault for CreateGameError {
    fn kind(&self) -> Kind {
        Kind::NameTaken
    }
}

/// Make a game
///
/// Publishing a version makes its game too: this only reserves the name.
#[utoipa::path(
    post, path = "/v1/games", tag = "games", security(("bearer" = [])), request_body = NewGameBody,
    responses(
        (status = 201, description = "The game.", body = GameBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role developer"),
        (status = 409, description = "there is a game of that name already"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "not a game name"),
        (status = 429, description = "the quota of games is used up"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn create_game(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<NewGameBody>,
) -> Result<(StatusCode, [(hyper::header::HeaderName, String); 1], Json<GameBody>), Problem> {
    let name: GameName = body.name.parse()?;
    if app.store.game(&name).await?.is_some() {
        return Err(CreateGameError::Taken(name).into());
    }
    app.quotas.admit_game(&caller.account).await??;
    let wanted = Game { name: name.clone(), owner: caller.account, created_at: app.clock.now() };
    let game = app.store.create_game(&wanted).await?;
    if game != wanted {
        return Err(CreateGameError::Taken(name).into());
    }
    let location = format!("/v1/games/{}", game.name);
    Ok((
        StatusCode::CREATED,
        [(LOCATION, location)],
        Json(GameBody::from(GameEntry { game, latest: None, quarantined: false })),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn a_name_is_one_games_only() {
        let stage = Stage::new().await;
        let key = stage.developer_key.clone();
        let game = stage.post("/v1/games", json!({"name": "chess"})).bearer(&key).await.expect(201);
        assert!(game["latest_version"].is_null());
        stage.post("/v1/games", json!({"name": "chess"})).bearer(&key).await.expect(409);
        stage.post("/v1/games", json!({"name": "Chess!"})).bearer(&key).await.expect(422);
    }

    #[tokio::test]
    async fn players_make_no_games() {
        let stage = Stage::new().await;
        let guest = stage.guest().await;
        stage.post("/v1/games", json!({"name": "chess"})).bearer(&guest).await.expect(403);
        stage.post("/v1/games", json!({"name": "chess"})).await.expect(401);
    }
}

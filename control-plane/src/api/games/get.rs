//! `GET /v1/games/{game}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use stadion_protocol::GameName;

use super::GameBody;
use crate::App;
use crate::api::wire::GamePath;
use crate::games::CatalogError;
use crate::http::{Problem, UrlPath};

/// Get a game
///
/// Who owns it, and what is played of it now.
#[utoipa::path(
    get, path = "/v1/games/{game}", tag = "games", params(GamePath),
    responses(
        (status = 200, description = "The game.", body = GameBody),
        (status = 400, description = "not a game name"),
        (status = 404, description = "there is no such game"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_game(
    State(app): State<Arc<App>>,
    UrlPath(name): UrlPath<GameName>,
) -> Result<Json<GameBody>, Problem> {
    let entry = app.store.game(&name).await?.ok_or(CatalogError::UnknownGame(name))?;
    Ok(Json(GameBody::from(entry)))
}

#[cfg(test)]
mod tests {
    use crate::testing::Stage;

    #[tokio::test]
    async fn a_game_shows_its_newest_version() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        let game = stage.get("/v1/games/chess").await.expect(200);
        assert_eq!(game["latest_version"], version["version"]);
        stage.get("/v1/games/go").await.expect(404);
        stage.get("/v1/games/Go!").await.expect(400);
    }
}

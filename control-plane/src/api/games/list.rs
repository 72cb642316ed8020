//! `GET /v1/games`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::GameBody;
use crate::App;
use crate::api::wire::{PageError, PageQuery, limit, read_cursor, write_cursor};
use crate::http::{Problem, UrlQuery};
use crate::model::PageRequest;

/// A page of games.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GamesBody {
    /// By name.
    items: Vec<GameBody>,
    /// For the next page; none: this was the last.
    #[schema(example = "Y2hlc3M")]
    next_cursor: Option<String>,
}

/// List games
///
/// Every game of the server, by name, page by page.
#[utoipa::path(
    get, path = "/v1/games", tag = "games", params(PageQuery),
    responses(
        (status = 200, description = "Games by name.", body = GamesBody),
        (status = 400, description = "the query does not read"),
        (status = 422, description = "the cursor is not one of `next_cursor`"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn list_games(
    State(app): State<Arc<App>>,
    UrlQuery(query): UrlQuery<PageQuery>,
) -> Result<Json<GamesBody>, Problem> {
    let after = match &query.cursor {
        Some(cursor) => Some(read_cursor(cursor)?.parse().map_err(|_| PageError::Cursor)?),
        None => None,
    };
    let page = app.store.games(&PageRequest { after, limit: limit(query.limit)? }).await?;
    Ok(Json(GamesBody {
        items: page.items.into_iter().map(GameBody::from).collect(),
        next_cursor: page.next.map(|name| write_cursor(name.as_str())),
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing::Stage;

    #[tokio::test]
    async fn pages_follow_one_another_to_the_end() {
        let stage = Stage::new().await;
        for name in ["chess", "go", "hearts"] {
            stage.publish(name).await;
        }
        let first = stage.get("/v1/games?limit=2").await.expect(200);
        assert_eq!(first["items"][1]["name"], "go");
        assert_eq!(first["items"][0]["title"], "A game");
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = stage.get(&format!("/v1/games?limit=2&cursor={cursor}")).await.expect(200);
        assert_eq!(second["items"][0]["name"], "hearts");
        assert!(second["next_cursor"].is_null());
    }

    #[tokio::test]
    async fn odd_pages_are_refused() {
        let stage = Stage::new().await;
        for query in ["limit=0", "limit=201", "limit=x", "page=2"] {
            stage.get(&format!("/v1/games?{query}")).await.expect(400);
        }
        for cursor in ["%20", "_w"] {
            stage.get(&format!("/v1/games?cursor={cursor}")).await.expect(422);
        }
    }
}

//! `GET /v1/games/{game}/versions`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use stadion_protocol::GameName;
use utoipa::ToSchema;

use super::VersionBody;
use crate::App;
use crate::api::wire::{GamePath, PageError, PageQuery, limit, read_cursor, write_cursor};
use crate::games::CatalogError;
use crate::http::{Problem, UrlPath, UrlQuery};
use crate::model::PageRequest;

/// A page of a game's versions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionsBody {
    /// Newest first.
    items: Vec<VersionBody>,
    /// For the next page; none: this was the last.
    #[schema(example = "Y2hlc3M")]
    next_cursor: Option<String>,
}

/// List versions
///
/// Newest first, deprecated ones too, each with the channels that point at it.
#[utoipa::path(
    get, path = "/v1/games/{game}/versions", tag = "games", params(GamePath, PageQuery),
    responses(
        (status = 200, description = "Versions, newest first.", body = VersionsBody),
        (status = 400, description = "not a game name, or limit: a page has 1 to 200 items"),
        (status = 404, description = "there is no such game"),
        (status = 422, description = "the cursor is not one of `next_cursor`"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn list_versions(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    UrlQuery(query): UrlQuery<PageQuery>,
) -> Result<Json<VersionsBody>, Problem> {
    if app.store.game(&game).await?.is_none() {
        return Err(CatalogError::UnknownGame(game).into());
    }
    let place = |cursor: &str| read_cursor(cursor)?.parse::<u64>().map_err(|_| PageError::Cursor);
    let after = query.cursor.as_deref().map(place).transpose()?;
    let page = app.store.version_page(&game, &PageRequest { after, limit: limit(query.limit)? }).await?;
    let channels = app.store.channels(&game).await?;
    Ok(Json(VersionsBody {
        items: page.items.into_iter().map(|version| VersionBody::new(version, &channels)).collect(),
        next_cursor: page.next.map(|number| write_cursor(&number.to_string())),
    }))
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
        assert_eq!((&list["items"][0], &list["items"][1]["version"]), (&second, &first["version"]));
        assert_eq!(
            (&list["items"][0]["channels"][0], list["items"][1]["channels"].as_array().unwrap().len()),
            (&"stable".into(), 0)
        );
        let page = stage.get("/v1/games/chess/versions?limit=1").await.expect(200);
        let next = format!("/v1/games/chess/versions?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
        let rest = stage.get(&next).await.expect(200);
        assert_eq!((&rest["items"][0]["version"], &rest["next_cursor"]), (&first["version"], &serde_json::Value::Null));
        stage.get("/v1/games/chess/versions?cursor=AAAA").await.expect(422);
        stage.get("/v1/games/go/versions").await.expect(404);
    }
}

//! `GET /v1/matches/{id}/journal`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use stadion_protocol::MatchId;

use crate::App;
use crate::api::wire::MatchPath;
use crate::http::{Authenticated, Problem, UrlPath};

/// Get a match's journal
///
/// For `stadion replay`. It holds what everybody did, so while the match runs only the game's owner and operators get
/// it; its players and its creator do once it is over. The oldest journals are removed when there are too many.
#[utoipa::path(
    get, path = "/v1/matches/{id}/journal", tag = "matches", security(("bearer" = [])), params(MatchPath),
    responses(
        (status = 200, description = "The journal, so far or whole.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 400, description = "not a match id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this match is for others: its creator, the owner of its game, operators"),
        (status = 404, description = "there is no such match, or its journal is not kept any more"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_journal(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Problem> {
    let journal = app.matches.journal(id, &caller).await?;
    let name = format!("attachment; filename=\"{id}.stj\"");
    let headers = [(CONTENT_TYPE, "application/octet-stream".to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, journal).into_response())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn players_get_the_journal_once_the_match_is_over() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let player = stage.guest().await;
        let seat = stage.play_as(&player, "chess", json!({"create": "private"})).await.expect(201);
        let id = seat["match"]["id"].as_str().unwrap();
        let path = format!("/v1/matches/{id}/journal");
        stage.get(&path).bearer(&player).await.expect(403);
        assert_eq!(stage.get(&path).bearer(&stage.developer_key).await.body, b"journal so far");
        stage.host.finish(id);
        stage.settled().await;
        assert_eq!(stage.get(&path).bearer(&player).await.body, b"whole journal");
        assert_eq!(stage.get(&path).bearer(&stage.developer_key).await.body, b"whole journal");
    }

    #[tokio::test]
    async fn the_oldest_journals_go_when_there_are_too_many() {
        let stage = Stage::with(|config| config.matches.journals = 2).await;
        stage.publish("chess").await;
        let mut paths = Vec::new();
        for _ in 0..3 {
            let seat = stage.play("chess", json!({"create": "public"})).await.expect(201);
            let id = seat["match"]["id"].as_str().unwrap().to_owned();
            stage.host.finish(&id);
            stage.settled().await;
            paths.push(format!("/v1/matches/{id}/journal"));
        }
        for (path, status) in paths.iter().zip([404, 200, 200]) {
            assert_eq!(stage.get(path).bearer(&stage.developer_key).await.status, status);
        }
    }
}

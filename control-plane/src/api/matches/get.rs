//! `GET /v1/matches/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use stadion_protocol::MatchId;

use super::MatchBody;
use crate::App;
use crate::api::wire::MatchPath;
use crate::http::{MaybeAuthenticated, Problem, UrlPath};

/// Get a match
///
/// As it is now, or as it ended. Whoever knows a match's id may see it.
#[utoipa::path(
    get, path = "/v1/matches/{id}", tag = "matches", security((), ("bearer" = [])), params(MatchPath),
    responses(
        (status = 200, description = "The match.", body = MatchBody),
        (status = 400, description = "not a match id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 404, description = "there is no such match"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_match(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    MaybeAuthenticated(caller): MaybeAuthenticated,
) -> Result<Json<MatchBody>, Problem> {
    Ok(Json(app.matches.get(id, caller.as_ref()).await?.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn a_match_is_seen_running_and_then_with_its_results() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let seat = stage.play("chess", json!({})).await.expect(201);
        let id = seat["match"]["id"].as_str().unwrap();
        let running = stage.get(&format!("/v1/matches/{id}")).await.expect(200);
        assert_eq!(running["state"], "running");
        assert_eq!(running["seats"][0]["presence"], "reserved");
        assert!(running.get("code").is_none(), "not for anybody");

        stage.host.finish(id);
        stage.settled().await;
        let ended = stage.get(&format!("/v1/matches/{id}")).await.expect(200);
        assert_eq!(ended["state"], "ended");
        assert_eq!(ended["end"], json!({"kind": "finished", "message": "finished"}));
        assert_eq!(ended["results"]["placings"][0], json!({"seat": 0, "rank": 1, "score": 3}));
        assert_eq!(ended["results"]["data"], "d2Vs");
        assert_eq!(ended["chain"], "05".repeat(16));
    }

    #[tokio::test]
    async fn its_players_and_owner_see_the_code() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let (player, stranger) = (stage.guest().await, stage.guest().await);
        let seat = stage.play_as(&player, "chess", json!({})).await.expect(201);
        let path = format!("/v1/matches/{}", seat["match"]["id"].as_str().unwrap());
        for (who, sees) in [(&player, true), (&stage.developer_key, true), (&stranger, false)] {
            let shown = stage.get(&path).bearer(who).await.expect(200);
            assert_eq!(shown.get("code").is_some(), sees);
        }
    }

    #[tokio::test]
    async fn unknown_matches_are_not_found() {
        let stage = Stage::new().await;
        stage.get("/v1/matches/01h455vb4pex5vsknk084sn02q").await.expect(404);
        stage.get("/v1/matches/x").await.expect(400);
    }
}

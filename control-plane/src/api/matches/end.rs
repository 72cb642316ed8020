//! `DELETE /v1/matches/{id}`: ending a match from outside.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use stadion_protocol::MatchId;

use crate::App;
use crate::api::wire::MatchPath;
use crate::http::{Authenticated, Problem, UrlPath};

/// End a match
///
/// For its creator, the game's owner and operators. Ending one that is over changes nothing.
#[utoipa::path(
    delete, path = "/v1/matches/{id}", tag = "matches", security(("bearer" = [])), params(MatchPath),
    responses(
        (status = 204, description = "It is over, or will be in a moment."),
        (status = 400, description = "not a match id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this match is for others: its creator, the owner of its game, operators"),
        (status = 404, description = "there is no such match"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn end_match(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    app.matches.end(id, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn the_creator_and_the_games_owner_may_end_a_match() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let (creator, stranger) = (stage.guest().await, stage.guest().await);
        for who in [&creator, &stage.developer_key] {
            let seat = stage.play_as(&creator, "chess", json!({"create": "private"})).await.expect(201);
            let path = format!("/v1/matches/{}", seat["match"]["id"].as_str().unwrap());
            stage.delete(&path).bearer(&stranger).await.expect(403);
            stage.delete(&path).bearer(who).await.expect(204);
            stage.settled().await;
            assert_eq!(stage.get(&path).await.expect(200)["end"]["kind"], "closed");
            stage.delete(&path).bearer(who).await.expect(204);
        }
    }

    #[tokio::test]
    async fn an_operator_sees_and_ends_everything() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
        stage.play("chess", json!({"create": "private"})).await.expect(201);
        let page = stage.get("/v1/matches").bearer(&operator).await.expect(200);
        let id = page["items"][0]["id"].as_str().unwrap();
        assert!(page["items"][0].get("code").is_some());
        stage.delete(&format!("/v1/matches/{id}")).bearer(&operator).await.expect(204);
    }

    #[tokio::test]
    async fn a_match_formed_for_whoever_came_is_not_its_first_players_to_end() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let player = stage.guest().await;
        let seat = stage.play_as(&player, "chess", json!({})).await.expect(201);
        stage
            .delete(&format!("/v1/matches/{}", seat["match"]["id"].as_str().unwrap()))
            .bearer(&player)
            .await
            .expect(403);
    }
}

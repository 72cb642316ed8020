//! `DELETE /v1/games/{game}/versions/{version}/quarantine`: back in play after it failed on every start.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use stadion_protocol::{GameName, VersionId};

use super::owned;
use crate::App;
use crate::api::wire::VersionPath;
use crate::http::{Authenticated, Problem, UrlPath};

/// Lift a version's quarantine
///
/// A version whose matches failed to start five times in a row is in quarantine: no match is made of it, and `quarantine`
/// of the version tells why. This gives it another five.
#[utoipa::path(
    delete, path = "/v1/games/{game}/versions/{version}/quarantine", tag = "games", security(("bearer" = [])),
    params(VersionPath),
    responses(
        (status = 204, description = "Lifted, or there was none."),
        (status = 400, description = "not a version id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such version"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn lift_quarantine(
    State(app): State<Arc<App>>,
    UrlPath((game, id)): UrlPath<(GameName, VersionId)>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Problem> {
    let version = owned(&app, &caller, game, id).await?;
    app.starts.lift(&version.game, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use stadion_protocol::contract::CreateError;

    use crate::games::STARTS;
    use crate::testing::Stage;

    /// A stage with a game that does not start.
    async fn failing() -> (Stage, Value) {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        stage.host.refuse_with(Some(CreateError::Failed("unreachable in roll_dice".to_owned())));
        (stage, version)
    }

    async fn fail(stage: &Stage, times: u32) {
        for _ in 0..times {
            assert_eq!(stage.play("chess", json!({})).await.expect(424)["code"], "game-failed");
        }
    }

    #[tokio::test]
    async fn a_version_that_fails_on_every_start_is_out_of_play_until_its_owner_lifts_that() {
        let (stage, version) = failing().await;
        fail(&stage, STARTS).await;
        stage.host.refuse_with(None);
        let problem = stage.play("chess", json!({})).await.expect(409);
        assert_eq!(problem["code"], "quarantined");
        assert!(problem["detail"].as_str().unwrap().contains("--lift"), "{problem}");
        assert_eq!(stage.get("/v1/games/chess").await.expect(200)["quarantined"], true);
        let list = stage.get("/v1/games/chess/versions").await.expect(200);
        let because = list["items"][0]["quarantine"]["because"].as_str().unwrap();
        assert!(because.contains("5 starts") && because.contains("roll_dice"), "{because}");

        stage.settled().await;
        let told = stage.get("/v1/games/chess/events?kind=version.quarantined").bearer(&stage.developer_key);
        let told = told.await.expect(200)["items"].clone();
        assert_eq!((told.as_array().map(Vec::len), &told[0]["version"]), (Some(1), &version["version"]), "{told}");
        assert_eq!(told[0]["data"]["reason"], because, "its owner is told");

        let path = format!("/v1/games/chess/versions/{}/quarantine", version["version"].as_str().unwrap());
        stage.delete(&path).bearer(&stage.another_developer().await).await.expect(403);
        for _ in 0..2 {
            stage.delete(&path).bearer(&stage.developer_key).await.expect(204);
        }
        stage.play("chess", json!({})).await.expect(201);
        assert!(stage.get("/v1/games/chess/versions").await.expect(200)["items"][0]["quarantine"].is_null());
    }

    #[tokio::test]
    async fn a_start_that_works_clears_the_count() {
        let (stage, _) = failing().await;
        fail(&stage, STARTS - 1).await;
        stage.host.refuse_with(None);
        stage.play("chess", json!({"create": "private"})).await.expect(201);
        stage.host.refuse_with(Some(CreateError::Failed("again".to_owned())));
        for _ in 1..STARTS {
            stage.play("chess", json!({"create": "private"})).await.expect(424);
        }
        stage.host.refuse_with(None);
        stage.play("chess", json!({})).await.expect(201);
    }

    #[tokio::test]
    async fn nobody_takes_a_game_out_of_play_with_parameters_that_it_does_not_bear() {
        let (stage, _) = failing().await;
        for _ in 0..2 * STARTS {
            let order = json!({"create": {"visibility": "private", "parameters": "bm9uc2Vuc2U="}});
            stage.play("chess", order).await.expect(424);
        }
        stage.host.refuse_with(None);
        stage.play("chess", json!({})).await.expect(201);
    }

    #[tokio::test]
    async fn what_is_not_the_games_own_fault_does_not_count() {
        let (stage, _) = failing().await;
        stage.host.refuse_with(Some(CreateError::Full("it is shutting down")));
        for _ in 0..2 * STARTS {
            stage.play("chess", json!({})).await.expect(503);
        }
        stage.host.refuse_with(None);
        stage.play("chess", json!({})).await.expect(201);
    }
}

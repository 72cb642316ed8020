//! `POST /v1/matches/{id}/pace`: a match of a game in the making stands still, plays tick by tick, runs on.

use std::sync::Arc;

use axum::extract::State;
use hyper::StatusCode;
use serde::Deserialize;
use stadion_protocol::MatchId;
use stadion_protocol::contract::Pace;
use utoipa::ToSchema;

use crate::App;
use crate::api::wire::MatchPath;
use crate::http::{Authenticated, JsonBody, Problem, UrlPath};

/// How a match's time passes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pace": "step", "ticks": 5}))]
pub(crate) struct PaceBody {
    /// `run`, `pause`, or `step`: so many ticks, and then it stands still.
    pace: PaceName,
    /// Of `step`, at most 10,000; more are as many.
    #[serde(default = "one")]
    ticks: u32,
}

fn one() -> u32 {
    1
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PaceName {
    Run,
    Pause,
    Step,
}

impl From<PaceBody> for Pace {
    fn from(body: PaceBody) -> Pace {
        match body.pace {
            PaceName::Run => Pace::Run,
            PaceName::Pause => Pace::Pause,
            PaceName::Step => Pace::Step(body.ticks),
        }
    }
}

/// Pause, step or run a match
///
/// For the game's owner and operators. Match time stands still while a match is paused, connections stay, and what players
/// send waits. Its journal shows nothing of it. It goes on by itself after ten minutes.
#[utoipa::path(
    post, path = "/v1/matches/{id}/pace", tag = "matches", security(("bearer" = [])), params(MatchPath),
    request_body = PaceBody,
    responses(
        (status = 204, description = "So it goes now."),
        (status = 400, description = "not a match id, or the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this match is for others: the owner of its game, operators"),
        (status = 404, description = "there is no such match, or it is over"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "unknown pace"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn pace_match(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<PaceBody>,
) -> Result<StatusCode, Problem> {
    app.matches.pace(id, body.into(), &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stadion_protocol::contract::Pace;

    use crate::testing::Stage;

    #[tokio::test]
    async fn only_the_games_owner_holds_a_match_still() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let player = stage.guest().await;
        let seat = stage.play_as(&player, "chess", json!({"create": "private"})).await.expect(201);
        let path = format!("/v1/matches/{}/pace", seat["match"]["id"].as_str().unwrap());
        stage.post(&path, json!({"pace": "pause"})).bearer(&player).await.expect(403);
        let key = stage.developer_key.clone();
        for body in [
            json!({"pace": "pause"}),
            json!({"pace": "step", "ticks": 5}),
            json!({"pace": "step"}),
            json!({"pace": "run"}),
        ] {
            stage.post(&path, body).bearer(&key).await.expect(204);
        }
        assert_eq!(stage.host.paces(), [Pace::Pause, Pace::Step(5), Pace::Step(1), Pace::Run]);
        stage.post(&path, json!({"pace": "crawl"})).bearer(&key).await.expect(422);
    }
}

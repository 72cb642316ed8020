//! `POST /v1/matches/{id}/fork`: a developer's copy of a running match.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hyper::StatusCode;
use serde::Serialize;
use stadion_protocol::MatchId;
use stadion_protocol::contract::ForkError;
use utoipa::ToSchema;

use crate::App;
use crate::api::play::MatchRef;
use crate::api::wire::MatchPath;
use crate::http::{Authenticated, Extras, Fault, Kind, Problem, UrlPath};
use crate::matches::{ForkFailure, NoteError};

/// A copy that runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForkBody {
    /// The copy. Whoever plays with its code gets the seat of somebody who sat in the original.
    #[serde(rename = "match")]
    of: MatchRef,
    /// The tick from which on it is a match of its own.
    #[schema(example = 412)]
    tick: u64,
    /// The version that it runs.
    version: String,
    /// Its seats.
    #[schema(example = 2)]
    seat_count: u16,
}

/// Fork a match
///
/// Makes a copy of a running match at its newest tick, private to the caller: everything is as it was, the seats of its
/// players are kept for an hour for whoever plays with the copy's code, and the original knows nothing of it. Its journal
/// begins with the original's and is not kept beyond the process. For the game's owner and operators.
#[utoipa::path(
    post, path = "/v1/matches/{id}/fork", tag = "matches", security(("bearer" = [])), params(MatchPath),
    responses(
        (status = 201, description = "The copy runs.", body = ForkBody),
        (status = 400, description = "not a match id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this match is for others: the owner of its game, operators"),
        (status = 404, description = "there is no such match"),
        (status = 409, description = "it cannot be played again: it has ended, or ticks are missing"),
        (status = 410, description = "its host does not have it any more"),
        (status = 429, description = "a quota is used up"),
        (status = 503, description = "no room for another match, or the store is unavailable"),
    )
)]
pub(crate) async fn fork_match(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
) -> Result<(StatusCode, Json<ForkBody>), Problem> {
    let (copy, forked) = app.matches.fork(id, &caller).await?;
    let body = ForkBody {
        of: MatchRef { id: copy.id.to_string(), code: copy.code.to_string() },
        tick: forked.tick.0,
        version: forked.version.to_string(),
        seat_count: forked.seat_count,
    };
    Ok((StatusCode::CREATED, Json(body)))
}

impl Fault for ForkFailure {
    fn kind(&self) -> Kind {
        match self {
            ForkFailure::Match(error) => error.kind(),
            ForkFailure::Note(NoteError::Quota { .. }) => Kind::Quota,
            ForkFailure::Note(NoteError::Void) => Kind::Gone,
            ForkFailure::Note(NoteError::Coordination(error)) => error.kind(),
            ForkFailure::Backlog(_) | ForkFailure::Host(ForkError::Full(_)) => Kind::Unavailable,
            ForkFailure::Host(ForkError::Unknown(_)) => Kind::Gone,
            ForkFailure::Host(ForkError::Exists(_) | ForkError::Failed(_)) => Kind::Conflict,
        }
    }

    fn extras(&self) -> Extras {
        match self {
            ForkFailure::Match(error) => error.extras(),
            _ => Extras::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn the_owner_gets_a_copy_that_is_joined_by_its_code() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let seat = stage.play("chess", json!({"create": "public"})).await.expect(201);
        let path = format!("/v1/matches/{}/fork", seat["match"]["id"].as_str().unwrap());
        let copy = stage.post(&path, json!({})).bearer(&stage.developer_key).await.expect(201);
        assert_ne!(copy["match"]["id"], seat["match"]["id"]);
        assert_eq!(copy["version"], seat["version"]);
        let joined = stage.play("chess", json!({"code": copy["match"]["code"]})).await.expect(200);
        assert_eq!(joined["match"]["id"], copy["match"]["id"]);
        let copied = format!("/v1/matches/{}", copy["match"]["id"].as_str().unwrap());
        let shown = stage.get(&copied).bearer(&stage.developer_key).await.expect(200);
        assert_eq!((&shown["visibility"], &shown["state"]), (&json!("private"), &json!("running")));
    }

    #[tokio::test]
    async fn only_the_owner_forks_and_only_what_runs() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let player = stage.guest().await;
        let seat = stage.play_as(&player, "chess", json!({"create": "private"})).await.expect(201);
        let id = seat["match"]["id"].as_str().unwrap();
        let path = format!("/v1/matches/{id}/fork");
        stage.post(&path, json!({})).bearer(&player).await.expect(403);
        stage.host.finish(id);
        stage.settled().await;
        stage.post(&path, json!({})).bearer(&stage.developer_key).await.expect(409);
        let nowhere = "/v1/matches/01h455vb4pex5vsknk084sn02q/fork";
        stage.post(nowhere, json!({})).bearer(&stage.developer_key).await.expect(404);
    }
}

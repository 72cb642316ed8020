//! `GET /v1/matches/{id}/ticks`: what happened in a match, tick by tick.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use stadion_protocol::MatchId;
use stadion_protocol::contract::{MAX_TOLD, TickRange, TicksError, ToldTicks};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::api::wire::{MatchPath, Position};
use crate::http::{Authenticated, Extras, Fault, Kind, Problem, UrlPath, UrlQuery};
use crate::matches::WatchFailure;

/// Ticks that are told when nothing else is asked for.
const DEFAULT_LIMIT: u32 = 100;

/// Which ticks are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicksQuery {
    /// The first tick; none: so many up to the newest.
    #[param(value_type = Option<u64>)]
    from: Option<Position>,
    /// How many.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// Ticks of a match.
#[derive(Debug, Serialize, ToSchema)]
#[allow(dead_code, reason = "it documents the answer, which is put together from what the host told")]
pub(crate) struct TicksBody {
    /// In their order.
    ticks: Vec<TickBody>,
    /// The newest tick of the match.
    last: u64,
    /// Where playing the journal again came to differ from what was played; nothing is told from there on.
    #[schema(example = json!(null))]
    difference: Option<String>,
}

/// A tick.
#[derive(Debug, Serialize, ToSchema)]
#[allow(dead_code, reason = "it documents the answer")]
pub(crate) struct TickBody {
    /// Its number; 0 is the start.
    tick: u64,
    /// Match time, nanoseconds.
    time_ns: u64,
    /// Periods that passed before it without a tick.
    skipped: u64,
    /// What came in, messages by the game's schema.
    #[schema(example = json!([]))]
    events: Vec<serde_json::Value>,
    /// What the game asked for, messages and views by its schema.
    #[schema(example = json!([]))]
    outputs: Vec<serde_json::Value>,
    /// When it wanted to be called next.
    #[schema(example = "input")]
    wake: String,
}

impl Fault for WatchFailure {
    fn kind(&self) -> Kind {
        match self {
            WatchFailure::Match(error) => error.kind(),
            WatchFailure::Ticks(TicksError::Unknown(_)) => Kind::NotFound,
            WatchFailure::Ticks(TicksError::TooLong { .. }) => Kind::Conflict,
            WatchFailure::Ticks(TicksError::Artifact(_) | TicksError::Unreadable(_)) => Kind::Internal,
        }
    }

    fn extras(&self) -> Extras {
        match self {
            WatchFailure::Match(error) => error.extras(),
            WatchFailure::Ticks(_) => Extras::default(),
        }
    }
}

/// Tell a match's ticks
///
/// Events and outputs by the game's schema. The host plays the journal again to tell them, so this is for looking at a game
/// in the making: matches of many hours are refused. For the game's owner and operators, while the match runs and shortly
/// after.
#[utoipa::path(
    get, path = "/v1/matches/{id}/ticks", tag = "matches", security(("bearer" = [])), params(MatchPath, TicksQuery),
    responses(
        (status = 200, description = "The ticks.", body = TicksBody),
        (status = 400, description = "not a match id, or the query does not read"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this match is for others: the owner of its game, operators"),
        (status = 404, description = "there is no such match, or its host has forgotten it: `stadion replay` has its journal"),
        (status = 409, description = "it has too many ticks to be played again"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_ticks(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    UrlQuery(query): UrlQuery<TicksQuery>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_TOLD).contains(&limit) {
        return Err(Problem::new(Kind::BadRequest, format!("limit: 1 to {MAX_TOLD} ticks are told at once")));
    }
    let range = TickRange { from: query.from.map(|from| from.0), limit };
    let told = app.matches.ticks(id, range, &caller).await?;
    Ok(([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body(&told)).into_response())
}

/// The host tells each tick as JSON: reading it only to write it again would be work for nothing.
fn body(told: &ToldTicks) -> String {
    let difference = serde_json::Value::from(told.difference.clone());
    format!("{{\"last\":{},\"difference\":{difference},\"ticks\":[{}]}}", told.last, told.ticks.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn the_games_owner_is_told_the_ticks_and_its_players_are_not() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let player = stage.guest().await;
        let seat = stage.play_as(&player, "chess", json!({"create": "private"})).await.expect(201);
        let path = format!("/v1/matches/{}/ticks", seat["match"]["id"].as_str().unwrap());
        stage.get(&path).bearer(&player).await.expect(403);
        let key = stage.developer_key.clone();
        for query in ["", "?limit=5", "?from=3"] {
            let told = stage.get(&format!("{path}{query}")).bearer(&key).await.expect(200);
            assert_eq!(told, json!({"last": 9, "difference": null, "ticks": [{"tick": 9}]}));
        }
        stage.get(&format!("{path}?from=soon")).bearer(&key).await.expect(400);
    }
}

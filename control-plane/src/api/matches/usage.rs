//! `GET /v1/matches/{id}/usage`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use stadion_protocol::MatchId;
use stadion_protocol::contract::MatchUsage;
use utoipa::ToSchema;

use crate::App;
use crate::api::wire::MatchPath;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::matches::MatchUsed;
use crate::model::Usage;

/// What a match used, or several together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageBody {
    /// CPU time of its steps, microseconds.
    #[schema(example = 1_500)]
    cpu_us: u64,
    /// The most memory that its guest had, bytes; of several matches, the largest.
    #[schema(example = 262_144)]
    peak_memory_bytes: u64,
    /// Steps.
    #[schema(example = 412)]
    ticks: u64,
    /// Messages of players.
    messages_in: u64,
    /// Bytes of those.
    bytes_in: u64,
    /// Messages to players, counted for each receiver.
    messages_out: u64,
    /// Bytes of those.
    bytes_out: u64,
    /// Bytes of its journal.
    journal_bytes: u64,
}

/// What one match used, and how punctual it was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MatchUsageBody {
    #[serde(flatten)]
    usage: UsageBody,
    /// About how long its server would take to bring it back after a crash, milliseconds: the CPU time of its steps since its
    /// newest checkpoint. While its host knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12)]
    recovery_estimate_ms: Option<u64>,
    /// While its host knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    punctuality: Option<PunctualityBody>,
}

/// How punctual a match was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PunctualityBody {
    /// How late its ticks began, at worst, microseconds.
    worst_lateness_us: u64,
    /// How late its ticks began, on average, microseconds.
    mean_lateness_us: u64,
    /// The longest from handing in a tick to its result, microseconds.
    worst_step_us: u64,
    /// From handing in a tick to its result, on average, microseconds.
    mean_step_us: u64,
    /// Time slices that its steps used up: more than none means that it holds others up.
    slices: u64,
    /// The longest that a step held its thread without giving way, microseconds: past 3,000 a single instruction did, such as
    /// a fill of 64 MiB.
    longest_slice_us: u64,
}

impl From<Usage> for UsageBody {
    fn from(usage: Usage) -> UsageBody {
        let Usage { cpu_us, peak_memory_bytes, ticks, messages_in, bytes_in, messages_out, bytes_out, journal_bytes } =
            usage;
        UsageBody { cpu_us, peak_memory_bytes, ticks, messages_in, bytes_in, messages_out, bytes_out, journal_bytes }
    }
}

impl From<MatchUsed> for MatchUsageBody {
    fn from(used: MatchUsed) -> MatchUsageBody {
        let estimate = used.pace.map(|pace| u64::try_from(pace.recovery_estimate.as_millis()).unwrap_or(u64::MAX));
        MatchUsageBody {
            usage: used.usage.into(),
            recovery_estimate_ms: estimate,
            punctuality: used.pace.map(PunctualityBody::from),
        }
    }
}

impl From<MatchUsage> for PunctualityBody {
    fn from(usage: MatchUsage) -> PunctualityBody {
        let us = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let mean = |total| us(total) / usage.ticks.max(1);
        PunctualityBody {
            worst_lateness_us: us(usage.worst_lateness),
            mean_lateness_us: mean(usage.total_lateness),
            worst_step_us: us(usage.worst_step),
            mean_step_us: mean(usage.total_step),
            slices: usage.slices,
            longest_slice_us: us(usage.longest_slice),
        }
    }
}

/// Get a match's usage
///
/// What it used so far, or in all: for the owner of its game and operators. What is replayed after an outage counts
/// again.
#[utoipa::path(
    get, path = "/v1/matches/{id}/usage", tag = "matches", security(("bearer" = [])), params(MatchPath),
    responses(
        (status = 200, description = "What it used.", body = MatchUsageBody),
        (status = 400, description = "not a match id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this match is for others: the owner of its game, operators"),
        (status = 404, description = "there is no such match, or it ended with its host and was not counted"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_match_usage(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
) -> Result<Json<MatchUsageBody>, Problem> {
    Ok(Json(app.matches.usage(id, &caller).await?.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn the_owner_sees_what_a_match_uses_and_used() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let player = stage.guest().await;
        let seat = stage.play_as(&player, "chess", json!({"create": "private"})).await.expect(201);
        let id = seat["match"]["id"].as_str().unwrap();
        let path = format!("/v1/matches/{id}/usage");
        stage.get(&path).bearer(&player).await.expect(403);
        let running = stage.get(&path).bearer(&stage.developer_key).await.expect(200);
        assert_eq!((&running["cpu_us"], &running["punctuality"]["slices"]), (&json!(1_500), &json!(0)));
        assert_eq!(running["recovery_estimate_ms"], 12);
        stage.host.finish(id);
        stage.settled().await;
        stage.host.forget_all();
        let ended = stage.get(&path).bearer(&stage.developer_key).await.expect(200);
        assert_eq!((&ended["ticks"], ended.get("punctuality")), (&json!(9), None));
        assert_eq!(ended.get("recovery_estimate_ms"), None, "nothing is left to bring back");
    }
}

//! `GET /v1/games/{game}/usage` and `GET /v1/usage`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::accounts::Caller;
use crate::api::matches::usage::UsageBody;
use crate::api::versions::check_owner;
use crate::api::wire::GamePath;
use crate::http::{Authenticated, Fault, Kind, Problem, UrlPath, UrlQuery};
use crate::model::{UnixMs, Usage, UsageScope, UsageSum};

/// Days that are summed up when nothing else is asked for.
const USUAL_DAYS: u16 = 30;

/// Days that are summed up at most.
const MOST_DAYS: u16 = 366;

/// Which time is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageQuery {
    /// Matches that ended in the last so many days.
    #[param(minimum = 1, maximum = 366, default = 30)]
    days: Option<u16>,
}

/// A time that is not summed up.
#[derive(Debug, thiserror::Error)]
#[error("days: 1 to {MOST_DAYS}")]
struct DaysError;

impl Fault for DaysError {
    fn kind(&self) -> Kind {
        Kind::BadRequest
    }
}

/// What matches used that ended in some time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageSumsBody {
    /// From when on, RFC 3339.
    #[schema(example = "2026-10-21T10:00:00.000Z", format = DateTime)]
    since: String,
    /// How many matches.
    matches: u64,
    /// All together.
    total: UsageBody,
    /// For each game and version, the most CPU time first; at most 1,000.
    versions: Vec<VersionUsageBody>,
}

/// What the matches of one version used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionUsageBody {
    /// The game.
    #[schema(example = "tictactoe")]
    game: String,
    /// The version that they ran.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: String,
    /// How many matches.
    matches: u64,
    /// Together.
    usage: UsageBody,
}

/// Get a game's usage
///
/// What its matches used that ended lately, for each version: for its owner and operators.
#[utoipa::path(
    get, path = "/v1/games/{game}/usage", tag = "games", security(("bearer" = [])), params(GamePath, UsageQuery),
    responses(
        (status = 200, description = "What its matches used.", body = UsageSumsBody),
        (status = 400, description = "not a game name, or days out of range"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may"),
        (status = 404, description = "there is no such game"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_game_usage(
    State(app): State<Arc<App>>,
    UrlPath(name): UrlPath<GameName>,
    UrlQuery(query): UrlQuery<UsageQuery>,
    Authenticated(caller): Authenticated,
) -> Result<Json<UsageSumsBody>, Problem> {
    check_owner(&app, &caller, &name).await?;
    sums(&app, &UsageScope::Game(name), &query).await
}

/// Get your games' usage
///
/// What the matches of all the caller's games used that ended lately.
#[utoipa::path(
    get, path = "/v1/usage", tag = "games", security(("bearer" = [])), params(UsageQuery),
    responses(
        (status = 200, description = "What their matches used.", body = UsageSumsBody),
        (status = 400, description = "days out of range"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn get_usage(
    State(app): State<Arc<App>>,
    UrlQuery(query): UrlQuery<UsageQuery>,
    Authenticated(Caller { account, .. }): Authenticated,
) -> Result<Json<UsageSumsBody>, Problem> {
    sums(&app, &UsageScope::Owner(account), &query).await
}

async fn sums(app: &App, scope: &UsageScope, query: &UsageQuery) -> Result<Json<UsageSumsBody>, Problem> {
    let days = query.days.unwrap_or(USUAL_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(DaysError.into());
    }
    let past = Duration::from_secs(u64::from(days) * 24 * 3600);
    let since = UnixMs(app.clock.now().0.saturating_sub(u64::try_from(past.as_millis()).unwrap_or(u64::MAX)));
    app.matches.writer.flush().await;
    let sums = app.store.usage(scope, since).await?;
    let total = sums.iter().fold(Usage::default(), |total, sum| total.plus(sum.usage));
    Ok(Json(UsageSumsBody {
        since: since.to_string(),
        matches: sums.iter().map(|sum| sum.matches).sum(),
        total: total.into(),
        versions: sums.into_iter().map(VersionUsageBody::from).collect(),
    }))
}

impl From<UsageSum> for VersionUsageBody {
    fn from(sum: UsageSum) -> VersionUsageBody {
        let UsageSum { game, version, matches, first_ended_at: _, usage } = sum;
        VersionUsageBody { game: game.to_string(), version: version.to_string(), matches, usage: usage.into() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn ended_matches_are_summed_up_for_the_owner() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        for _ in 0..2 {
            let seat = stage.play("chess", json!({"create": "public"})).await.expect(201);
            stage.host.finish(seat["match"]["id"].as_str().unwrap());
        }
        stage.settled().await;
        for path in ["/v1/games/chess/usage", "/v1/usage?days=1"] {
            let usage = stage.get(path).bearer(&stage.developer_key).await.expect(200);
            assert_eq!((&usage["matches"], &usage["total"]["cpu_us"]), (&json!(2), &json!(3_000)), "{path}");
            assert_eq!(usage["total"]["peak_memory_bytes"], 65_536, "the largest, not a sum");
            assert_eq!((&usage["versions"][0]["game"], &usage["versions"][0]["matches"]), (&json!("chess"), &json!(2)));
        }
    }

    #[tokio::test]
    async fn usage_is_the_owners_business() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let guest = stage.guest().await;
        stage.get("/v1/games/chess/usage").await.expect(401);
        stage.get("/v1/games/chess/usage").bearer(&guest).await.expect(403);
        stage.get("/v1/games/go/usage").bearer(&guest).await.expect(404);
        assert_eq!(stage.get("/v1/usage").bearer(&guest).await.expect(200)["matches"], 0);
        for days in ["0", "367", "x"] {
            stage.get(&format!("/v1/usage?days={days}")).bearer(&guest).await.expect(400);
        }
    }
}

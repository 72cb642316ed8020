//! `GET /v1/games/{game}/queues`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use stadion_protocol::GameName;
use utoipa::ToSchema;

use crate::App;
use crate::api::wire::GamePath;
use crate::http::{Problem, UrlPath};
use crate::lobby::QueueView;

/// The queues of a game.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueuesBody {
    /// By name; at most 16.
    items: Vec<QueueBody>,
}

/// A queue, as the game's settings declare it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueBody {
    /// Its name.
    #[schema(example = "duel")]
    name: String,
    /// Sides of a match.
    #[schema(example = 2)]
    teams: u16,
    /// Players of a side.
    #[schema(example = 1)]
    team_size: u16,
    /// Whether players meet those who are as good.
    by_skill: bool,
    /// Seconds to confirm a match that was found; none: it begins at once.
    #[schema(example = 20)]
    ready_check_s: Option<u64>,
    /// Whether results change ratings.
    rated: bool,
    /// Players who wait at the moment.
    #[schema(example = 3)]
    players: usize,
    /// How long those who were served last have waited (their median), seconds.
    #[schema(example = 12.5)]
    estimated_wait_s: Option<f64>,
}

impl From<QueueView> for QueueBody {
    fn from(view: QueueView) -> QueueBody {
        QueueBody {
            name: view.name.to_string(),
            teams: view.rules.teams,
            team_size: view.rules.team_size,
            by_skill: view.rules.skill.is_some(),
            ready_check_s: view.rules.ready_check.map(|within| within.as_secs()),
            rated: view.rules.rated,
            players: view.players,
            estimated_wait_s: view.estimated_wait.map(|wait| wait.as_secs_f64()),
        }
    }
}

/// List a game's queues
///
/// Those of its newest version: settings `queue.NAME.KEY`, in `stadion.toml` tables `[queues.NAME]`.
#[utoipa::path(
    get, path = "/v1/games/{game}/queues", tag = "queues", params(GamePath),
    responses(
        (status = 200, description = "Its queues.", body = QueuesBody),
        (status = 400, description = "not a game name"),
        (status = 404, description = "there is no such game"),
        (status = 409, description = "the game has no version in play"),
        (status = 503, description = "the store or coordination is unavailable"),
    )
)]
pub(super) async fn list_queues(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
) -> Result<Json<QueuesBody>, Problem> {
    let queues = app.lobby.queues(&game).await?;
    Ok(Json(QueuesBody { items: queues.into_iter().map(QueueBody::from).collect() }))
}

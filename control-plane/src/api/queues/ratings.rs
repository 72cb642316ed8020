//! `GET /v1/players/{player}/ratings`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::contract::QueueName;
use stadion_protocol::{GameName, PlayerId};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::http::{Authenticated, Problem, UrlPath};
use crate::model::Rating;

/// A player in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the id itself")]
pub(super) struct PlayerPath {
    /// Account id; `me` is the caller.
    #[param(example = "me", pattern = "^[!-~]{1,64}$")]
    player: String,
}

/// The ratings of a player.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RatingsBody {
    /// By game and queue, at most 1,000; none where it has played no rated match.
    items: Vec<RatingBody>,
}

/// A rating.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct RatingBody {
    /// The game.
    #[schema(example = "tictactoe")]
    game: String,
    /// Its queue.
    #[schema(example = "duel")]
    queue: String,
    /// Points; beginners have 1500.
    #[schema(example = 1612)]
    rating: i32,
    /// How far off that may be, points.
    #[schema(example = 210)]
    give_or_take: i32,
    /// Rated matches.
    #[schema(example = 14)]
    matches: u32,
}

/// Get a player's ratings
///
/// One for each rated queue in which the player has played.
#[utoipa::path(
    get, path = "/v1/players/{player}/ratings", tag = "queues", security(("bearer" = [])), params(PlayerPath),
    responses(
        (status = 200, description = "Its ratings.", body = RatingsBody),
        (status = 400, description = "not an account id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn get_ratings(
    State(app): State<Arc<App>>,
    UrlPath(player): UrlPath<PlayerId>,
    Authenticated(caller): Authenticated,
) -> Result<Json<RatingsBody>, Problem> {
    let player = if player.as_str() == "me" { caller.account } else { player };
    let ratings = app.store.ratings_of(&player).await?;
    Ok(Json(RatingsBody { items: ratings.into_iter().map(RatingBody::from).collect() }))
}

impl From<(GameName, QueueName, Rating)> for RatingBody {
    fn from((game, queue, rating): (GameName, QueueName, Rating)) -> RatingBody {
        RatingBody {
            game: game.to_string(),
            queue: queue.to_string(),
            rating: rating.points(),
            give_or_take: rating.give_or_take(),
            matches: rating.matches,
        }
    }
}

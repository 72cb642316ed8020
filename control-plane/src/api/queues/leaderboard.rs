//! `GET /v1/games/{game}/queues/{queue}/leaderboard`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use stadion_protocol::contract::QueueName;
use utoipa::{IntoParams, ToSchema};

use super::QueuePath;
use crate::App;
use crate::api::wire::{PageError, limit, read_cursor, write_cursor};
use crate::http::{AuthError, MaybeAuthenticated, Problem, UrlPath, UrlQuery};
use crate::model::Standing;
use crate::store::Board;

/// Which part is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct BoardQuery {
    /// Of whom; the caller's own surroundings and friends take a token.
    #[param(inline)]
    of: Option<OfBody>,
    /// `next_cursor` of the page before; for `all` alone.
    cursor: Option<String>,
    /// Places at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// Whose places are shown.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum OfBody {
    /// From the top.
    #[default]
    All,
    /// The caller and those around.
    Around,
    /// The caller and its friends.
    Friends,
}

/// A part of a leaderboard.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BoardBody {
    /// The best first.
    items: Vec<StandingBody>,
    /// Ask for the next page with it; none: this was the last.
    #[schema(example = "Y2hlc3M")]
    next_cursor: Option<String>,
}

/// A place.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StandingBody {
    /// From 1, among those who were asked for; who is as good has the same.
    #[schema(example = 1)]
    place: u32,
    /// Account id.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    player: String,
    /// The name that others see.
    #[schema(example = "Ann")]
    name: String,
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

impl From<Standing> for StandingBody {
    fn from(standing: Standing) -> StandingBody {
        StandingBody {
            place: standing.place,
            player: standing.account.id.to_string(),
            name: standing.account.name.as_str().to_owned(),
            rating: standing.rating.points(),
            give_or_take: standing.rating.give_or_take(),
            matches: standing.rating.matches,
        }
    }
}

/// Get a leaderboard
///
/// Of one queue: everybody with at least one rated match, by rating.
#[utoipa::path(
    get, path = "/v1/games/{game}/queues/{queue}/leaderboard", tag = "queues", security((), ("bearer" = [])),
    params(QueuePath, BoardQuery),
    responses(
        (status = 200, description = "A part of it; empty for a queue in which nobody was rated.", body = BoardBody),
        (status = 400, description = "not a name, or a limit out of range"),
        (status = 401, description = "the bearer token is not valid, or one is needed"),
        (status = 422, description = "the cursor is not one of `next_cursor`"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn get_leaderboard(
    State(app): State<Arc<App>>,
    UrlPath((game, queue)): UrlPath<(GameName, QueueName)>,
    UrlQuery(query): UrlQuery<BoardQuery>,
    MaybeAuthenticated(caller): MaybeAuthenticated,
) -> Result<Json<BoardBody>, Problem> {
    let limit = limit(query.limit)?;
    let after = match &query.cursor {
        Some(cursor) => read_cursor(cursor)?.parse().map_err(|_| PageError::Cursor)?,
        None => 0,
    };
    let own = || caller.map(|caller| caller.account).ok_or(AuthError::Missing);
    let board = match query.of.unwrap_or_default() {
        OfBody::All => Board::All { after },
        OfBody::Around => Board::Around(own()?),
        OfBody::Friends => Board::Friends(own()?),
    };
    let standings = app.store.leaderboard(&game, &queue, &board, limit).await?;
    let more = matches!(board, Board::All { .. }) && standings.len() == usize::from(limit);
    let next_cursor = more.then(|| write_cursor(&(after + u32::from(limit)).to_string()));
    Ok(Json(BoardBody { items: standings.into_iter().map(StandingBody::from).collect(), next_cursor }))
}

//! Queues, searches, ratings and leaderboards.

mod answer;
mod cancel;
mod leaderboard;
mod list;
mod ratings;
mod search;
#[cfg(test)]
mod tests;
mod ticket;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use stadion_protocol::contract::QueueName;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::http::{Extras, Fault, Kind};
use crate::lobby::{QueueKey, SearchError, TicketView};
use crate::queues::TicketRefusal;

pub(super) use ratings::RatingBody;

pub(super) fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list_queues))
        .routes(routes!(search::create_ticket))
        .routes(routes!(ticket::get_ticket, cancel::delete_ticket))
        .routes(routes!(answer::answer_ready_check))
        .routes(routes!(leaderboard::get_leaderboard))
        .routes(routes!(ratings::get_ratings))
}

/// A queue in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the names themselves")]
pub(super) struct QueuePath {
    /// The game's name.
    #[param(example = "tictactoe", pattern = "^[a-z][a-z0-9-]{0,39}$")]
    game: String,
    /// The queue's name.
    #[param(example = "duel", pattern = "^[a-z][a-z0-9-]{0,31}$")]
    queue: String,
}

/// A search in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the id itself")]
pub(super) struct TicketPath {
    /// The search's id.
    #[param(example = "01h455vb4pex5vsknk084sn02q", pattern = "^[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    id: String,
}

/// A search.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TicketBody {
    /// Its id.
    #[schema(example = "01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// For which game.
    #[schema(example = "tictactoe")]
    game: String,
    /// In which queue.
    #[schema(example = "duel")]
    queue: String,
    /// Account ids of those who search together.
    players: Vec<String>,
    /// RFC 3339.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    since: String,
    /// How long those who were served last have waited (their median), seconds; none: nobody was served lately.
    #[schema(example = 12.5)]
    estimated_wait_s: Option<f64>,
}

impl From<TicketView> for TicketBody {
    fn from(view: TicketView) -> TicketBody {
        TicketBody {
            id: view.ticket.to_string(),
            game: view.key.game.to_string(),
            queue: view.key.queue.to_string(),
            players: view.player_ids(),
            since: view.since.to_string(),
            estimated_wait_s: view.estimated_wait.map(|wait| wait.as_secs_f64()),
        }
    }
}

pub(super) fn key((game, queue): (GameName, QueueName)) -> QueueKey {
    QueueKey { game, queue }
}

impl Fault for SearchError {
    fn kind(&self) -> Kind {
        match self {
            SearchError::Catalog(error) => error.kind(),
            SearchError::UnknownQueue { .. } | SearchError::UnknownTicket => Kind::NotFound,
            SearchError::Misfit { .. } | SearchError::Setting(_) | SearchError::Searching(_) => Kind::Conflict,
            SearchError::Ticket(TicketRefusal::Full) | SearchError::Fenced => Kind::Unavailable,
            SearchError::Ticket(_) => Kind::Conflict,
            SearchError::Regions => Kind::Invalid,
            SearchError::Party(error) => error.kind(),
            SearchError::Coordination(error) => error.kind(),
            SearchError::Store(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        let retry = self.kind() == Kind::Unavailable;
        Extras { retry_after: retry.then_some(Duration::from_secs(1)), ..Extras::default() }
    }
}

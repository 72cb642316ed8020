//! Games.

pub(super) mod create;
pub(super) mod get;
pub(super) mod list;
pub(super) mod matches;
pub(super) mod origins;
pub(super) mod usage;

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::GameEntry;

/// A game.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GameBody {
    /// As in its URL.
    #[schema(example = "tictactoe")]
    name: String,
    /// As its newest version says; none before the first.
    #[schema(example = "Tic-tac-toe")]
    title: Option<String>,
    /// Account id of its owner.
    #[schema(example = "p-5f1c0ad2b6e94c1d01020304")]
    owner: String,
    /// What is played now; none before the first version, and when all are retired.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    latest_version: Option<String>,
    /// Whether that version failed on every start, and no match is made of it.
    quarantined: bool,
    /// RFC 3339.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    created_at: String,
}

impl From<GameEntry> for GameBody {
    fn from(entry: GameEntry) -> GameBody {
        let (latest_version, title) = entry.latest.map(|(id, title)| (id.to_string(), title)).unzip();
        GameBody {
            name: entry.game.name.to_string(),
            title,
            owner: entry.game.owner.to_string(),
            latest_version,
            quarantined: entry.quarantined,
            created_at: entry.game.created_at.to_string(),
        }
    }
}

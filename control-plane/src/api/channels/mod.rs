//! Channels of games: which version is played, by whom, and what was played before.

mod get;
mod history;
mod list;
mod promote;
mod remove;
mod roll_back;
mod set;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::games::ReleaseError;
use crate::http::{Fault, Kind, Problem};
use crate::model::{Channel, ChannelName};

/// Everything about channels.
pub(super) fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list_channels))
        .routes(routes!(get::get_channel, set::set_channel, remove::remove_channel))
        .routes(routes!(promote::promote_channel))
        .routes(routes!(roll_back::roll_back_channel))
        .routes(routes!(history::get_channel_history))
}

/// A channel of a game.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelBody {
    /// Its name.
    #[schema(example = "canary")]
    name: String,
    /// The version that it points at; none: nothing.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: Option<String>,
    /// Of `canary`: to how many of a hundred players who ask for no channel it is given.
    #[schema(example = 10)]
    percent: u8,
    /// Whether everybody may ask for it.
    #[schema(example = false)]
    open: bool,
    /// Accounts that may ask for it beside the game's owner.
    #[schema(example = json!(["p-5f1c0ad2b6e94c1d01020304"]))]
    players: Vec<String>,
    /// Settings of its matches, over those of the version.
    #[schema(example = json!({"reconnect-seconds": "60"}))]
    settings: BTreeMap<String, String>,
    /// For the game, base64, where a match's creator gives none.
    #[schema(example = "aGFyZA==")]
    parameters: String,
    /// RFC 3339.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    changed_at: String,
}

impl From<Channel> for ChannelBody {
    fn from(channel: Channel) -> ChannelBody {
        ChannelBody {
            name: channel.name.to_string(),
            version: channel.version.map(|id| id.to_string()),
            percent: channel.percent,
            open: channel.open,
            players: channel.players.iter().map(ToString::to_string).collect(),
            settings: channel.settings.into_iter().collect(),
            parameters: STANDARD.encode(channel.parameters),
            changed_at: channel.changed_at.to_string(),
        }
    }
}

/// A channel in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the names themselves")]
pub(super) struct ChannelPath {
    /// The game's name.
    #[param(example = "tictactoe", pattern = "^[a-z][a-z0-9-]{0,39}$")]
    game: String,
    /// The channel's name.
    #[param(example = "canary", pattern = "^[a-z][a-z0-9-]{0,31}$")]
    channel: String,
}

impl Fault for ReleaseError {
    fn kind(&self) -> Kind {
        match self {
            ReleaseError::Unknown { .. } => Kind::NotFound,
            ReleaseError::UnknownVersion(..)
            | ReleaseError::Deprecated(..)
            | ReleaseError::Itself
            | ReleaseError::Percent(_)
            | ReleaseError::MoreThanAll
            | ReleaseError::Players
            | ReleaseError::Parameters => Kind::Invalid,
            ReleaseError::Setting(error) => error.kind(),
            ReleaseError::Empty(..)
            | ReleaseError::NothingBefore(..)
            | ReleaseError::Stable
            | ReleaseError::Full
            | ReleaseError::Contended(_) => Kind::Conflict,
            ReleaseError::Changed => Kind::Changed,
            ReleaseError::Store(error) => error.kind(),
        }
    }

    fn extras(&self) -> crate::http::Extras {
        match self {
            ReleaseError::Store(error) => error.extras(),
            _ => crate::http::Extras::default(),
        }
    }
}

/// The channel as it is now.
async fn current(app: &App, game: &GameName, name: &ChannelName) -> Result<Channel, Problem> {
    let channels = app.store.channels(game).await?;
    let has: Vec<String> = channels.iter().map(|channel| channel.name.to_string()).collect();
    let found = channels.into_iter().find(|channel| channel.name == *name);
    Ok(found.ok_or_else(|| ReleaseError::Unknown { game: game.clone(), channel: name.clone(), has: has.join(", ") })?)
}

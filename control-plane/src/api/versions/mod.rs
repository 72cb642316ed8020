//! Versions of games.

pub(super) mod component;
pub(super) mod deprecate;
pub(super) mod get;
pub(super) mod list;
pub(super) mod publish;
pub(super) mod quarantine;
pub(super) mod schema;
pub(super) mod settings;
pub(super) mod web;

use std::collections::BTreeMap;

use serde::Serialize;
use stadion_protocol::{GameName, VersionId};
use utoipa::ToSchema;

use crate::App;
use crate::accounts::Caller;
use crate::games::CatalogError;
use crate::http::{Fault, Kind, Problem};
use crate::model::{Channel, Quarantine, Role, Version};

/// A version of a game.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionBody {
    /// The game.
    #[schema(example = "tictactoe")]
    game: String,
    /// SHA-256 of the upload.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: String,
    /// Its first eight digits, for people.
    #[schema(example = "9f86d081")]
    short: String,
    /// As the game describes itself.
    #[schema(example = "Tic-tac-toe")]
    title: String,
    /// Of messages and views; all zero without a schema.
    #[schema(example = "5f1c0ad2b6e94c1d")]
    schema_hash: String,
    /// Fewest seats of a match.
    #[schema(example = 2)]
    seats_min: u16,
    /// Most seats of a match.
    #[schema(example = 2)]
    seats_max: u16,
    /// Ticks a second; 0: driven by events.
    #[schema(example = 0)]
    rate: u16,
    /// Of matches from now on: as the game set them, and its owner over that.
    #[schema(example = json!({"reconnect-seconds": "60"}))]
    settings: BTreeMap<String, String>,
    /// Whether a running match can be kept as an image of its memory, which makes recovery and moves quick.
    image_checkpoints: FindingBody,
    /// Whether sessions start from what `image.prepare` left; none where the game does not export it.
    warm_image: Option<FindingBody>,
    /// CPU time that compiling took, milliseconds.
    #[schema(example = 420)]
    compile_cpu_ms: u32,
    /// Of the upload.
    #[schema(example = 81_920)]
    size_bytes: u64,
    /// RFC 3339.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    created_at: String,
    /// RFC 3339; none while it is in play.
    #[schema(example = json!(null), format = DateTime)]
    deprecated_at: Option<String>,
    /// Channels that point at it.
    #[schema(example = json!(["stable"]))]
    channels: Vec<String>,
    /// Why no match is made of it; none where all is well.
    quarantine: Option<QuarantineBody>,
}

/// A version that failed on every start.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineBody {
    /// RFC 3339.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    since: String,
    /// What happened, for its developer.
    #[schema(example = "5 starts failed in a row; the last one: unreachable in hello::start")]
    because: String,
}

impl From<Quarantine> for QuarantineBody {
    fn from(quarantine: Quarantine) -> QuarantineBody {
        QuarantineBody { since: quarantine.at.to_string(), because: quarantine.reason }
    }
}

/// What was found out about a version when it was compiled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingBody {
    /// Whether it is so.
    #[schema(example = false)]
    yes: bool,
    /// Why not, for the developer; none where it is so.
    #[schema(example = "it changes a table (table.grow)")]
    because: Option<String>,
}

impl From<Result<(), String>> for FindingBody {
    fn from(finding: Result<(), String>) -> FindingBody {
        FindingBody { yes: finding.is_ok(), because: finding.err() }
    }
}

impl VersionBody {
    /// With those of its game's channels that point at it.
    pub(in crate::api) fn new(version: Version, channels: &[Channel]) -> VersionBody {
        let pointing = channels.iter().filter(|channel| channel.version == Some(version.id));
        VersionBody {
            channels: pointing.map(|channel| channel.name.to_string()).collect(),
            game: version.game.to_string(),
            version: version.id.to_string(),
            short: version.id.short(),
            schema_hash: version.description.schema_hash().to_string(),
            settings: version.settings(),
            title: version.description.title,
            seats_min: version.description.seats_min,
            seats_max: version.description.seats_max,
            rate: version.description.rate,
            image_checkpoints: version.description.image_checkpoints.into(),
            warm_image: version.description.warm_image.map(FindingBody::from),
            compile_cpu_ms: version.compile_cpu_ms,
            size_bytes: version.size_bytes,
            created_at: version.created_at.to_string(),
            deprecated_at: version.retired_at.map(|at| at.to_string()),
            quarantine: version.quarantine.map(QuarantineBody::from),
        }
    }
}

impl Fault for CatalogError {
    fn kind(&self) -> Kind {
        match self {
            CatalogError::UnknownGame(_) | CatalogError::UnknownVersion(..) | CatalogError::UnknownChannel(..) => {
                Kind::NotFound
            }
            CatalogError::NotForYou(..) => Kind::Forbidden,
            CatalogError::NoVersion(..) => Kind::NoVersion,
            CatalogError::Deprecated(..) => Kind::Gone,
            CatalogError::Quarantined(..) => Kind::Quarantined,
            CatalogError::Store(error) => error.kind(),
        }
    }
}

/// Somebody else's game.
#[derive(Debug, thiserror::Error)]
#[error("only the owner of the game and operators may do that")]
pub(crate) struct NotOwner;

impl Fault for NotOwner {
    fn kind(&self) -> Kind {
        Kind::Forbidden
    }
}

/// Whether the caller may see and change what is the owner's of a game.
pub(in crate::api) async fn check_owner(app: &App, caller: &Caller, game: &GameName) -> Result<(), Problem> {
    let entry = app.store.game(game).await?.ok_or_else(|| CatalogError::UnknownGame(game.clone()))?;
    if entry.game.owner != caller.account && caller.role < Role::Operator {
        return Err(NotOwner.into());
    }
    Ok(())
}

/// What is shown of a version.
async fn shown(app: &App, version: Version) -> Result<VersionBody, Problem> {
    let channels = app.store.channels(&version.game).await?;
    Ok(VersionBody::new(version, &channels))
}

/// A version of a game that the caller owns.
async fn owned(app: &App, caller: &Caller, game: GameName, id: VersionId) -> Result<Version, Problem> {
    check_owner(app, caller, &game).await?;
    Ok(app.store.version(&game, id).await?.ok_or(CatalogError::UnknownVersion(game, id))?)
}

//! Games and their versions.

use std::collections::BTreeMap;

use stadion_protocol::contract::Description;
use stadion_protocol::{GameName, PlayerId, VersionId};

use super::UnixMs;

/// A named game of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    /// As in its URL.
    pub name: GameName,
    /// Who publishes it.
    pub owner: PlayerId,
    /// Since when.
    pub created_at: UnixMs,
}

/// A game with what lists show of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GameEntry {
    /// The game.
    pub game: Game,
    /// What is played now: the newest version that is not retired, and its title.
    pub latest: Option<(VersionId, String)>,
    /// Whether that version is in quarantine.
    pub quarantined: bool,
}

/// A version that failed on every start: no match is made of it until its owner lifts this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// Since when.
    pub at: UnixMs,
    /// What happened, for its owner.
    pub reason: String,
}

/// An immutable upload of a game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Of which game.
    pub game: GameName,
    /// SHA-256 of the upload.
    pub id: VersionId,
    /// What it says about itself.
    pub description: Description,
    /// Settings that its owner gave it, over those of the description.
    pub overrides: Vec<(String, String)>,
    /// Of the upload.
    pub size_bytes: u64,
    /// What its compilation took.
    pub compile_cpu_ms: u32,
    /// When it was published.
    pub created_at: UnixMs,
    /// When it was taken out of play.
    pub retired_at: Option<UnixMs>,
    /// Why no match is made of it, unless all is well.
    pub quarantine: Option<Quarantine>,
}

impl Version {
    /// The settings in force: the owner's over the game's.
    pub fn settings(&self) -> BTreeMap<String, String> {
        self.description.settings.iter().chain(&self.overrides).cloned().collect()
    }
}

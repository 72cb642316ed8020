//! Games and versions.

use stadion_protocol::contract::Description;
use stadion_protocol::{GameName, PlayerId, VersionId};

use super::StoreError;
use super::row::Columns;
use crate::model::{Game, GameEntry, Page, PageRequest, Quarantine, UnixMs, Version};

/// Keeps games.
#[async_trait::async_trait]
pub trait GameStore: Send + Sync + 'static {
    /// Adds a game unless the name is taken: the game that has the name now, the caller compares owners.
    async fn create_game(&self, game: &Game) -> Result<Game, StoreError>;

    /// The game of a name.
    async fn game(&self, name: &GameName) -> Result<Option<GameEntry>, StoreError>;

    /// Allows web pages of other hosts a game: origins with commas between them, checked by the caller. Whether there is
    /// such a game, and it had the `expected` ones, if any are.
    async fn set_origins(&self, game: &GameName, origins: &str, expected: Option<&str>) -> Result<bool, StoreError>;

    /// The games for which origins are set, with those.
    async fn origins(&self) -> Result<Vec<(GameName, String)>, StoreError>;

    /// Games by name.
    async fn games(&self, page: &PageRequest<GameName>) -> Result<Page<GameEntry, GameName>, StoreError>;

    /// Names of an account's games, at most `limit`.
    async fn games_of(&self, owner: &PlayerId, limit: u16) -> Result<Vec<GameName>, StoreError>;

    /// Adds a version of an existing game, as its newest; channels stay as they are. Publishing it again brings it back from retirement and makes
    /// it the newest; everything else of it stays as it was.
    async fn publish(&self, version: &Version) -> Result<(), StoreError>;

    /// One version of a game.
    async fn version(&self, game: &GameName, id: VersionId) -> Result<Option<Version>, StoreError>;

    /// The newest versions of a game, retired ones too, newest first.
    async fn versions(&self, game: &GameName, limit: u16) -> Result<Vec<Version>, StoreError>;

    /// The same, page by page; a page goes on below a number.
    async fn version_page(&self, game: &GameName, page: &PageRequest<u64>) -> Result<Page<Version, u64>, StoreError>;

    /// Takes a version out of play for new matches: whether there is such a version.
    async fn retire_version(&self, game: &GameName, id: VersionId, now: UnixMs) -> Result<bool, StoreError>;

    /// Puts a version in quarantine, where one that is there stays as it is, or lifts it: whether there is such a version.
    async fn set_quarantine(
        &self,
        game: &GameName,
        id: VersionId,
        quarantine: Option<&Quarantine>,
    ) -> Result<bool, StoreError>;

    /// Gives a version settings over those of its description: whether there is such a version, and it had the `expected`
    /// ones, if any are.
    async fn set_settings(
        &self,
        game: &GameName,
        id: VersionId,
        overrides: &[(String, String)],
        expected: Option<&[(String, String)]>,
    ) -> Result<bool, StoreError>;

    /// Whether any game has this version.
    async fn is_published(&self, id: VersionId) -> Result<bool, StoreError>;
}

/// A game, from its row.
pub(super) fn game_of(row: &impl Columns) -> Result<Game, StoreError> {
    Ok(Game { name: row.parsed("name")?, owner: row.parsed("owner")?, created_at: row.time("created_at")? })
}

/// A game with what is published of it, from a row of both.
pub(super) fn entry(row: &impl Columns) -> Result<GameEntry, StoreError> {
    let latest = match row.maybe_array("version")? {
        Some(id) => Some((VersionId(id), row.text("title")?)),
        None => None,
    };
    let quarantined = row.maybe_int("quarantined_at")?.is_some();
    Ok(GameEntry { game: game_of(row)?, latest, quarantined })
}

/// A version, from its row.
pub(super) fn version(row: &impl Columns) -> Result<Version, StoreError> {
    Ok(Version {
        game: row.parsed("game")?,
        id: VersionId(row.array("version")?),
        description: description(row)?,
        overrides: row.json("overrides")?,
        size_bytes: row.uint("size_bytes")?,
        compile_cpu_ms: row.uint("compile_cpu_ms")?,
        created_at: row.time("created_at")?,
        retired_at: row.maybe_time("retired_at")?,
        quarantine: quarantine(row)?,
    })
}

fn quarantine(row: &impl Columns) -> Result<Option<Quarantine>, StoreError> {
    let Some(at) = row.maybe_time("quarantined_at")? else { return Ok(None) };
    Ok(Some(Quarantine { at, reason: row.maybe_text("quarantine_reason")?.unwrap_or_default() }))
}

fn description(row: &impl Columns) -> Result<Description, StoreError> {
    Ok(Description {
        title: row.text("title")?,
        seats_min: row.uint("seats_min")?,
        seats_max: row.uint("seats_max")?,
        teams: row.uint("teams")?,
        rate: row.uint("rate")?,
        memory_bytes: row.uint("memory_bytes")?,
        step_us: row.uint("step_us")?,
        schema: row.maybe_bytes("schema")?,
        settings: row.json("settings")?,
        saves: row.flag("saves")?,
        image_checkpoints: row.json("image_checkpoints")?,
        warm_image: row.json("warm_image")?,
    })
}

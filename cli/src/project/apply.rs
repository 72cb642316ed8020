//! What a game's folder says of a version on a server, applied to it without a rebuild.

use super::Project;
use crate::api::{Api, Published};
use crate::failure::Outcome;

/// Settings of its matches, origins of its pages and what players may, as `stadion.toml` has them. Settings that it does not
/// have are taken back on the server; origins and storage of which it does not speak stay.
pub(crate) async fn apply(project: &Project, published: &Published, api: &Api) -> Outcome {
    if let Some(settings) = &project.settings {
        api.set(&published.game, &published.version, settings).await?;
    }
    if let Some(origins) = &project.origins {
        api.set_origins(&published.game, origins).await?;
    }
    if let Some(players) = &project.storage {
        api.set_storage_access(&published.game, players).await?;
    }
    Ok(())
}

//! What a game's folder says of a version on a server, applied to it without a rebuild.

use super::Project;
use crate::api::{Api, Published};
use crate::failure::Outcome;

/// Settings of its matches, origins of its pages and what players may, as `stadion.toml` has them. What it does not speak of stays as it is on
/// the server.
pub(crate) async fn apply(project: &Project, published: &Published, api: &Api) -> Outcome {
    if !project.settings.is_empty() {
        api.set(&published.game, &published.version, &project.settings).await?;
    }
    if let Some(origins) = &project.origins {
        api.set_origins(&published.game, origins).await?;
    }
    if let Some(players) = &project.storage {
        api.set_storage_access(&published.game, players).await?;
    }
    Ok(())
}

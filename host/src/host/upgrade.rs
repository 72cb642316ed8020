//! Upgrades: versions are loaded here, the rest is done on a thread of its own.

use std::sync::Arc;

use stadion_protocol::contract::{CreateError, MatchState, UnknownMatch, UpgradeError, UpgradeWay, Upgraded};
use stadion_protocol::{MatchId, VersionId};
use tokio::sync::oneshot;

use crate::engine::LoadedVersion;
use crate::shard::Command;
use crate::transition::Upgrade;

use super::{LocalHost, ask};

/// Upgrades at once: each takes a session and as much CPU as replaying takes. Others wait their turn.
pub(super) const UPGRADES_AT_ONCE: usize = 2;

impl LocalHost {
    pub(super) async fn upgrade_here(
        &self,
        id: MatchId,
        version: VersionId,
        way: UpgradeWay,
    ) -> Result<Upgraded, UpgradeError> {
        let known = self.shared.archive.get(&id).is_some();
        let gone = || if known { UpgradeError::Ended } else { UnknownMatch.into() };
        let mailbox = self.shared.directory.get(&id).ok_or_else(gone)?;
        let status = self.status_here(id).await?;
        if !matches!(status.state, MatchState::Running | MatchState::Hibernated) {
            return Err(UpgradeError::Ended);
        }
        let from = self.versions.get(status.version).await.map_err(no_version)?;
        let to = self.versions.get(version).await.map_err(no_version)?;
        check_seats(&to, status.seat_count)?;
        let _turn = self.upgrades.acquire().await.map_err(|_| UpgradeError::Unavailable("it is going down"))?;
        ask(&mailbox, Command::Wake).await.ok_or_else(gone)?;
        let journals = Arc::clone(&self.shared.journals);
        let upgrade = Upgrade { id, mailbox, journals, from, to, way };
        let (reply, answer) = oneshot::channel();
        let thread = std::thread::Builder::new().name("upgrade".to_owned());
        let spawned = thread.spawn(move || {
            crate::os::background_priority();
            let _ = reply.send(upgrade.run());
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread for an upgrade");
            return Err(UpgradeError::Unavailable("it has no room for another thread"));
        }
        answer.await.unwrap_or_else(|_| Err(UpgradeError::Failed("the upgrade broke off".to_owned())))
    }
}

fn check_seats(to: &LoadedVersion, seats: u16) -> Result<(), UpgradeError> {
    let description = to.description();
    let (min, max) = (description.seats_min, description.seats_max);
    if (min..=max).contains(&seats) {
        return Ok(());
    }
    Err(UpgradeError::Unfit(format!("the match has {seats} seats; the version takes {min} to {max}")))
}

fn no_version(error: CreateError) -> UpgradeError {
    match error {
        CreateError::Artifact(error) => error.into(),
        error => UpgradeError::BadArtifact(error.to_string()),
    }
}

//! Having a match go on in another version, and everything that is noted of it with it.

use stadion_protocol::contract::{UpgradeError, UpgradeWay, Upgraded};
use stadion_protocol::{GameName, MatchId, VersionId};

use super::service::{MatchError, MatchService};
use crate::accounts::Caller;
use crate::coordination::CoordinationError;
use crate::model::{MatchRecord, Visibility};
use crate::store::StoreError;

/// Why a match was not upgraded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpgradeFailure {
    /// See [`MatchError`].
    #[error(transparent)]
    Match(#[from] MatchError),
    /// Its game has no such version.
    #[error("the game {0} has no version {1}")]
    UnknownVersion(GameName, VersionId),
    /// The host did not do it.
    #[error(transparent)]
    Host(#[from] UpgradeError),
    /// It was done, and is not noted: those who join by code may be sent away as outdated.
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
}

impl From<StoreError> for UpgradeFailure {
    fn from(error: StoreError) -> UpgradeFailure {
        MatchError::from(error).into()
    }
}

impl MatchService {
    /// Upgrades a match; answers what became of it and the version that it runs now.
    pub(crate) async fn upgrade(
        &self,
        id: MatchId,
        version: VersionId,
        way: UpgradeWay,
        caller: &Caller,
    ) -> Result<(Upgraded, VersionId), UpgradeFailure> {
        let (record, live) = self.find(id).await?;
        if !self.owns_game(&record, caller).await? {
            return Err(MatchError::NotOwner.into());
        }
        if self.store.version(&record.game, version).await?.is_none() {
            return Err(UpgradeFailure::UnknownVersion(record.game, version));
        }
        let runs = live.map_or(record.version, |status| status.version);
        let upgraded = self.host.upgrade(id, version, way).await?;
        if let Upgraded::Kept(_) = upgraded {
            return Ok((upgraded, runs));
        }
        self.note_version(&record).await?;
        Ok((upgraded, version))
    }

    /// Whoever joins by code or is led to an open match is to find it under the version that it runs, as its host says.
    async fn note_version(&self, record: &MatchRecord) -> Result<(), CoordinationError> {
        match self.host.status(record.id).await {
            Ok(status) => self.live.moved(&status, record.visibility == Visibility::Public).await,
            // It ended meanwhile.
            Err(_) => Ok(()),
        }
    }
}

//! Keeps up what a replica has in coordination: where it is, the notes of its matches, sessions whose tokens are void.
//!
//! Whether coordination was emptied shows by a marker: a note that never changes while everything is there. When it is
//! another one than before, or coordination did not answer for a while, everything is noted again from rows and hosts.

use std::sync::Arc;
use std::time::Duration;

use super::{BEAT, Replicas};
use crate::accounts::Accounts;
use crate::clock::{Clock, Rng, random};
use crate::coordination::{Coordination, CoordinationError};
use crate::events::{EventLog, host_lost, host_there};
use crate::keys::Keys;
use crate::matches::{Journals, Reconciler};
use crate::store::{Store, StoreError};

/// The marker's name.
const MARKER: &str = "marker";

/// As long as anything in coordination.
const KEEP: Duration = Duration::from_secs(400 * 24 * 3600);

/// Beats between two looks at what replicas have in common: which journals are kept, and the keys.
const LOOK_EVERY: u32 = 60;

/// What a [`Keeper`] stands on.
pub(crate) struct KeeperParts {
    pub(crate) coordination: Arc<dyn Coordination>,
    pub(crate) replicas: Arc<Replicas>,
    pub(crate) reconciler: Reconciler,
    pub(crate) journals: Arc<Journals>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) event_log: EventLog,
    pub(crate) clock: Arc<dyn Clock>,
}

/// See the module.
pub(crate) struct Keeper {
    parts: KeeperParts,
    /// As it was when everything was there.
    marker: Vec<u8>,
    /// Not everything is noted.
    behind: bool,
    beats: u32,
}

/// Why not everything is noted.
#[derive(Debug, thiserror::Error)]
enum Behind {
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Keeper {
    /// Before matches are reconciled: what is lost after that is noted again.
    pub(crate) async fn start(parts: KeeperParts) -> Result<Keeper, CoordinationError> {
        let mut keeper = Keeper { parts, marker: Vec::new(), behind: false, beats: 0 };
        keeper.marker = keeper.look().await?;
        keeper.parts.replicas.announce().await?;
        Ok(keeper)
    }

    /// Until it is aborted.
    pub(crate) async fn run(mut self) {
        loop {
            tokio::time::sleep(BEAT).await;
            if let Err(error) = self.beat().await {
                if !self.behind {
                    tracing::warn!(%error, "coordination cannot be kept up; trying again every second");
                }
                self.behind = true;
            }
        }
    }

    async fn beat(&mut self) -> Result<(), Behind> {
        let marker = self.look().await?;
        self.parts.replicas.announce().await?;
        if self.behind || marker != self.marker {
            self.note_again().await?;
            (self.marker, self.behind) = (marker, false);
        }
        self.beats += 1;
        if self.beats >= LOOK_EVERY {
            self.beats = 0;
            self.parts.journals.look_again().await?;
            self.note_hosts().await?;
            if let Err(error) = self.parts.keys.reread() {
                tracing::warn!(%error, "whether another replica has changed the keys is not known");
            }
        }
        Ok(())
    }

    /// Hosts that went without a word, and that this one is there should others have missed it.
    async fn note_hosts(&self) -> Result<(), Behind> {
        let KeeperParts { store, event_log, clock, replicas, .. } = &self.parts;
        for host in replicas.gone().await? {
            tracing::warn!(%host, "a host said nothing for a while");
            host_lost(&**store, &host, clock.now()).await?.into_iter().for_each(|event| event_log.record(event));
        }
        let there = host_there(&**store, &replicas.name, clock.now()).await?;
        there.into_iter().for_each(|event| event_log.record(event));
        Ok(())
    }

    /// The marker, which is made where there is none.
    async fn look(&self) -> Result<Vec<u8>, CoordinationError> {
        let fresh: [u8; 16] = random(&*self.parts.rng);
        let there = self.parts.coordination.put_new(MARKER, &fresh, KEEP).await?;
        Ok(there.unwrap_or_else(|| fresh.to_vec()))
    }

    async fn note_again(&self) -> Result<(), Behind> {
        let sessions = self.parts.accounts.note_revoked_again().await;
        sessions.map_err(|error| Behind::Coordination(CoordinationError(error.to_string())))?;
        let matches = self.parts.reconciler.note_again().await?;
        tracing::info!(matches, "coordination had lost what was noted; everything is noted again");
        Ok(())
    }
}

//! What the owner of a game asks of its matches while working on it.

use stadion_protocol::MatchId;
use stadion_protocol::contract::{Pace, TickRange, TicksError, ToldTicks};

use super::service::{MatchError, MatchService};
use crate::accounts::Caller;

/// Why no ticks are told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchFailure {
    /// See [`MatchError`].
    #[error(transparent)]
    Match(#[from] MatchError),
    /// See [`TicksError`].
    #[error(transparent)]
    Ticks(#[from] TicksError),
}

impl MatchService {
    /// Changes how the time of a match passes.
    pub(crate) async fn pace(&self, id: MatchId, pace: Pace, caller: &Caller) -> Result<(), MatchError> {
        self.check_owns_game(id, caller).await?;
        self.host.pace(id, pace).await.map_err(|_| MatchError::Unknown(id))
    }

    /// Tells ticks of a match.
    pub(crate) async fn ticks(
        &self,
        id: MatchId,
        range: TickRange,
        caller: &Caller,
    ) -> Result<ToldTicks, WatchFailure> {
        self.check_owns_game(id, caller).await?;
        Ok(self.host.ticks(id, range).await?)
    }

    async fn check_owns_game(&self, id: MatchId, caller: &Caller) -> Result<(), MatchError> {
        let (record, _) = self.find(id).await?;
        if self.owns_game(&record, caller).await? { Ok(()) } else { Err(MatchError::NotOwner) }
    }
}

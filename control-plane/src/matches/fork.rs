//! Having a copy of a running match made for a developer.

use stadion_protocol::contract::{ForkError, ForkMatch, Forked};
use stadion_protocol::{Incarnation, MatchId};

use super::live::{LiveMatch, NewNote, NoteError};
use super::service::{MatchError, MatchService};
use super::writer::Backlog;
use crate::accounts::Caller;
use crate::clock::random;
use crate::model::{MatchRecord, MatchWrite, Visibility};
use crate::store::StoreError;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForkFailure {
    /// See [`MatchError`].
    #[error(transparent)]
    Match(#[from] MatchError),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error(transparent)]
    Backlog(#[from] Backlog),
    /// The host did not make it.
    #[error(transparent)]
    Host(#[from] ForkError),
}

impl From<StoreError> for ForkFailure {
    fn from(error: StoreError) -> ForkFailure {
        MatchError::from(error).into()
    }
}

impl MatchService {
    /// Copies a running match: the copy counts against its game's owner as any match does.
    pub(crate) async fn fork(&self, of: MatchId, caller: &Caller) -> Result<(LiveMatch, Forked), ForkFailure> {
        let (record, live) = self.find(of).await?;
        if !self.owns_game(&record, caller).await? {
            return Err(MatchError::NotOwner.into());
        }
        let owner = self.store.game(&record.game).await?.map(|entry| entry.game.owner);
        let (Some(status), Some(owner)) = (live, owner) else {
            return Err(ForkError::Failed("it has ended".to_owned()).into());
        };
        let place = self.writer.reserve()?;
        let id = MatchId(random(&*self.rng));
        let host = record.host.clone();
        let limit = self.quotas.of(&owner).await?.running_matches;
        let new = NewNote {
            id,
            game: record.game.clone(),
            version: status.version,
            owner: owner.clone(),
            key: None,
            host,
            limit,
            public_since: None,
        };
        let copy = self.live.note(new).await?;
        let forked = match self.host.fork(ForkMatch { of, id }).await {
            Ok(forked) => forked,
            Err(error) => {
                if let Err(error) = self.live.undo(id, &owner).await {
                    tracing::warn!(%id, %error, "a copy that was not made stays noted");
                }
                return Err(error.into());
            }
        };
        place.write(MatchWrite::Started(Box::new(MatchRecord {
            id,
            code: Some(copy.code.clone()),
            key: None,
            host: record.host,
            game: record.game,
            version: forked.version,
            creator: Some(caller.account.clone()),
            visibility: Visibility::Private,
            seat_count: forked.seat_count,
            created_at: self.clock.now(),
            seats: Vec::new(),
            label: String::new(),
            incarnation: Incarnation(status.incarnation.0 + 1),
            tick: forked.tick,
            end: None,
        })));
        Ok((copy, forked))
    }
}

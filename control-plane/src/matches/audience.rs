//! Letting somebody watch a match without a seat: who may, and the token for it.

use std::time::Duration;

use stadion_protocol::contract::{Endpoints, MatchState, MatchStatus, Presence, Watchers};
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims, SchemaHash};
use stadion_protocol::{GameName, MatchId, PlayerId, Seat, VersionId};

use super::place::Placer;
use crate::accounts::Caller;
use crate::clock::random;
use crate::games::{CatalogError, Selection};
use crate::store::StoreError;

/// How long a token lets its holder in, and back in after the way was lost. Whoever watches longer without a break needs
/// no other.
const GOOD_FOR: Duration = Duration::from_secs(600);

/// Friends that are looked through.
const FRIENDS: u16 = 500;

/// Why somebody may not watch.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AudienceError {
    /// No such match runs.
    #[error("there is no running match {0}")]
    Unknown(MatchId),
    /// Its game shows nothing, or its owner does not want it to.
    #[error("this match is not to be watched; its game says who may by the setting `spectators`")]
    Off,
    /// For friends alone.
    #[error("this match is watched by friends of its players alone")]
    FriendsOnly,
    /// It would see the others' side.
    #[error("you have a seat in this match; `play` brings you back to it")]
    Plays,
    /// It is being restored.
    #[error("the match is being restored; try again in a second")]
    Recovering,
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What it takes to watch.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) id: MatchId,
    pub(crate) game: GameName,
    pub(crate) version: VersionId,
    pub(crate) token: String,
    pub(crate) expires_in: Duration,
    pub(crate) endpoints: Endpoints,
    pub(crate) schema: SchemaHash,
    pub(crate) rate: u16,
    /// How much later than players those who watch see the match.
    pub(crate) delay: Duration,
}

impl Placer {
    /// Lets the caller watch a match of this replica's host. The host has the last word: settings of a match do not change
    /// while it runs.
    pub(crate) async fn watch(&self, id: MatchId, caller: &Caller) -> Result<Watch, AudienceError> {
        let status = self.parts.host.status(id).await.map_err(|_| AudienceError::Unknown(id))?;
        match status.state {
            MatchState::Running | MatchState::Hibernated => {}
            MatchState::Recovering => return Err(AudienceError::Recovering),
            MatchState::Finishing | MatchState::Ended => return Err(AudienceError::Unknown(id)),
        }
        let playable = self.parts.catalog.playable(&status.game, Selection::Running(status.version)).await?;
        let spectators = playable.settings.spectators;
        if spectators.who == Watchers::Off {
            return Err(AudienceError::Off);
        }
        if seated(&status).any(|player| *player == caller.account) {
            return Err(AudienceError::Plays);
        }
        if spectators.who == Watchers::Friends {
            let friends = self.parts.store.friends(&caller.account, FRIENDS).await?;
            let is_friend = |player: &PlayerId| friends.iter().any(|f| f.mutual() && f.account.id == *player);
            if !seated(&status).any(is_friend) {
                return Err(AudienceError::FriendsOnly);
            }
        }
        let claims = JoinClaims {
            aud: JOIN_AUDIENCE.to_owned(),
            exp: self.parts.clock.now().plus(GOOD_FOR).seconds(),
            jti: hex::encode(random::<16>(&*self.parts.rng)),
            match_id: id,
            seat: Seat::SPECTATOR,
            sub: caller.account.clone(),
            name: caller.name.as_str().to_owned(),
            bot: false,
            data: String::new(),
            schema: playable.schema,
        };
        Ok(Watch {
            id,
            game: status.game,
            version: status.version,
            token: self.parts.tokens.join(&claims, self.parts.clock.now()),
            expires_in: GOOD_FOR,
            endpoints: self.parts.host.endpoints(),
            schema: playable.schema,
            rate: playable.version.description.rate,
            delay: spectators.delay,
        })
    }
}

fn seated(status: &MatchStatus) -> impl Iterator<Item = &PlayerId> {
    status.seats.iter().filter(|seat| seat.presence != Presence::Left).map(|seat| &seat.player.id)
}

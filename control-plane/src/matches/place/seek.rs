//! Finding a seat in a match that is there, on whichever replica.

use std::sync::Arc;

use stadion_protocol::contract::{PlayerInfo, Reservation, ReserveError};
use stadion_protocol::{GameName, MatchCode, MatchId, Seat};

use super::create::NewMatch;
use super::{PlaceError, Placer, START_WAIT, Seated, Seating, TRIES, Template, Who, check_seats};
use crate::coordination::{Claim, OpenMatch};
use crate::games::{Playable, Selection};
use crate::matches::live::LiveMatch;
use crate::model::{MatchKey, Visibility};

impl Placer {
    pub(super) async fn by_code(&self, game: &GameName, code: &MatchCode, who: Who) -> Result<Seating, PlaceError> {
        let live = self.parts.live.by_code(code).await?.filter(|live| live.game == *game);
        let live = match live {
            Some(live) => Some(live),
            None => self.kept_by_code(game, code).await?,
        };
        let live = live.ok_or_else(|| PlaceError::UnknownCode(code.clone()))?;
        self.seat_anywhere(live, who).await
    }

    /// A seat in a match of the public list. One that is private is not there, whoever knows its id.
    pub(super) async fn by_id(&self, game: &GameName, id: MatchId, who: Who) -> Result<Seating, PlaceError> {
        self.started(id).await;
        let live = match self.parts.live.by_id(id).await? {
            Some(live) => Some(live),
            None => self.kept(id).await?,
        };
        let live = live.filter(|live| live.game == *game && live.public_since.is_some());
        self.seat_anywhere(live.ok_or(PlaceError::NotListed(id))?, who).await
    }

    pub(super) async fn by_key(
        self: &Arc<Placer>,
        playable: &Arc<Playable>,
        (key, template): (&MatchKey, Template),
        who: Who,
    ) -> Result<Seating, PlaceError> {
        let game = &playable.game.name;
        let seats = check_seats(playable, template.seats)?;
        let mut over = Vec::new();
        for _ in 0..TRIES {
            let id = self.new_id();
            let started = self.announce(id);
            let Some(there) = self.parts.live.claim(game, key, id).await? else {
                if self.found_by_key(game, key, (id, &over)).await? {
                    continue;
                }
                let new = NewMatch {
                    creator: Some(who.player.id.clone()),
                    key: Some(key.clone()),
                    visibility: Visibility::Private,
                    seats,
                    parameters: template.parameters,
                    ..self.matchmade(playable, id)
                };
                let seated = self.create_announced(new, who.player.clone(), started).await?;
                return Ok(self.placed(playable, seated, who.player));
            };
            drop(started);
            match self.keyed(there, who.clone()).await {
                // Two who find it over let it go at once, and one of them is the first of the next.
                Err(PlaceError::Reserve(ReserveError::Unknown(_) | ReserveError::Ended)) => {
                    self.parts.live.release(game, key, there).await?;
                    over.push(there);
                }
                answer => return answer,
            }
        }
        Err(PlaceError::Starting)
    }

    /// A seat in the match that a key leads to.
    async fn keyed(&self, id: MatchId, who: Who) -> Result<Seating, PlaceError> {
        self.started(id).await;
        if self.starting().contains_key(&id) {
            return Err(PlaceError::Starting);
        }
        // One that is not noted was not created after all, or has just ended.
        let live = self.noted(id).await?.ok_or(ReserveError::Ended)?;
        self.seat_anywhere(live, who).await
    }

    async fn seat_anywhere(&self, live: LiveMatch, who: Who) -> Result<Seating, PlaceError> {
        match self.elsewhere(&live) {
            Some(host) => Ok(self.seat_elsewhere(&host, live.id, &live.game, &who).await??),
            None => self.seat_in(live, who.player).await,
        }
    }

    pub(super) async fn seat_in(&self, live: LiveMatch, player: PlayerInfo) -> Result<Seating, PlaceError> {
        let playable = self.parts.catalog.playable(&live.game, Selection::Running(live.version)).await?;
        let seat = self.reserve(&playable, live.id, player.clone()).await?;
        self.resync(live.id).await;
        let seated = Seated { id: live.id, code: live.code, seat, created: false };
        Ok(self.placed(&playable, seated, player))
    }

    pub(super) async fn any(self: &Arc<Placer>, playable: &Arc<Playable>, who: Who) -> Result<Seating, PlaceError> {
        let seats = playable.version.description.seats_max;
        let pool = self.parts.live.pool(playable);
        let mut refused = Vec::new();
        for _ in 0..TRIES {
            let id = self.new_id();
            // Known as starting before it is listed: nobody may be led to it and not find it.
            let started = self.announce(id);
            let fresh = OpenMatch { id, free: seats.saturating_sub(1) };
            match self.parts.coordination.claim_or_list(&pool, &refused, fresh).await? {
                Claim::Create => {
                    let new = self.matchmade(playable, id);
                    let seated = self.create_announced(new, who.player.clone(), started).await?;
                    return Ok(self.placed(playable, seated, who.player));
                }
                Claim::Join(open) => {
                    drop(started);
                    match self.join_anywhere(playable, open, &who).await? {
                        Some(seating) => return Ok(seating),
                        None => refused.push(open),
                    }
                }
            }
        }
        let seated = self.create(self.matchmade(playable, self.new_id()), who.player.clone()).await?;
        Ok(self.placed(playable, seated, who.player))
    }

    /// Asks an open match for a seat. `None`: it has none, and the index knows now.
    async fn join_anywhere(&self, playable: &Playable, id: MatchId, who: &Who) -> Result<Option<Seating>, PlaceError> {
        if let Some(host) = self.whereabouts(id).await? {
            return self.join_elsewhere(playable, (&host, id), who).await;
        }
        let seated = self.join(playable, id, who.player.clone()).await?;
        Ok(seated.map(|seated| self.placed(playable, seated, who.player.clone())))
    }

    async fn join(&self, playable: &Playable, id: MatchId, player: PlayerInfo) -> Result<Option<Seated>, PlaceError> {
        match self.reserve(playable, id, player).await {
            Ok(seat) => {
                self.resync(id).await;
                let live = self.parts.live.by_id(id).await?;
                Ok(live.map(|live| Seated { id, code: live.code, seat, created: false }))
            }
            Err(refusal) => {
                self.correct(&self.parts.live.pool(playable), id, refusal).await?;
                Ok(None)
            }
        }
    }

    /// Has the index say what a match's host has said.
    pub(super) async fn correct(&self, pool: &str, id: MatchId, refusal: ReserveError) -> Result<(), PlaceError> {
        match refusal {
            ReserveError::Full | ReserveError::Closed => {
                self.parts.coordination.set_free(pool, OpenMatch { id, free: 0 }).await?;
            }
            // Others are led to it again once it is back.
            ReserveError::Recovering => {}
            ReserveError::Unknown(_) | ReserveError::Ended => self.parts.coordination.unlist(pool, id).await?,
        }
        Ok(())
    }

    pub(super) async fn reserve(
        &self,
        playable: &Playable,
        id: MatchId,
        player: PlayerInfo,
    ) -> Result<Seat, ReserveError> {
        self.started(id).await;
        let claim_within = playable.settings.lifetimes.claim;
        self.parts.host.reserve(id, Reservation { player, claim_within }).await
    }

    /// Waits until a match that is being created here is there, or is not.
    pub(super) async fn started(&self, id: MatchId) {
        let starting = self.starting().get(&id).cloned();
        if let Some(mut starting) = starting {
            // It errs when the creator is done, whatever came of it.
            let _ = tokio::time::timeout(START_WAIT, starting.changed()).await;
        }
    }

    /// A claim set a seat aside in the index, but the same player may have got a seat that it had before: asks the host
    /// how many are free really.
    async fn resync(&self, id: MatchId) {
        if let Ok(status) = self.parts.host.status(id).await
            && let Err(error) = self.parts.live.changed(&status).await
        {
            tracing::warn!(%id, %error, "free seats were not noted");
        }
    }
}

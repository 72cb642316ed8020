//! Matches of other replicas: where they are, and seats in them.
//!
//! The replica that a player asked finds the match, the one that runs it gives the seat and writes the answer; whoever asked
//! passes that on as it is. See [`crate::replicas`].

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::{PlayerInfo, ReserveError};
use stadion_protocol::{GameName, MatchCode, MatchId};

use super::{PlaceError, Placer, START_WAIT, Seating, Who};
use crate::coordination::{CoordinationError, OpenMatch};
use crate::games::Playable;
use crate::matches::live::LiveMatch;
use crate::model::{HostName, MatchKey, MatchRecord, Visibility};

/// How often the note of a match that another replica is creating is looked for, [`START_WAIT`] long.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What one replica asks of another, at [`target`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SeatWish {
    pub(crate) game: GameName,
    pub(crate) player: PlayerInfo,
}

/// Where another replica is asked for a seat in a match.
pub(crate) fn target(id: &str) -> String {
    format!("/internal/v1/matches/{id}/seats")
}

/// What is told of a refusal: a problem's code.
#[derive(Deserialize)]
struct Refusal {
    code: String,
}

impl Placer {
    /// The other host on which a match runs, where it is another one.
    pub(super) fn elsewhere(&self, live: &LiveMatch) -> Option<HostName> {
        self.parts.replicas.as_ref()?;
        live.host.clone().filter(|host| *host != self.parts.host_name)
    }

    /// The same of a match that somebody was led to.
    pub(super) async fn whereabouts(&self, id: MatchId) -> Result<Option<HostName>, CoordinationError> {
        if self.parts.replicas.is_none() || self.starting().contains_key(&id) {
            return Ok(None);
        }
        Ok(self.noted(id).await?.and_then(|live| self.elsewhere(&live)))
    }

    /// The note of a match. It is listed before it is noted: one that another replica is creating is waited for.
    pub(super) async fn noted(&self, id: MatchId) -> Result<Option<LiveMatch>, CoordinationError> {
        let looks = if self.parts.replicas.is_some() { START_WAIT.as_millis() / LOOK_EVERY.as_millis() } else { 0 };
        for _ in 0..looks {
            if let Some(live) = self.parts.live.by_id(id).await? {
                return Ok(Some(live));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.parts.live.by_id(id).await
    }

    /// A seat in a match of another replica, which writes the answer; or its host's refusal.
    pub(super) async fn seat_elsewhere(
        &self,
        host: &HostName,
        id: MatchId,
        game: &GameName,
        who: &Who,
    ) -> Result<Result<Seating, ReserveError>, PlaceError> {
        let Some(replicas) = &self.parts.replicas else { return Ok(Err(ReserveError::Recovering)) };
        let Some(peer) = replicas.find(host).await? else { return Ok(Err(ReserveError::Recovering)) };
        let wish = SeatWish { game: game.clone(), player: who.player.clone() };
        let json = serde_json::to_vec(&wish).expect("ids and names are plain JSON");
        let asked = replicas.forwarder.ask(&peer, &target(&id.to_string()), json, who.reached.clone()).await;
        let Ok((status, body)) = asked else { return Ok(Err(ReserveError::Recovering)) };
        if status.is_success() {
            return Ok(Ok(Seating::There { status: status.as_u16(), body }));
        }
        let code = serde_json::from_slice(&body).map_or(String::new(), |refusal: Refusal| refusal.code);
        Ok(Err(match code.as_str() {
            "match-full" => ReserveError::Full,
            "match-closed" => ReserveError::Closed,
            "gone" => ReserveError::Ended,
            _ => {
                tracing::warn!(%id, %host, %status, code, "another replica gave no seat");
                ReserveError::Recovering
            }
        }))
    }

    /// The same for somebody who was led there. `None`: no seat; the other replica has corrected the index.
    pub(super) async fn join_elsewhere(
        &self,
        playable: &Playable,
        (host, id): (&HostName, MatchId),
        who: &Who,
    ) -> Result<Option<Seating>, PlaceError> {
        match self.seat_elsewhere(host, id, &playable.game.name, who).await? {
            Ok(seating) => Ok(Some(seating)),
            Err(ReserveError::Recovering) => {
                // Nobody else is led there; once its replica is back, that lists it again.
                self.parts.coordination.set_free(&self.parts.live.pool(playable), OpenMatch { id, free: 0 }).await?;
                Ok(None)
            }
            Err(_) => Ok(None),
        }
    }

    /// The other side: a seat in a match of this host, for another replica.
    pub(crate) async fn seat_for(&self, id: MatchId, wish: SeatWish) -> Result<Seating, PlaceError> {
        self.started(id).await;
        let live = match self.parts.live.by_id(id).await? {
            Some(live) => Some(live),
            None => self.kept(id).await?,
        };
        let live = live.filter(|live| live.game == wish.game).ok_or(ReserveError::Ended)?;
        let pool = self.parts.live.pool_of(&live.game, live.version);
        let seating = self.seat_in(live, wish.player).await;
        if let Err(PlaceError::Reserve(refusal)) = &seating {
            self.correct(&pool, id, *refusal).await?;
        }
        seating
    }

    /// A running match that coordination does not know: it may have lost it.
    pub(super) async fn kept(&self, id: MatchId) -> Result<Option<LiveMatch>, PlaceError> {
        match self.parts.store.match_record(id).await? {
            Some(record) if record.end.is_none() => self.revive(record).await,
            _ => Ok(None),
        }
    }

    /// The running match of a code that coordination does not know: it may have lost it.
    pub(super) async fn kept_by_code(
        &self,
        game: &GameName,
        code: &MatchCode,
    ) -> Result<Option<LiveMatch>, PlaceError> {
        if self.parts.replicas.is_none() {
            return Ok(None);
        }
        match self.parts.store.running_by_code(game, code).await? {
            Some(record) => self.revive(record).await,
            None => Ok(None),
        }
    }

    /// Whether a match has run under a key that coordination did not know, so that it was claimed for `id`; then the key
    /// leads there again. `over` are known to have ended, whatever their rows say.
    pub(super) async fn found_by_key(
        &self,
        game: &GameName,
        key: &MatchKey,
        (id, over): (MatchId, &[MatchId]),
    ) -> Result<bool, PlaceError> {
        if self.parts.replicas.is_none() {
            return Ok(false);
        }
        let found = match self.parts.store.running_by_key(game, key).await {
            Ok(Some(record)) if !over.contains(&record.id) => self.revive(record).await,
            Ok(_) => return Ok(false),
            Err(error) => Err(error.into()),
        };
        if !matches!(found, Ok(Some(_))) {
            self.parts.live.release(game, key, id).await?;
        }
        Ok(found?.is_some())
    }

    /// Notes a match again that has a row.
    async fn revive(&self, record: MatchRecord) -> Result<Option<LiveMatch>, PlaceError> {
        let entry = self.parts.store.game(&record.game).await?;
        let (Some(entry), Some(code)) = (entry, record.code) else { return Ok(None) };
        let live = LiveMatch {
            id: record.id,
            game: record.game,
            version: record.version,
            code,
            owner: entry.game.owner,
            key: record.key,
            host: record.host,
            public_since: (record.visibility == Visibility::Public).then_some(record.created_at),
        };
        self.parts.live.note_again(live.clone()).await?;
        Ok(Some(live))
    }
}

//! Creating a match on the host of this replica: noted, started by its host, its row queued, in this order; undone where it fails.

use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use stadion_protocol::contract::{CreateMatch, EndReason, PlayerInfo, Reservation, ReserveError};
use stadion_protocol::{GameName, Incarnation, MatchCode, MatchId, PlayerId, Seat, Tick};

use super::super::live::{NewNote, NoteError};
use super::super::writer::Place;
use super::{KeptFor, Near, PlaceError, Placer, Seated, Started, Who};
use crate::coordination::OpenMatch;
use crate::games::{Playable, Selection};
use crate::model::{MatchKey, MatchRecord, MatchWrite, Visibility};
use crate::queues::Entrant;

/// A match to create, checked.
pub(super) struct NewMatch {
    pub(super) playable: Arc<Playable>,
    pub(super) id: MatchId,
    /// Who asked for it by `create`, or came first with its key.
    pub(super) creator: Option<PlayerId>,
    pub(super) key: Option<MatchKey>,
    pub(super) visibility: Visibility,
    pub(super) seats: u16,
    /// Of its creator's; empty: those of its channel.
    pub(super) parameters: Vec<u8>,
    pub(super) kept: KeptFor,
    /// When programs may take what is free; `None`: as its settings say.
    pub(super) bots_after: Option<Duration>,
}

/// A match whose players are known.
#[derive(Clone, Debug)]
pub(crate) struct FormRequest {
    /// What it is called.
    pub(crate) id: MatchId,
    pub(crate) game: GameName,
    /// Everybody who plays, each with the number of its team; 0: without teams.
    pub(crate) players: Vec<(Entrant, u16)>,
    /// Where.
    pub(crate) near: Near,
}

/// A match whose players have their seats.
#[derive(Clone, Debug)]
pub(crate) struct Formed {
    /// Its players claim their seats by it.
    pub(crate) code: MatchCode,
}

/// A match that was created.
struct Created {
    code: MatchCode,
    /// Of the players that it was created for, in their order.
    seats: Vec<Seat>,
}

impl Placer {
    pub(super) fn matchmade(&self, playable: &Arc<Playable>, id: MatchId) -> NewMatch {
        NewMatch {
            playable: playable.clone(),
            id,
            creator: None,
            key: None,
            visibility: Visibility::Public,
            seats: playable.version.description.seats_max,
            parameters: Vec::new(),
            kept: KeptFor::default(),
            bots_after: None,
        }
    }

    /// Creates a match for these players, where they are near or there is room: nobody else finds it.
    pub(crate) async fn form(&self, request: FormRequest) -> Result<Formed, PlaceError> {
        let mut refused = None;
        let version = self.parts.catalog.choose(&request.game, &request.id.0).await?.version.id;
        for host in self.hosts(&request.near, version).await? {
            let formed = if host == self.parts.host_name {
                self.form_here(request.clone()).await
            } else {
                self.form_far(&host, &request).await
            };
            match formed {
                // It may be there: another of the same name would be a second one.
                Err(PlaceError::Unanswered) => return formed,
                Err(error) if error.wants_room() => refused = Some(error),
                answer => return answer,
            }
        }
        Err(refused.unwrap_or(PlaceError::NoRoom))
    }

    /// The same on this replica's host.
    pub(super) async fn form_here(&self, request: FormRequest) -> Result<Formed, PlaceError> {
        let playable = self.parts.catalog.choose(&request.game, &request.id.0).await?;
        let seats = u16::try_from(request.players.len()).unwrap_or(u16::MAX);
        let new = NewMatch { visibility: Visibility::Private, seats, ..self.matchmade(&playable, request.id) };
        let players = request.players.into_iter().map(player_info);
        let created = self.create_or_undo(&new, players.collect()).await?;
        if self.parts.live.is_void(new.id).await? {
            // It took so long that its players were led elsewhere.
            let _ = self.parts.host.end(new.id, EndReason::Closed).await;
            return Err(NoteError::Void.into());
        }
        Ok(Formed { code: created.code })
    }

    /// Keeps seats of a running match for these players, all or none of them as far as anybody is told: seats that nobody
    /// claims fall free again.
    pub(crate) async fn fill(&self, id: MatchId, players: Vec<(Entrant, u16)>) -> Result<Formed, PlaceError> {
        let live = self.parts.live.by_id(id).await?.ok_or(ReserveError::Ended)?;
        let playable = self.parts.catalog.playable(&live.game, Selection::Running(live.version)).await?;
        let elsewhere = self.elsewhere(&live);
        for player in players.into_iter().map(player_info) {
            match &elsewhere {
                Some(host) => {
                    let who = Who { player, reached: HeaderMap::new() };
                    self.seat_elsewhere(host, id, &live.game, &who).await??;
                }
                None => {
                    self.reserve(&playable, id, player).await?;
                }
            }
        }
        Ok(Formed { code: live.code })
    }

    pub(super) async fn create(self: &Arc<Placer>, new: NewMatch, player: PlayerInfo) -> Result<Seated, PlaceError> {
        let started = self.announce(new.id);
        if new.visibility == Visibility::Public {
            let held = u16::try_from(new.kept.players.len() + 1).unwrap_or(u16::MAX);
            let open = OpenMatch { id: new.id, free: new.seats.saturating_sub(held) };
            self.parts.coordination.list(&self.parts.live.pool(&new.playable), open).await?;
        }
        self.create_announced(new, player, started).await
    }

    /// In a task of its own: a caller who hangs up cannot leave a match half made.
    pub(super) async fn create_announced(
        self: &Arc<Placer>,
        new: NewMatch,
        player: PlayerInfo,
        started: Started,
    ) -> Result<Seated, PlaceError> {
        let this = self.clone();
        tokio::spawn(async move {
            let created = this.create_or_undo(&new, vec![player]).await;
            drop(started);
            let Created { code, seats } = created?;
            let seat = seats.first().copied().ok_or(PlaceError::Reserve(ReserveError::Full))?;
            Ok(Seated { id: new.id, code, seat, created: true })
        })
        .await
        .map_err(|_| PlaceError::GoingDown)?
    }

    async fn create_noted(&self, new: &NewMatch, players: Vec<PlayerInfo>) -> Result<Created, PlaceError> {
        let place = self.parts.writer.reserve()?;
        let for_parameters = (!new.parameters.is_empty()).then(|| self.parts.writer.reserve()).transpose()?;
        let (game, version) = (&new.playable.game, &new.playable.version);
        let limits = &new.playable.limits;
        self.parts.quotas.admit_match(&game.owner, limits)?;
        let note = NewNote {
            id: new.id,
            game: game.name.clone(),
            version: version.id,
            owner: game.owner.clone(),
            key: new.key.clone(),
            host: Some(self.parts.host_name.clone()),
            limit: limits.running_matches,
            public_since: (new.visibility == Visibility::Public).then(|| self.parts.clock.now()),
        };
        let live = self.parts.live.note(note).await?;
        let claim_within = new.playable.settings.lifetimes.claim;
        let request = CreateMatch {
            id: new.id,
            game: game.name.clone(),
            version: version.id,
            seats: new.seats,
            parameters: if new.parameters.is_empty() { &new.playable.parameters } else { &new.parameters }.clone(),
            settings: new.playable.settings,
            reservations: reservations(players, claim_within, &new.kept),
        };
        let created = self.parts.host.create(request).await;
        self.parts.starts.note(&game.name, version.id, &new.parameters, created.as_ref().err()).await;
        let seats = created?.seats;
        self.write(place, new, live.code.clone());
        if let Some(place) = for_parameters {
            place.write(MatchWrite::Parameters { id: new.id, parameters: new.parameters.clone() });
        }
        let by_settings = Some(new.playable.settings.bots_after).filter(|after| !after.is_zero());
        if let Some(after) = new.bots_after.or(by_settings) {
            self.parts.live.bots.want(&game.name, new.id, &live.code, after).await;
        }
        Ok(Created { code: live.code, seats })
    }

    fn write(&self, place: Place, new: &NewMatch, code: MatchCode) {
        place.write(MatchWrite::Started(Box::new(MatchRecord {
            id: new.id,
            code: Some(code),
            key: new.key.clone(),
            host: Some(self.parts.host_name.clone()),
            game: new.playable.game.name.clone(),
            version: new.playable.version.id,
            creator: new.creator.clone(),
            visibility: new.visibility,
            seat_count: new.seats,
            created_at: self.parts.clock.now(),
            seats: Vec::new(),
            label: String::new(),
            incarnation: Incarnation(1),
            tick: Tick(0),
            end: None,
        })));
    }

    async fn undo(&self, new: &NewMatch) {
        let unlisted = self.parts.coordination.unlist(&self.parts.live.pool(&new.playable), new.id).await;
        let forgotten = self.parts.live.undo(new.id, &new.playable.game.owner).await;
        // It may have failed before the match was noted together with its key.
        let released = match &new.key {
            Some(key) => self.parts.live.release(&new.playable.game.name, key, new.id).await,
            None => Ok(()),
        };
        if let Err(error) = unlisted.and(forgotten).and(released) {
            tracing::warn!(id = %new.id, %error, "a match that was not created stays noted");
        }
    }

    async fn create_or_undo(&self, new: &NewMatch, players: Vec<PlayerInfo>) -> Result<Created, PlaceError> {
        let created = self.create_noted(new, players).await;
        if created.is_err() {
            self.undo(new).await;
        }
        created
    }
}

/// Seats of those who come now, then of those who may come.
fn reservations(players: Vec<PlayerInfo>, claim_within: Duration, kept: &KeptFor) -> Vec<Reservation> {
    let now = players.into_iter().map(|player| Reservation { player, claim_within });
    let later = kept.players.iter().map(|player| Reservation { player: player.clone(), claim_within: kept.within });
    now.chain(later).collect()
}

fn player_info((entrant, team): (Entrant, u16)) -> PlayerInfo {
    PlayerInfo { id: entrant.player, name: entrant.name, team, bot: false, data: Vec::new() }
}

//! Finding a seat for a player: in the fullest open match, in the match of a code or a key, or in a new one.
//!
//! ```text
//!   Any ──▶ claim a seat in the index ──Join──▶ ask its host ──yes──▶ seated
//!            ▲            │                        │ no (full, closed, gone)
//!            │            └─Create──▶ create       │
//!            └────────── correct the index ◀───────┘   at most `TRIES` times, then create
//! ```
//! The index is a hint, the host decides: two players can be led to one seat, and one of them is led on.
//!
//! **Invariant.** No SQL commit happens between request and answer. A place in the write-behind queue is taken first,
//! the row is queued once the match runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stadion_protocol::contract::{CreateError, CreateMatch, Endpoints, Host, PlayerInfo, Reservation, ReserveError};
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims, SchemaHash};
use stadion_protocol::{GameName, Incarnation, MatchCode, MatchId, PlayerId, Seat, Tick, VersionId};
use tokio::sync::watch;

use super::key::MatchKey;
use super::live::{LiveIndex, LiveMatch, NewNote, NoteError};
use super::writer::{Backlog, Place, Writer};
use crate::accounts::{Caller, TokenMint};
use crate::clock::{Clock, Rng, random};
use crate::coordination::{Claim, Coordination, CoordinationError, OpenMatch};
use crate::games::{Catalog, CatalogError, Playable, Selection};
use crate::model::{MatchRecord, MatchWrite, Visibility};

/// Open matches that are tried before a new one is made.
const TRIES: usize = 8;

/// How long a player waits for a match that another one is creating.
const START_WAIT: Duration = Duration::from_secs(2);

/// What a player wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Any match that is open, else a new one.
    Any,
    /// A new match.
    Create {
        visibility: Visibility,
        /// `None`: as many as the game takes.
        seats: Option<u16>,
        parameters: Vec<u8>,
    },
    /// The match of this code.
    Code(MatchCode),
    /// The match of this key, else a new one under it.
    Key(MatchKey),
}

/// A player who wants to play.
#[derive(Clone, Debug)]
pub(crate) struct PlaceRequest {
    pub(crate) caller: Caller,
    pub(crate) game: GameName,
    /// `None`: the newest.
    pub(crate) version: Option<VersionId>,
    pub(crate) order: Order,
    pub(crate) bot: bool,
}

/// A seat, and what it takes to claim it.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) id: MatchId,
    pub(crate) code: MatchCode,
    pub(crate) game: GameName,
    pub(crate) version: VersionId,
    pub(crate) seat: Seat,
    pub(crate) join_token: String,
    pub(crate) expires_in: Duration,
    pub(crate) endpoints: Endpoints,
    pub(crate) schema: SchemaHash,
    pub(crate) rate: u16,
    /// Whether the match was made for this player.
    pub(crate) created: bool,
}

/// Why there is no seat.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// No match of this game has the code.
    #[error("no running match of this game has the code {0}")]
    UnknownCode(MatchCode),
    /// The game takes fewer or more seats.
    #[error("{game} is played with {least} to {most} seats, not {wanted}")]
    Seats { game: GameName, least: u16, most: u16, wanted: u16 },
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error(transparent)]
    Backlog(#[from] Backlog),
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The match of the code has no seat for the player.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
    /// The match of the key takes longer to create, or matches of the key end faster, than a caller waits.
    #[error("the match of this key is being created; try again in a second")]
    Starting,
    /// The task that creates matches was ended with the process.
    #[error("the server is going down")]
    GoingDown,
}

/// What a [`Placer`] stands on.
pub(crate) struct PlaceParts {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) live: Arc<LiveIndex>,
    pub(crate) coordination: Arc<dyn Coordination>,
    pub(crate) writer: Writer,
    pub(crate) tokens: TokenMint,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    /// How long a join token is good.
    pub(crate) join_token: Duration,
}

/// See the module.
pub(crate) struct Placer {
    parts: PlaceParts,
    /// Matches that are listed and not created yet: whoever is led to one waits here.
    starting: Mutex<HashMap<MatchId, watch::Receiver<()>>>,
}

/// A match to create, checked.
struct NewMatch {
    playable: Arc<Playable>,
    id: MatchId,
    /// Who asked for it by `create`, or came first with its key.
    creator: Option<PlayerId>,
    key: Option<MatchKey>,
    visibility: Visibility,
    seats: u16,
    parameters: Vec<u8>,
}

/// A seat in a match.
struct Seated {
    id: MatchId,
    code: MatchCode,
    seat: Seat,
    created: bool,
}

impl Placer {
    pub(crate) fn new(parts: PlaceParts) -> Placer {
        Placer { parts, starting: Mutex::default() }
    }

    /// Finds a seat, or says why there is none.
    pub(crate) async fn place(self: &Arc<Placer>, request: PlaceRequest) -> Result<Placed, PlaceError> {
        let player = player_of(&request);
        match request.order {
            Order::Code(code) => self.by_code(&request.game, &code, player).await,
            Order::Key(key) => {
                let playable = self.playable(&request.game, request.version).await?;
                self.by_key(&playable, &key, player).await
            }
            Order::Any => {
                let playable = self.playable(&request.game, request.version).await?;
                let seated = self.any(&playable, player.clone()).await?;
                Ok(self.placed(&playable, seated, player))
            }
            Order::Create { visibility, seats, parameters } => {
                let playable = self.playable(&request.game, request.version).await?;
                let seats = check_seats(&playable, seats)?;
                let new = NewMatch {
                    playable: playable.clone(),
                    id: self.new_id(),
                    creator: Some(player.id.clone()),
                    key: None,
                    visibility,
                    seats,
                    parameters,
                };
                let seated = self.create(new, player.clone()).await?;
                Ok(self.placed(&playable, seated, player))
            }
        }
    }

    async fn playable(&self, game: &GameName, version: Option<VersionId>) -> Result<Arc<Playable>, CatalogError> {
        self.parts.catalog.playable(game, version.map_or(Selection::Latest, Selection::Exact)).await
    }

    async fn by_code(&self, game: &GameName, code: &MatchCode, player: PlayerInfo) -> Result<Placed, PlaceError> {
        let live = self.parts.live.by_code(code).await?.filter(|live| live.game == *game);
        let live = live.ok_or_else(|| PlaceError::UnknownCode(code.clone()))?;
        self.seat_in(live, player).await
    }

    async fn by_key(
        self: &Arc<Placer>,
        playable: &Arc<Playable>,
        key: &MatchKey,
        player: PlayerInfo,
    ) -> Result<Placed, PlaceError> {
        let game = &playable.game.name;
        for _ in 0..TRIES {
            let id = self.new_id();
            let started = self.announce(id);
            let Some(there) = self.parts.live.claim(game, key, id).await? else {
                let new = NewMatch {
                    creator: Some(player.id.clone()),
                    key: Some(key.clone()),
                    visibility: Visibility::Private,
                    ..self.matchmade(playable, id)
                };
                let seated = self.create_announced(new, player.clone(), started).await?;
                return Ok(self.placed(playable, seated, player));
            };
            drop(started);
            match self.keyed(there, player.clone()).await {
                // Two who find it over let it go at once, and one of them is the first of the next.
                Err(PlaceError::Reserve(ReserveError::Unknown(_) | ReserveError::Ended)) => {
                    self.parts.live.release(game, key, there).await?;
                }
                answer => return answer,
            }
        }
        Err(PlaceError::Starting)
    }

    /// A seat in the match that a key leads to.
    async fn keyed(&self, id: MatchId, player: PlayerInfo) -> Result<Placed, PlaceError> {
        self.started(id).await;
        if self.starting().contains_key(&id) {
            return Err(PlaceError::Starting);
        }
        // One that is not noted was not created after all, or has just ended.
        let live = self.parts.live.by_id(id).await?.ok_or(ReserveError::Ended)?;
        self.seat_in(live, player).await
    }

    async fn seat_in(&self, live: LiveMatch, player: PlayerInfo) -> Result<Placed, PlaceError> {
        let playable = self.parts.catalog.playable(&live.game, Selection::Running(live.version)).await?;
        let seat = self.reserve(&playable, live.id, player.clone()).await?;
        self.resync(live.id).await;
        let seated = Seated { id: live.id, code: live.code, seat, created: false };
        Ok(self.placed(&playable, seated, player))
    }

    async fn any(self: &Arc<Placer>, playable: &Arc<Playable>, player: PlayerInfo) -> Result<Seated, PlaceError> {
        let seats = playable.version.description.seats_max;
        let mut refused = Vec::new();
        for _ in 0..TRIES {
            let id = self.new_id();
            // Known as starting before it is listed: nobody may be led to it and not find it.
            let started = self.announce(id);
            let fresh = OpenMatch { id, free: seats.saturating_sub(1) };
            match self.parts.coordination.claim_or_list(&playable.pool, &refused, fresh).await {
                Ok(Claim::Create) => return self.create_announced(self.matchmade(playable, id), player, started).await,
                Ok(Claim::Join(open)) => {
                    drop(started);
                    match self.join(playable, open, player.clone()).await? {
                        Some(seated) => return Ok(seated),
                        None => refused.push(open),
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.create(self.matchmade(playable, self.new_id()), player).await
    }

    fn matchmade(&self, playable: &Arc<Playable>, id: MatchId) -> NewMatch {
        NewMatch {
            playable: playable.clone(),
            id,
            creator: None,
            key: None,
            visibility: Visibility::Public,
            seats: playable.version.description.seats_max,
            parameters: Vec::new(),
        }
    }

    /// Asks an open match for a seat. `None`: it has none, and the index knows now.
    async fn join(&self, playable: &Playable, id: MatchId, player: PlayerInfo) -> Result<Option<Seated>, PlaceError> {
        match self.reserve(playable, id, player).await {
            Ok(seat) => {
                self.resync(id).await;
                let live = self.parts.live.by_id(id).await?;
                Ok(live.map(|live| Seated { id, code: live.code, seat, created: false }))
            }
            Err(ReserveError::Full | ReserveError::Closed) => {
                self.parts.coordination.set_free(&playable.pool, OpenMatch { id, free: 0 }).await?;
                Ok(None)
            }
            // Others are led to it again once it is back.
            Err(ReserveError::Recovering) => Ok(None),
            Err(ReserveError::Unknown(_) | ReserveError::Ended) => {
                self.parts.coordination.unlist(&playable.pool, id).await?;
                Ok(None)
            }
        }
    }

    async fn reserve(&self, playable: &Playable, id: MatchId, player: PlayerInfo) -> Result<Seat, ReserveError> {
        self.started(id).await;
        let claim_within = playable.settings.lifetimes.claim;
        self.parts.host.reserve(id, Reservation { player, claim_within }).await
    }

    /// Waits until a match that is being created is there, or is not.
    async fn started(&self, id: MatchId) {
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

    async fn create(self: &Arc<Placer>, new: NewMatch, player: PlayerInfo) -> Result<Seated, PlaceError> {
        let started = self.announce(new.id);
        if new.visibility == Visibility::Public {
            let open = OpenMatch { id: new.id, free: new.seats.saturating_sub(1) };
            self.parts.coordination.list(&new.playable.pool, open).await?;
        }
        self.create_announced(new, player, started).await
    }

    /// In a task of its own: a caller who hangs up cannot leave a match half made.
    async fn create_announced(
        self: &Arc<Placer>,
        new: NewMatch,
        player: PlayerInfo,
        started: Started,
    ) -> Result<Seated, PlaceError> {
        let this = self.clone();
        tokio::spawn(async move {
            let created = this.create_noted(&new, player).await;
            if created.is_err() {
                this.undo(&new).await;
            }
            drop(started);
            created
        })
        .await
        .map_err(|_| PlaceError::GoingDown)?
    }

    async fn create_noted(&self, new: &NewMatch, player: PlayerInfo) -> Result<Seated, PlaceError> {
        let place = self.parts.writer.reserve()?;
        let (game, version) = (&new.playable.game, &new.playable.version);
        let note = NewNote {
            id: new.id,
            game: game.name.clone(),
            version: version.id,
            owner: game.owner.clone(),
            key: new.key.clone(),
        };
        let live = self.parts.live.note(note).await?;
        let request = CreateMatch {
            id: new.id,
            game: game.name.clone(),
            version: version.id,
            seats: new.seats,
            parameters: new.parameters.clone(),
            settings: new.playable.settings,
            reservations: vec![Reservation { player, claim_within: new.playable.settings.lifetimes.claim }],
        };
        let created = self.parts.host.create(request).await?;
        self.write(place, new, live.code.clone());
        let seat = created.seats.first().copied().ok_or(PlaceError::Reserve(ReserveError::Full))?;
        Ok(Seated { id: new.id, code: live.code, seat, created: true })
    }

    fn write(&self, place: Place, new: &NewMatch, code: MatchCode) {
        place.write(MatchWrite::Started(Box::new(MatchRecord {
            id: new.id,
            code: Some(code),
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
        let unlisted = self.parts.coordination.unlist(&new.playable.pool, new.id).await;
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

    fn placed(&self, playable: &Playable, seated: Seated, player: PlayerInfo) -> Placed {
        let expires_in = self.parts.join_token.max(playable.settings.lifetimes.claim);
        let claims = JoinClaims {
            aud: JOIN_AUDIENCE.to_owned(),
            exp: self.parts.clock.now().plus(expires_in).seconds(),
            jti: hex::encode(random::<16>(&*self.parts.rng)),
            match_id: seated.id,
            seat: seated.seat,
            sub: player.id,
            name: player.name,
            bot: player.bot,
            data: String::new(),
            schema: playable.schema,
        };
        Placed {
            id: seated.id,
            code: seated.code,
            game: playable.game.name.clone(),
            version: playable.version.id,
            seat: seated.seat,
            join_token: self.parts.tokens.join(&claims),
            expires_in,
            endpoints: self.parts.host.endpoints(),
            schema: playable.schema,
            rate: playable.version.description.rate,
            created: seated.created,
        }
    }

    fn new_id(&self) -> MatchId {
        MatchId(random(&*self.parts.rng))
    }

    fn announce(self: &Arc<Placer>, id: MatchId) -> Started {
        let (sender, receiver) = watch::channel(());
        self.starting().insert(id, receiver);
        Started { placer: self.clone(), id, _sender: sender }
    }

    fn starting(&self) -> MutexGuard<'_, HashMap<MatchId, watch::Receiver<()>>> {
        // No step under this lock can panic half-way.
        self.starting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A match is being created. Dropping it lets those go on who wait for that.
struct Started {
    placer: Arc<Placer>,
    id: MatchId,
    _sender: watch::Sender<()>,
}

impl Drop for Started {
    fn drop(&mut self) {
        self.placer.starting().remove(&self.id);
    }
}

fn player_of(request: &PlaceRequest) -> PlayerInfo {
    PlayerInfo {
        id: request.caller.account.clone(),
        name: request.caller.name.as_str().to_owned(),
        team: 0,
        bot: request.bot,
        data: Vec::new(),
    }
}

fn check_seats(playable: &Playable, wanted: Option<u16>) -> Result<u16, PlaceError> {
    let description = &playable.version.description;
    let (least, most) = (description.seats_min, description.seats_max);
    match wanted {
        None => Ok(most),
        Some(wanted) if (least..=most).contains(&wanted) => Ok(wanted),
        Some(wanted) => Err(PlaceError::Seats { game: playable.game.name.clone(), least, most, wanted }),
    }
}

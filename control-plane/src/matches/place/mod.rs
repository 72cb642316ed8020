//! Finding a seat for a player: in the fullest open match, in the match of a code or a key, or in a new one.
//!
//! ```text
//!   Any ──▶ claim a seat in the index ──Join──▶ ask its host ──yes──▶ seated
//!            ▲            │                        │ no (full, closed, gone)
//!            │            └─Create──▶ create       │
//!            └────────── correct the index ◀───────┘   at most `TRIES` times, then create
//! ```
//! A match of another replica gives its seats there: [`elsewhere`]. One that is to be made where its players are near, or that
//! has no room here, is made there: [`choose`], [`far`]. The index is a hint, the host decides: two players can be
//! led to one seat, and one of them is led on.
//!
//! **Invariant.** No SQL commit happens between request and answer. A place in the write-behind queue is taken first,
//! the row is queued once the match runs. Only a version that fails to start again and again costs one.

mod choose;
mod create;
mod elsewhere;
mod far;
mod seek;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::HeaderMap;
use stadion_protocol::contract::{Endpoints, Host, PlayerInfo};
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims, SchemaHash};
use stadion_protocol::{GameName, MatchCode, MatchId, Seat, VersionId};
use tokio::sync::watch;

use super::live::LiveIndex;
use super::unplaced::PlaceError;
use super::writer::Writer;
use crate::accounts::{Caller, TokenMint};
use crate::clock::{Clock, Rng, random};
use crate::coordination::Coordination;
use crate::games::{Catalog, CatalogError, Playable, QuotaBook, Selection, Starts};
use crate::model::{ChannelName, HostName, MatchKey, Role, Visibility};
use crate::replicas::Replicas;
use crate::store::Store;

pub(crate) use choose::Near;
pub(crate) use create::{FormRequest, Formed};
pub(crate) use elsewhere::{SeatWish, target};
pub(crate) use far::{Carried, FarOrder, FormedBody, ORDERS};

use create::NewMatch;

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
    Create(NewOrder),
    /// The match of this code.
    Code(MatchCode),
    /// This match, which anybody may find.
    Listed(MatchId),
    /// The match of this key, else a new one under it, made so.
    Key(MatchKey, Template),
}

/// How a match is made that a key leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    /// `None`: as many as the game takes.
    pub(crate) seats: Option<u16>,
    pub(crate) parameters: Vec<u8>,
}

/// Which version a player wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WantedVersion {
    /// What the game's channels give to this player.
    Given,
    /// That of a channel, which not everybody may ask for.
    Channel(ChannelName),
    /// This one.
    Exact(VersionId),
}

/// A match to create, as its creator wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewOrder {
    pub(crate) visibility: Visibility,
    /// `None`: as many as the game takes.
    pub(crate) seats: Option<u16>,
    pub(crate) parameters: Vec<u8>,
    pub(crate) kept: KeptFor,
    /// When programs may take what is free; `None`: as the game's settings say.
    pub(crate) bots_after: Option<Duration>,
}

/// Others for whom a new match keeps seats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeptFor {
    pub(crate) players: Vec<PlayerInfo>,
    /// Then their seats are anybody's.
    pub(crate) within: Duration,
}

impl NewOrder {
    /// A plain one.
    pub(crate) fn of(visibility: Visibility) -> NewOrder {
        NewOrder { visibility, seats: None, parameters: Vec::new(), kept: KeptFor::default(), bots_after: None }
    }
}

/// A player who wants to play.
#[derive(Clone, Debug)]
pub(crate) struct PlaceRequest {
    pub(crate) caller: Caller,
    pub(crate) game: GameName,
    pub(crate) version: WantedVersion,
    pub(crate) order: Order,
    /// Where, if a match is made.
    pub(crate) near: Near,
    pub(crate) bot: bool,
    /// How the caller reached this API, for the answer of another replica.
    pub(crate) reached: HeaderMap,
}

/// Who is to be seated.
#[derive(Clone, Debug)]
struct Who {
    player: PlayerInfo,
    reached: HeaderMap,
}

/// A seat.
#[derive(Clone, Debug)]
pub(crate) enum Seating {
    /// In a match of this replica's host.
    Here(Box<Placed>),
    /// In another one's, which has written the answer.
    There {
        /// Its HTTP status.
        status: u16,
        /// Its body.
        body: Bytes,
    },
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

/// What a [`Placer`] stands on.
pub(crate) struct PlaceParts {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) starts: Arc<Starts>,
    pub(crate) quotas: Arc<QuotaBook>,
    pub(crate) live: Arc<LiveIndex>,
    pub(crate) coordination: Arc<dyn Coordination>,
    pub(crate) writer: Writer,
    pub(crate) tokens: TokenMint,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    /// Of the host.
    pub(crate) host_name: HostName,
    /// `None`: this is the only one.
    pub(crate) replicas: Option<Arc<Replicas>>,
    pub(crate) store: Arc<dyn Store>,
    /// How long a join token is good.
    pub(crate) join_token: Duration,
}

/// See the module.
pub(crate) struct Placer {
    pub(in crate::matches) parts: PlaceParts,
    /// Matches that are listed and not created yet: whoever is led to one waits here.
    starting: Mutex<HashMap<MatchId, watch::Receiver<()>>>,
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

    /// Finds a seat for the caller, or says why there is none.
    pub(crate) async fn place(self: &Arc<Placer>, request: PlaceRequest) -> Result<Seating, PlaceError> {
        let player = player_of(&request);
        self.place_player(player, request).await
    }

    /// Finds a seat for somebody whom the caller vouches for.
    pub(crate) async fn place_player(
        self: &Arc<Placer>,
        player: PlayerInfo,
        mut request: PlaceRequest,
    ) -> Result<Seating, PlaceError> {
        let who = Who { player, reached: std::mem::take(&mut request.reached) };
        match &request.order {
            Order::Code(code) => return self.by_code(&request.game, code, who).await,
            Order::Listed(id) => return self.by_id(&request.game, *id, who).await,
            Order::Any | Order::Key(..) | Order::Create(_) => {}
        }
        let wanted = self.wanted(&request, &who.player).await?;
        let playable = self.parts.catalog.playable(&request.game, wanted.clone()).await?;
        let version = playable.version.id;
        let mut refused = None;
        // Who is led here plays here, unless another host near it need not load the version first.
        if self.parts.replicas.is_none() || (request.near.anywhere() && self.parts.host.loaded().contains(&version)) {
            match self.place_here(&playable, request.order.clone(), who.clone()).await {
                Err(error) if error.wants_room() && self.parts.replicas.is_some() => refused = Some(error),
                answer => return answer,
            }
        }
        let tried_here = refused.is_some();
        for host in self.hosts(&request.near, version).await? {
            let here = host == self.parts.host_name;
            if here && tried_here {
                continue;
            }
            let answer = if here {
                self.place_here(&playable, request.order.clone(), who.clone()).await
            } else {
                self.place_far(&host, (&request.game, &wanted), &request.order, &who).await
            };
            match answer {
                Err(error) if error.wants_room() => refused = Some(error),
                answer => return answer,
            }
        }
        Err(refused.unwrap_or(PlaceError::NoRoom))
    }

    /// Carries an order out on this replica: whatever is made is made on its host.
    async fn place_here(
        self: &Arc<Placer>,
        playable: &Arc<Playable>,
        order: Order,
        who: Who,
    ) -> Result<Seating, PlaceError> {
        match order {
            Order::Code(code) => self.by_code(&playable.game.name, &code, who).await,
            Order::Listed(id) => self.by_id(&playable.game.name, id, who).await,
            Order::Key(key, template) => self.by_key(playable, (&key, template), who).await,
            Order::Any => self.any(playable, who).await,
            Order::Create(new) => self.create_ordered(playable, new, who).await,
        }
    }

    async fn wanted(&self, request: &PlaceRequest, player: &PlayerInfo) -> Result<Selection, CatalogError> {
        let (catalog, game) = (&self.parts.catalog, &request.game);
        match &request.version {
            WantedVersion::Given => catalog.chosen(game, player.id.as_str().as_bytes()).await,
            WantedVersion::Exact(id) => Ok(Selection::Exact(*id)),
            WantedVersion::Channel(name) => {
                if request.caller.role < Role::Operator {
                    catalog.released(game).await?.permit(name, &request.caller.account)?;
                }
                Ok(Selection::Channel(name.clone()))
            }
        }
    }

    async fn create_ordered(
        self: &Arc<Placer>,
        playable: &Arc<Playable>,
        NewOrder { visibility, seats, parameters, kept, bots_after }: NewOrder,
        who: Who,
    ) -> Result<Seating, PlaceError> {
        let seats = check_seats(playable, seats)?;
        if kept.players.len() >= usize::from(seats) {
            return Err(PlaceError::Kept { seats, kept: kept.players.len() });
        }
        let new = NewMatch {
            playable: playable.clone(),
            id: self.new_id(),
            creator: Some(who.player.id.clone()),
            key: None,
            visibility,
            seats,
            parameters,
            kept,
            bots_after,
        };
        let seated = self.create(new, who.player.clone()).await?;
        Ok(self.placed(playable, seated, who.player))
    }

    fn placed(&self, playable: &Playable, seated: Seated, player: PlayerInfo) -> Seating {
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
            data: STANDARD.encode(&player.data),
            schema: playable.schema,
        };
        Seating::Here(Box::new(Placed {
            id: seated.id,
            code: seated.code,
            game: playable.game.name.clone(),
            version: playable.version.id,
            seat: seated.seat,
            join_token: self.parts.tokens.join(&claims, self.parts.clock.now()),
            expires_in,
            endpoints: self.parts.host.endpoints(),
            schema: playable.schema,
            rate: playable.version.description.rate,
            created: seated.created,
        }))
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

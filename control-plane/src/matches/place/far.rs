//! Matches that are made on the host of another replica, since it is nearer to the players or this one has no room.
//!
//! The other replica carries the whole order out as if the player had asked it, but passes it on to nobody. An order carries
//! a key of its own (see [`crate::http::Idempotency`]): when its answer is lost it is asked for again and gets the same answer, so
//! that no match is made twice. When nobody answers any more, a match may be left without players, and ends by its
//! lifetimes; one that players of a queue were promised is looked for first ([`crate::lobby`]).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use stadion_protocol::contract::PlayerInfo;
use stadion_protocol::{GameName, MatchCode, MatchId, PlayerId, VersionId};

use super::choose::{Near, hosts_to_ask};
use super::{FormRequest, Formed, KeptFor, NewOrder, Order, PlaceError, Placer, Seating, Template, Who};
use crate::clock::random;
use crate::coordination::CoordinationError;
use crate::games::Selection;
use crate::model::{HostName, MatchKey, Visibility};
use crate::queues::Entrant;

/// Where another replica is asked to carry an order out.
pub(crate) const ORDERS: &str = "/internal/v1/orders";

/// How often an order is asked for at one host, and the pause between: the answer to one that is under way comes soon.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

/// What one replica has another do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FarOrder {
    pub(crate) game: GameName,
    /// `None`: what the game's channels give.
    pub(crate) wanted: Option<Selection>,
    pub(crate) what: FarWish,
}

/// See [`Order`], [`FormRequest`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FarWish {
    Any { player: PlayerInfo },
    Key { player: PlayerInfo, key: String, seats: Option<u16>, parameters: String },
    Create(Box<FarCreate>),
    Form { id: MatchId, players: Vec<(Entrant, u16)> },
}

/// See [`NewOrder`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FarCreate {
    player: PlayerInfo,
    public: bool,
    seats: Option<u16>,
    /// Base64.
    parameters: String,
    kept: Vec<PlayerInfo>,
    kept_s: u64,
    #[serde(default)]
    bots_after_s: Option<u64>,
}

/// What comes of it.
#[derive(Clone, Debug)]
pub(crate) enum Carried {
    Seated(Seating),
    Formed(Formed),
}

/// What is told of a match that was formed.
#[derive(Serialize, Deserialize)]
pub(crate) struct FormedBody {
    pub(crate) code: MatchCode,
}

/// A refusal: a problem's detail.
#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    detail: String,
}

impl FarOrder {
    /// Whose request it counts as.
    pub(crate) fn caller(&self) -> Option<&PlayerId> {
        match &self.what {
            FarWish::Any { player } | FarWish::Key { player, .. } => Some(&player.id),
            FarWish::Create(create) => Some(&create.player.id),
            FarWish::Form { players, .. } => players.first().map(|(entrant, _)| &entrant.player),
        }
    }

    fn new((game, wanted): (&GameName, &Selection), order: &Order, player: &PlayerInfo) -> Option<FarOrder> {
        let player = player.clone();
        let what = match order {
            Order::Any => FarWish::Any { player },
            Order::Key(key, Template { seats, parameters }) => {
                FarWish::Key { player, key: key.to_string(), seats: *seats, parameters: STANDARD.encode(parameters) }
            }
            Order::Create(new) => FarWish::Create(Box::new(FarCreate {
                player,
                public: new.visibility == Visibility::Public,
                seats: new.seats,
                parameters: STANDARD.encode(&new.parameters),
                kept: new.kept.players.clone(),
                kept_s: new.kept.within.as_secs(),
                bots_after_s: new.bots_after.map(|after| after.as_secs()),
            })),
            // They lead to a match that is there.
            Order::Code(_) | Order::Listed(_) => return None,
        };
        Some(FarOrder { game: game.clone(), wanted: Some(wanted.clone()), what })
    }
}

impl FarCreate {
    fn order(&self) -> Option<NewOrder> {
        Some(NewOrder {
            visibility: if self.public { Visibility::Public } else { Visibility::Private },
            seats: self.seats,
            parameters: STANDARD.decode(&self.parameters).ok()?,
            kept: KeptFor { players: self.kept.clone(), within: Duration::from_secs(self.kept_s) },
            bots_after: self.bots_after_s.map(Duration::from_secs),
        })
    }
}

impl Placer {
    /// The hosts to ask for a match of a version, the best first.
    pub(super) async fn hosts(&self, near: &Near, version: VersionId) -> Result<Vec<HostName>, CoordinationError> {
        let here = &self.parts.host_name;
        match &self.parts.replicas {
            Some(replicas) => {
                let mut hosts = hosts_to_ask(near, here, replicas.hosts(version).await?);
                // Not heard of yet, or not among the best: it is there all the same.
                if !hosts.contains(here) {
                    hosts.push(here.clone());
                }
                Ok(hosts)
            }
            None => Ok(vec![here.clone()]),
        }
    }

    /// Has another replica seat a player.
    pub(super) async fn place_far(
        &self,
        host: &HostName,
        of: (&GameName, &Selection),
        order: &Order,
        who: &Who,
    ) -> Result<Seating, PlaceError> {
        let far = FarOrder::new(of, order, &who.player).ok_or(PlaceError::NoRoom)?;
        let (status, body) = self.ask_far(host, &far, who.reached.clone()).await?;
        Ok(Seating::There { status, body })
    }

    /// Has another replica make a match for players who wait.
    pub(super) async fn form_far(&self, host: &HostName, request: &FormRequest) -> Result<Formed, PlaceError> {
        let what = FarWish::Form { id: request.id, players: request.players.clone() };
        let far = FarOrder { game: request.game.clone(), wanted: None, what };
        let (_, body) = self.ask_far(host, &far, HeaderMap::new()).await?;
        let formed: FormedBody = serde_json::from_slice(&body).map_err(|_| PlaceError::Unanswered)?;
        Ok(Formed { code: formed.code })
    }

    async fn ask_far(
        &self,
        host: &HostName,
        far: &FarOrder,
        mut headers: HeaderMap,
    ) -> Result<(u16, Bytes), PlaceError> {
        let Some(replicas) = &self.parts.replicas else { return Err(PlaceError::NoRoom) };
        let Some(peer) = replicas.find(host).await? else { return Err(PlaceError::NoRoom) };
        let key = hex::encode(random::<16>(&*self.parts.rng));
        let key = HeaderValue::try_from(key).expect("hexadecimal digits");
        headers.insert(HeaderName::from_static("idempotency-key"), key);
        let json = serde_json::to_vec(far).expect("ids and names are plain JSON");
        for tried in 0..TRIES {
            if tried > 0 {
                tokio::time::sleep(PAUSE * tried).await;
            }
            let Ok((status, body)) = replicas.forwarder.ask(&peer, ORDERS, json.clone(), headers.clone()).await else {
                continue;
            };
            match status.as_u16() {
                200..=299 => return Ok((status.as_u16(), body)),
                // The same order is under way there: its first answer was lost.
                409 if body_says(&body, "under way") => {}
                _ => return Err(refusal(status.as_u16(), &body)),
            }
        }
        Err(PlaceError::Unanswered)
    }

    /// The other side: carries an order of another replica out here.
    pub(crate) async fn carry_out(
        self: &std::sync::Arc<Placer>,
        far: FarOrder,
        reached: HeaderMap,
    ) -> Result<Carried, PlaceError> {
        let FarOrder { game, wanted, what } = far;
        let (player, order) = match what {
            FarWish::Any { player } => (player, Order::Any),
            FarWish::Key { player, key, seats, parameters } => {
                let key: MatchKey = key.parse().map_err(|_| PlaceError::NoRoom)?;
                let parameters = STANDARD.decode(parameters).map_err(|_| PlaceError::NoRoom)?;
                (player, Order::Key(key, Template { seats, parameters }))
            }
            FarWish::Create(create) => {
                let order = create.order().ok_or(PlaceError::NoRoom)?;
                (create.player, Order::Create(order))
            }
            FarWish::Form { id, players } => {
                return self
                    .form_here(FormRequest { id, game, players, near: Near::default() })
                    .await
                    .map(Carried::Formed);
            }
        };
        let wanted = match wanted {
            Some(wanted) => wanted,
            None => self.parts.catalog.chosen(&game, player.id.as_str().as_bytes()).await?,
        };
        let playable = self.parts.catalog.playable(&game, wanted).await?;
        self.place_here(&playable, order, Who { player, reached }).await.map(Carried::Seated)
    }
}

fn body_says(body: &[u8], what: &str) -> bool {
    serde_json::from_slice(body).is_ok_and(|refusal: Refusal| refusal.detail.contains(what))
}

fn refusal(status: u16, body: &[u8]) -> PlaceError {
    let detail = serde_json::from_slice(body).map_or(String::new(), |refusal: Refusal| refusal.detail);
    match status {
        503 => PlaceError::NoRoom,
        _ => PlaceError::Far { status, detail },
    }
}

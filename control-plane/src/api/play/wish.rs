//! What the body of `play` asks for.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use serde::{Deserialize, Serialize};
use stadion_protocol::{GameName, InvalidId};
use utoipa::ToSchema;

use super::kept::{KeptSeats, MOST_KEPT};
use crate::accounts::Caller;
use crate::api::endpoints::reached;
use crate::http::{Fault, Kind};
use crate::matches::{Near, NewOrder, Order, PlaceRequest, Template, WantedVersion};
use crate::model::{InvalidChannelName, InvalidKey, InvalidRegion, Region, Visibility};
use crate::queues::MAX_REGIONS;

/// Parameters of a match at most, bytes ([`stadion_protocol::contract::CreateMatch`]).
const PARAMETERS: usize = 64 * 1024;

/// How to get into a match: `{}` for any, `{"create": ..}` for a new one, `{"code": ".."}` for a friend's,
/// `{"match": ".."}` for one of the public list, `{"key": ".."}` for that of everybody with the same key.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"create": "private"}))]
pub(crate) struct PlayBody {
    /// A new match.
    create: Option<CreateBody>,
    /// The code of a running match.
    #[schema(example = "KBQT")]
    code: Option<String>,
    /// The id of a running public match.
    #[serde(rename = "match")]
    #[schema(example = "01h455vb4pex5vsknk084sn02q")]
    listed: Option<String>,
    /// 1 to 64 characters of `A-Za-z0-9._:-`: the running match of this key, else a new private one under it.
    #[schema(example = "rematch:01h455vb4pex5vsknk084sn02q")]
    key: Option<String>,
    /// Whether a program plays.
    #[serde(default)]
    bot: bool,
    /// The region to play in, by the operator's name for it, where a match is made; none: wherever there is room.
    #[schema(example = "eu", pattern = "^[a-z0-9-]{1,32}$")]
    region: Option<String>,
    /// Instead of that, round trips to regions, milliseconds: the nearest that has room.
    #[serde(default)]
    #[schema(example = json!({"eu": 18, "us": 110}))]
    latencies: BTreeMap<String, u16>,
    /// This version, 64 hexadecimal digits; none: that of a channel. Not together with `code`, `match`, `key` or `channel`.
    version: Option<String>,
    /// The version of this channel, for those who may ask for it; none: what the game's channels give to this player, `stable`
    /// or `canary`. Not together with `code`, `match` or `version`.
    #[schema(example = "beta", pattern = "^[a-z][a-z0-9-]{0,31}$")]
    channel: Option<String>,
}

/// A new match: who may find it, or everything about it.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum CreateBody {
    /// With as many seats as the game takes.
    Short(VisibilityBody),
    /// In full.
    Full(CreateOptions),
}

/// Who may find a match.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VisibilityBody {
    /// Anybody: it is listed and filled up.
    Public,
    /// Whoever knows its code.
    Private,
}

/// A new match in full.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOptions {
    visibility: VisibilityBody,
    /// Within what the game takes; none: as many as it takes.
    #[schema(example = 4)]
    seats: Option<u16>,
    /// For the game, base64; at most 64 KiB.
    #[schema(example = "aGFyZA==")]
    parameters: Option<String>,
    /// Players for whom seats are kept, by account id or by the name that they sign in with: they claim theirs by `play`
    /// with the match's code or id.
    #[serde(default)]
    #[schema(max_items = 64, example = json!(["ann"]))]
    reserve: Vec<String>,
    /// Seats are kept for everybody in the caller's party.
    #[serde(default)]
    reserve_party: bool,
    /// How long seats are kept, seconds; then they are anybody's.
    #[serde(default = "reserve_s")]
    #[schema(minimum = 10, maximum = 3600, default = 120)]
    reserve_s: u16,
    /// Seats that are free after so many seconds are offered to the programs of the game's owner (`stadion bot GAME --serve`);
    /// none: as the game's setting `bots-seconds` says.
    #[schema(minimum = 0, maximum = 3600, example = 10)]
    bots_after_s: Option<u16>,
}

fn reserve_s() -> u16 {
    120
}

/// A wish that cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlayError {
    /// A code, an id or a key leads to a match, with its version.
    #[error("`code`, `match` and `key` go together neither with one another nor with `create` or `version`")]
    Contradiction,
    /// A version is a version, whatever channels point at.
    #[error("`channel` goes together with none of `code`, `match` and `version`")]
    TwoVersions,
    #[error(transparent)]
    Channel(#[from] InvalidChannelName),
    /// Not base64, or too long.
    #[error("parameters are base64 of at most 64 KiB")]
    Parameters,
    /// Both, too many, or no names.
    #[error("`region` or `latencies` to at most {MAX_REGIONS} regions; {InvalidRegion}")]
    Region,
    /// More than any match has, or out of range.
    #[error("seats are kept for at most {MOST_KEPT} players, for 10 to 3600 seconds")]
    Reserve,
    /// Out of range.
    #[error("bots_after_s: 0 to 3600 seconds")]
    Bots,
    /// Not an id or a code.
    #[error(transparent)]
    Id(#[from] InvalidId),
    #[error(transparent)]
    Key(#[from] InvalidKey),
}

impl Fault for PlayError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

impl PlayBody {
    /// Whether it is for a program.
    pub(in crate::api) fn is_bot(&self) -> bool {
        self.bot
    }

    /// Whether a new match is to keep seats for others.
    pub(in crate::api) fn keeps_seats(&mut self) -> Result<bool, PlayError> {
        Ok(self.kept()?.is_some_and(|kept| kept.party || !kept.players.is_empty()))
    }

    /// For whom a new match keeps seats.
    pub(super) fn kept(&mut self) -> Result<Option<KeptSeats>, PlayError> {
        let Some(CreateBody::Full(options)) = &mut self.create else { return Ok(None) };
        if options.reserve.len() > MOST_KEPT || !(10..=3600).contains(&options.reserve_s) {
            return Err(PlayError::Reserve);
        }
        let players = std::mem::take(&mut options.reserve);
        let within = Duration::from_secs(options.reserve_s.into());
        Ok(Some(KeptSeats { players, party: options.reserve_party, within }))
    }

    fn wanted_version(&self) -> Result<WantedVersion, PlayError> {
        match (&self.version, &self.channel) {
            (Some(_), Some(_)) => Err(PlayError::TwoVersions),
            (_, Some(_)) if self.code.is_some() || self.listed.is_some() => Err(PlayError::TwoVersions),
            (Some(version), None) => Ok(WantedVersion::Exact(version.parse()?)),
            (None, Some(channel)) => Ok(WantedVersion::Channel(channel.parse()?)),
            (None, None) => Ok(WantedVersion::Given),
        }
    }

    fn near(&self) -> Result<Near, PlayError> {
        if self.latencies.len() > MAX_REGIONS || (self.region.is_some() && !self.latencies.is_empty()) {
            return Err(PlayError::Region);
        }
        let mut measured: Vec<(u16, &String)> = self.latencies.iter().map(|(region, ms)| (*ms, region)).collect();
        measured.sort();
        let named = self.region.iter().chain(measured.into_iter().map(|(_, region)| region));
        let regions: Result<Vec<Region>, InvalidRegion> = named.map(|name| name.parse()).collect();
        Ok(Near(regions.map_err(|_| PlayError::Region)?))
    }

    /// What the placer is asked for.
    pub(in crate::api) fn request(
        self,
        game: GameName,
        caller: Caller,
        headers: &HeaderMap,
    ) -> Result<PlaceRequest, PlayError> {
        let version = self.wanted_version()?;
        let (bot, near) = (self.bot, self.near()?);
        Ok(PlaceRequest { caller, game, version, order: Order::try_from(self)?, near, bot, reached: reached(headers) })
    }
}

impl TryFrom<PlayBody> for Order {
    type Error = PlayError;

    fn try_from(body: PlayBody) -> Result<Order, PlayError> {
        let PlayBody { create, code, listed, key, version, .. } = body;
        let ways = [create.is_some(), code.is_some(), listed.is_some(), key.is_some()];
        let leads_to_one = code.is_some() || listed.is_some() || key.is_some();
        if ways.into_iter().filter(|way| *way).count() > 1 || (leads_to_one && version.is_some()) {
            return Err(PlayError::Contradiction);
        }
        if let Some(code) = code {
            return Ok(Order::Code(code.parse()?));
        }
        if let Some(id) = listed {
            return Ok(Order::Listed(id.parse()?));
        }
        if let Some(key) = key {
            return Ok(Order::Key(key.parse()?, Template::default()));
        }
        Ok(match create {
            None => Order::Any,
            Some(CreateBody::Short(visibility)) => Order::Create(NewOrder::of(visibility.into())),
            Some(CreateBody::Full(options)) => Order::Create(NewOrder {
                seats: options.seats,
                parameters: parameters(options.parameters)?,
                bots_after: bots_after(options.bots_after_s)?,
                ..NewOrder::of(options.visibility.into())
            }),
        })
    }
}

fn bots_after(seconds: Option<u16>) -> Result<Option<Duration>, PlayError> {
    match seconds {
        Some(3601..) => Err(PlayError::Bots),
        seconds => Ok(seconds.map(|seconds| Duration::from_secs(seconds.into()))),
    }
}

fn parameters(text: Option<String>) -> Result<Vec<u8>, PlayError> {
    let bytes = STANDARD.decode(text.unwrap_or_default()).map_err(|_| PlayError::Parameters)?;
    if bytes.len() <= PARAMETERS { Ok(bytes) } else { Err(PlayError::Parameters) }
}

impl From<VisibilityBody> for Visibility {
    fn from(body: VisibilityBody) -> Visibility {
        match body {
            VisibilityBody::Public => Visibility::Public,
            VisibilityBody::Private => Visibility::Private,
        }
    }
}

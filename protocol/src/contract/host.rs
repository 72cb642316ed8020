//! What the control plane asks of a host, and what a host tells it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::account::{LogLine, LogPage, MatchUsage};
use super::fork::{ForkError, ForkMatch, Forked};
use super::settings::MatchSettings;
use super::status::{MatchEnded, MatchStatus};
use super::upgrade::{UpgradeError, UpgradeWay, Upgraded};
use super::watch::{Pace, TickRange, TicksError, ToldTicks};
use super::{ArtifactUnavailable, Description, EndReason, Pending};
use crate::ids::{GameName, MatchId, PlayerId, Seat, VersionId};

/// One host process, as the control plane sees it. Every call is bounded in time by the host itself.
pub trait Host: Send + Sync + 'static {
    /// Starts a match and reserves its first seats, in one hop to a shard.
    fn create(&self, request: CreateMatch) -> Pending<'_, Result<MatchCreated, CreateError>>;

    /// Keeps a seat of a running match for a player until the claim time passes. The same player asking again gets the
    /// same seat.
    fn reserve(&self, id: MatchId, reservation: Reservation) -> Pending<'_, Result<Seat, ReserveError>>;

    /// Has a running match go on in another version from the next tick on. A match that cannot plays on as it was.
    fn upgrade(&self, id: MatchId, version: VersionId, way: UpgradeWay) -> Pending<'_, Result<Upgraded, UpgradeError>>;

    /// Starts a copy of a running match at its newest tick.
    fn fork(&self, fork: ForkMatch) -> Pending<'_, Result<Forked, ForkError>>;

    /// Ends a match with this reason (`EndReason::Closed`), told to its players. Idempotent.
    fn end(&self, id: MatchId, reason: EndReason) -> Pending<'_, Result<(), UnknownMatch>>;

    /// A match now. Ended matches stay known for a while (bounded by count).
    fn status(&self, id: MatchId) -> Pending<'_, Result<MatchStatus, UnknownMatch>>;

    /// The journal so far, in the file format of `stadion replay`.
    fn journal(&self, id: MatchId) -> Pending<'_, Result<Bytes, UnknownMatch>>;

    /// Changes how a match's time passes. For its developer.
    fn pace(&self, id: MatchId, pace: Pace) -> Pending<'_, Result<(), UnknownMatch>>;

    /// Tells ticks of a match by playing its journal again, beside it. For its developer.
    fn ticks(&self, id: MatchId, range: TickRange) -> Pending<'_, Result<ToldTicks, TicksError>>;

    /// Every match that runs here or is being restored. For control planes that start.
    fn matches(&self) -> Pending<'_, Vec<MatchStatus>>;

    /// What is kept of a match that is over, also of one that ended in an earlier process.
    fn ended(&self, id: MatchId) -> Pending<'_, Option<EndedMatch>>;

    /// What a match used so far; of one that is over, in all.
    fn usage(&self, id: MatchId) -> Pending<'_, Result<MatchUsage, UnknownMatch>>;

    /// Lines of a match's log after line `after`, oldest first. While there are none and the match runs, waits for one,
    /// `wait` at most. Lines that were dropped show as a gap in their numbers.
    fn log(&self, id: MatchId, after: u64, wait: Duration) -> Pending<'_, Result<LogPage, UnknownMatch>>;

    /// Where players connect.
    fn endpoints(&self) -> Endpoints;

    /// How full the host is.
    fn load(&self) -> HostLoad;

    /// Versions that are loaded, the one used last first: a match of another one waits until it is fetched and loaded.
    fn loaded(&self) -> Vec<VersionId>;
}

/// What is kept of a match that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedMatch {
    /// Its last status, with state `Ended`.
    pub status: MatchStatus,
    /// Why, and with what results.
    pub ended: MatchEnded,
    /// In the file format of `stadion replay`.
    pub journal: Bytes,
}

/// A match to start.
#[derive(Clone, Debug)]
pub struct CreateMatch {
    /// Chosen by the control plane; creating the same id twice answers [`CreateError::Exists`].
    pub id: MatchId,
    /// Of which game, for logs and events.
    pub game: GameName,
    /// The code to run.
    pub version: VersionId,
    /// Seats of this match, within the version's bounds.
    pub seats: u16,
    /// Given to the game as `setup.parameters`; at most 64 KiB.
    pub parameters: Vec<u8>,
    /// In force for the whole match.
    pub settings: MatchSettings,
    /// Seats to reserve at once, in order: the answer carries them.
    pub reservations: Vec<Reservation>,
}

/// A seat wanted for a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// For whom.
    pub player: PlayerInfo,
    /// How long the seat is kept for a first connection.
    pub claim_within: Duration,
}

/// A player as the game learns of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerInfo {
    /// Opaque account id.
    pub id: PlayerId,
    /// The name that others see; at most 64 bytes.
    pub name: String,
    /// 0 without teams.
    pub team: u16,
    /// Whether a program plays.
    pub bot: bool,
    /// Trusted data of the issuer; at most 4 KiB.
    pub data: Vec<u8>,
}

/// A match that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchCreated {
    /// The seats of the request's reservations, in their order.
    pub seats: Vec<Seat>,
    /// Time on the shard: instantiate, start.
    pub started_in: Duration,
    /// Of the version that runs.
    pub description: Arc<Description>,
}

/// Why a match was not started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// The id is taken.
    #[error("match {0} exists")]
    Exists(MatchId),
    /// The host is full or draining; place it elsewhere or later.
    #[error("the host has no room for another match: {0}")]
    Full(&'static str),
    /// Seats, parameters or reservations do not fit the version.
    #[error("{0}")]
    Invalid(String),
    /// There is no code to run.
    #[error(transparent)]
    Artifact(#[from] ArtifactUnavailable),
    /// The artifact is not one of ours, or is for another engine.
    #[error("artifact refused: {0}")]
    BadArtifact(String),
    /// The game's `start` returned an error: the creator's fault.
    #[error("the game refused to start: {0}")]
    Refused(String),
    /// The game trapped or ran past its budget in `start`: its author's fault.
    #[error("the game failed to start: {0}")]
    Failed(String),
}

/// Why no seat was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReserveError {
    /// No such match here.
    #[error(transparent)]
    Unknown(#[from] UnknownMatch),
    /// Every seat is taken or reserved.
    #[error("the match is full")]
    Full,
    /// The game lets nobody in any more.
    #[error("the match is closed to new players")]
    Closed,
    /// It is over.
    #[error("the match has ended")]
    Ended,
    /// It is being restored after a restart of its host.
    #[error("the match is being restored; try again in a second")]
    Recovering,
}

/// No such match on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such match")]
pub struct UnknownMatch;

/// Where players connect to a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// UDP: QUIC with ALPN `stadion/1`.
    pub quic: Vec<SocketAddr>,
    /// UDP: WebTransport at [`CONNECT_PATH`](crate::wire::CONNECT_PATH); `None`: not offered.
    pub webtransport: Option<WebAddress>,
    /// TCP: WebSocket at the same path; `None`: not offered.
    pub websocket: Option<WebAddress>,
    /// SHA-256 of the certificates that clients may pin; empty: verify by the system's roots.
    pub certificate_hashes: Vec<[u8; 32]>,
}

/// Where a browser connects. It reaches the REST API by some name already; unless an operator says otherwise, that
/// name is good for its other connections too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebAddress {
    /// A name or an IP address; `None`: as the REST API was reached.
    pub host: Option<String>,
    /// `None`: as the REST API was reached.
    pub port: Option<u16>,
}

/// How full a host is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostLoad {
    /// Matches that run now.
    pub matches: u32,
    /// Matches that sleep: they take no place.
    pub hibernated: u32,
    /// The most it takes.
    pub capacity: u32,
    /// Slots for sessions that are taken.
    pub sessions: u32,
    /// Connected players.
    pub players: u32,
    /// No new matches.
    pub draining: bool,
}

/// What happened on a host.
#[derive(Clone, Debug, PartialEq)]
pub enum HostEvent {
    /// Seats, label or openness of a match changed: the newest status, replacing the one before.
    Changed(MatchStatus),
    /// A match is over. `journal` is whole and closed.
    Ended {
        /// Its last status, with state `Ended`.
        status: MatchStatus,
        /// Why, and with what results.
        ended: MatchEnded,
        /// In the file format of `stadion replay`.
        journal: Bytes,
        /// What it used.
        usage: Box<MatchUsage>,
        /// The last lines of its log.
        last_log: Vec<LogLine>,
    },
    /// A game's `report`.
    Report {
        /// The match.
        id: MatchId,
        /// Kind, as the game named it.
        kind: String,
        /// JSON, as the game wrote it.
        json: String,
    },
}

/// Where a host's events go.
pub trait HostEvents: Send + Sync + 'static {
    /// Takes an event without blocking. Called on a host's own threads, shards among them:
    /// implementations queue, within a bound.
    fn publish(&self, event: HostEvent);
}

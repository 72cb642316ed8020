//! How a match stands, and how it ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::host::PlayerInfo;
use crate::close::CloseCode;
use crate::ids::{GameName, Incarnation, MatchId, Seat, Tick, VersionId};

/// Where a match is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchState {
    /// Its host was restarted and restores it.
    Recovering,
    /// A session runs it.
    Running,
    /// It left memory while nobody is there; whoever comes, its time or its owner brings it back.
    Hibernated,
    /// `finish` was called; the last messages are being delivered.
    Finishing,
    /// Over.
    Ended,
}

/// Whether a seat's player is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// Kept for a player who has not connected yet.
    Reserved,
    /// There.
    Connected,
    /// Lost, and the seat is kept.
    Disconnected,
    /// Gone for good.
    Left,
}

/// One seat that is or was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatStatus {
    /// Which.
    pub seat: Seat,
    /// Whose.
    pub player: PlayerInfo,
    /// There or not.
    pub presence: Presence,
}

/// A match as its host sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchStatus {
    /// Which.
    pub id: MatchId,
    /// Of which game.
    pub game: GameName,
    /// The code it runs.
    pub version: VersionId,
    /// Where in its life.
    pub state: MatchState,
    /// Which session of the match.
    pub incarnation: Incarnation,
    /// The newest tick that was recorded.
    pub tick: Tick,
    /// How many seats it has in all.
    pub seat_count: u16,
    /// Those that are or were taken, in seat order.
    pub seats: Vec<SeatStatus>,
    /// Whether new players may join, as the game says.
    pub open: bool,
    /// The game's public label (JSON), empty before it sets one.
    pub label: String,
}

impl MatchStatus {
    /// Seats that nobody holds or may still come back to.
    pub fn free_seats(&self) -> u16 {
        let held = self.seats.iter().filter(|seat| seat.presence != Presence::Left).count();
        self.seat_count.saturating_sub(u16::try_from(held).unwrap_or(u16::MAX))
    }
}

/// A seat's place in the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placing {
    /// Whose.
    pub seat: Seat,
    /// 1 is best; equal ranks are ties.
    pub rank: u16,
    /// As the game counts.
    pub score: i64,
}

/// How a match ended: a journaled decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchEnded {
    /// Why.
    pub reason: EndReason,
    /// The last tick that counts.
    pub tick: Tick,
    /// Best first; empty unless the game finished.
    pub placings: Vec<Placing>,
    /// The game's own result bytes; empty unless the game finished.
    pub data: Vec<u8>,
    /// Hash of the whole chain of ticks and outputs: equal replays have equal hashes.
    pub chain: [u8; 16],
}

/// Why a match ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
pub enum EndReason {
    /// The game called `finish`.
    Finished,
    /// The owner, an operator or the control plane closed it.
    Closed,
    /// Nobody was connected for the version's `empty` time.
    Empty,
    /// It ran for the version's `longest` time.
    TooLong,
    /// The guest trapped; the text names the trap and the functions, at most 2 KiB.
    Trapped(String),
    /// A step ran past its CPU budget.
    OverBudget,
    /// A tick asked for more than a quota allows; the text names it.
    OverQuota(String),
    /// The host failed it (out of memory, journal lost).
    HostFailed(String),
    /// Its replay differed from its journal.
    Diverged,
    /// It ended the host process twice.
    Poisoned,
}

impl EndReason {
    /// What its players are told as their connections close.
    pub fn close_code(&self) -> CloseCode {
        match self {
            EndReason::Finished => CloseCode::Finished,
            EndReason::Closed | EndReason::Empty | EndReason::TooLong => CloseCode::Expired,
            EndReason::HostFailed(_) => CloseCode::ShuttingDown,
            EndReason::Trapped(_)
            | EndReason::OverBudget
            | EndReason::OverQuota(_)
            | EndReason::Diverged
            | EndReason::Poisoned => CloseCode::GameFailed,
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EndReason::Finished => f.write_str("finished"),
            EndReason::Closed => f.write_str("closed from outside"),
            EndReason::Empty => f.write_str("nobody was connected"),
            EndReason::TooLong => f.write_str("it reached the longest time of a match"),
            EndReason::Trapped(trap) => write!(f, "the game trapped: {trap}"),
            EndReason::OverBudget => f.write_str("a step ran past its CPU budget"),
            EndReason::OverQuota(what) => write!(f, "over quota: {what}"),
            EndReason::HostFailed(what) => write!(f, "the host failed: {what}"),
            EndReason::Diverged => f.write_str("its replay differed from its journal"),
            EndReason::Poisoned => f.write_str("it ended the host process twice"),
        }
    }
}

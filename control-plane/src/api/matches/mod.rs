//! Matches that run and that are over.

pub(super) mod end;
pub(super) mod fork;
pub(super) mod get;
pub(super) mod journal;
pub(super) mod list;
pub(super) mod log;
pub(super) mod open;
pub(super) mod pace;
pub(super) mod rematch;
pub(super) mod ticks;
pub(super) mod upgrade;
pub(super) mod usage;
pub(super) mod watch;

use serde::Serialize;
use stadion_protocol::contract::{EndReason, MatchState, Presence, SeatStatus};
use utoipa::ToSchema;

use super::wire::PlayerBody;
use crate::http::{Extras, Fault, Kind};
use crate::matches::{MatchError, MatchView, ResultsBody};
use crate::model::{MatchEnd, MatchRecord, reason_name};

/// A match.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MatchBody {
    /// Its id.
    #[schema(example = "01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// What friends type to join it; shown to its players, its creator and the game's owner while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "KBQT")]
    code: Option<String>,
    /// The game.
    #[schema(example = "tictactoe")]
    game: String,
    /// The version that it runs.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: String,
    /// `running`, `hibernated` (nobody is there; whoever comes, its time or its owner brings it back), `finishing` (the last
    /// messages are being delivered), `ended` or `recovering` (its server was restarted and restores it).
    #[schema(example = "ended")]
    state: &'static str,
    /// `public` or `private`.
    #[schema(example = "public")]
    visibility: &'static str,
    /// Which session of the match this is, or was the last.
    #[schema(example = 1)]
    incarnation: u32,
    /// The newest recorded tick.
    #[schema(example = 9)]
    tick: u64,
    /// Those that are or were taken.
    seats: Vec<SeatStatusBody>,
    /// How many seats it has in all.
    #[schema(example = 2)]
    seat_count: u16,
    /// Whether new players may join, as the game says.
    open: bool,
    /// The game's public label, as it wrote it; empty before it sets one.
    #[schema(example = "beginners")]
    label: String,
    /// RFC 3339.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    created_at: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<EndBody>,
    /// What came of it, when the game finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<ResultsBody>,
    /// For the owner of the game: what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureBody>,
    /// Hash of the whole chain of ticks and outputs, hexadecimal: a replay ends with the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    chain: Option<String>,
}

/// A seat that is or was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeatStatusBody {
    /// Which.
    seat: u16,
    /// Whose.
    player: PlayerBody,
    /// `reserved`, `connected`, `disconnected` or `left`.
    #[schema(example = "connected")]
    presence: &'static str,
}

/// Why a match ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndBody {
    /// `finished`, `closed`, `empty`, `too-long`, `trapped`, `over-budget`, `over-quota`, `host-failed`, `diverged` or
    /// `poisoned`.
    #[schema(example = "finished")]
    kind: &'static str,
    /// What exactly, where there is more to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "unreachable in hello::step")]
    detail: Option<String>,
    /// All of it in a sentence.
    #[schema(example = "finished")]
    message: String,
}

/// What went wrong in a match, for the author of its game.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureBody {
    /// The tick that did not return: the one after the last that counts.
    #[schema(example = 412)]
    tick: u64,
    /// The trap with the names of the functions, or the limit.
    #[schema(example = "unreachable in hello::step")]
    message: String,
    /// The last lines of its log.
    log: Vec<log::LogLineBody>,
    /// Runs the match again on the author's machine, and a tick that did not return into its trap.
    #[schema(example = "stadion replay 01h455vb4pex5vsknk084sn02q --trap")]
    reproduce: String,
}

impl From<MatchView> for MatchBody {
    fn from(view: MatchView) -> MatchBody {
        let state = view.state();
        let MatchView { record, live, with_code, with_failure } = view;
        let failure = record.end.as_ref().filter(|_| with_failure).and_then(|end| failure(&record, end));
        let (version, incarnation, tick, seats, label, open) = match live {
            Some(status) => (status.version, status.incarnation, status.tick, status.seats, status.label, status.open),
            None => (record.version, record.incarnation, record.tick, record.seats, record.label, false),
        };
        MatchBody {
            id: record.id.to_string(),
            code: record.code.filter(|_| with_code && record.end.is_none()).map(String::from),
            game: record.game.to_string(),
            version: version.to_string(),
            state: state_name(state),
            visibility: record.visibility.as_str(),
            incarnation: incarnation.0,
            tick: tick.0,
            seats: seats.into_iter().map(SeatStatusBody::from).collect(),
            seat_count: record.seat_count,
            open: open && matches!(state, MatchState::Running | MatchState::Hibernated),
            label,
            created_at: record.created_at.to_string(),
            ended_at: record.end.as_ref().map(|end| end.at.to_string()),
            end: record.end.as_ref().map(|end| EndBody::from(&end.reason)),
            failure,
            chain: record.end.as_ref().and_then(|end| end.chain).map(hex::encode),
            results: record.end.as_ref().and_then(ResultsBody::of),
        }
    }
}

/// Where the fault may be the game's.
fn failure(record: &MatchRecord, end: &MatchEnd) -> Option<FailureBody> {
    match end.reason {
        EndReason::Finished | EndReason::Closed | EndReason::Empty | EndReason::TooLong => return None,
        EndReason::Trapped(_)
        | EndReason::OverBudget
        | EndReason::OverQuota(_)
        | EndReason::HostFailed(_)
        | EndReason::Diverged
        | EndReason::Poisoned => {}
    }
    // A tick that did not return is in the journal, and is run again.
    let cut = match end.reason {
        EndReason::Trapped(_) | EndReason::OverBudget | EndReason::OverQuota(_) => " --trap",
        _ => "",
    };
    Some(FailureBody {
        tick: record.tick.0.saturating_add(1),
        message: end.reason.to_string(),
        log: end.last_log.iter().cloned().map(log::LogLineBody::from).collect(),
        reproduce: format!("stadion replay {}{cut}", record.id),
    })
}

fn state_name(state: MatchState) -> &'static str {
    match state {
        MatchState::Recovering => "recovering",
        MatchState::Running => "running",
        MatchState::Hibernated => "hibernated",
        MatchState::Finishing => "finishing",
        MatchState::Ended => "ended",
    }
}

impl From<SeatStatus> for SeatStatusBody {
    fn from(status: SeatStatus) -> SeatStatusBody {
        let presence = match status.presence {
            Presence::Reserved => "reserved",
            Presence::Connected => "connected",
            Presence::Disconnected => "disconnected",
            Presence::Left => "left",
        };
        let player = PlayerBody { id: status.player.id.to_string(), name: status.player.name, bot: status.player.bot };
        SeatStatusBody { seat: status.seat.0, player, presence }
    }
}

impl From<&EndReason> for EndBody {
    fn from(reason: &EndReason) -> EndBody {
        let detail = match reason {
            EndReason::Trapped(what) | EndReason::OverQuota(what) | EndReason::HostFailed(what) => Some(what),
            _ => None,
        };
        EndBody { kind: reason_name(reason), detail: detail.cloned(), message: reason.to_string() }
    }
}

impl Fault for MatchError {
    fn kind(&self) -> Kind {
        match self {
            MatchError::Unknown(_) | MatchError::NoJournal(_) | MatchError::NotCounted(_) => Kind::NotFound,
            MatchError::NotOwner => Kind::Forbidden,
            MatchError::Blobs(error) => error.kind(),
            MatchError::Store(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        match self {
            MatchError::Store(error) => error.extras(),
            _ => Extras::default(),
        }
    }
}

//! Matches as the control plane remembers them. What a running match is like now, its host alone knows.

use stadion_protocol::contract::{EndReason, LogLine, MatchStatus, Placing, SeatStatus};
use stadion_protocol::{GameName, Incarnation, MatchCode, MatchId, PlayerId, Tick, VersionId};

use super::{HostName, MatchKey, UnixMs, Usage};

/// Who may find a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Anybody: it is in lists, and `play` fills it up.
    Public,
    /// Whoever knows its code.
    Private,
}

impl Visibility {
    /// As written in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Visibility::Public => "public",
            Visibility::Private => "private",
        }
    }
}

/// How a match ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchEnd {
    /// When the control plane learned of it.
    pub at: UnixMs,
    /// Why.
    pub reason: EndReason,
    /// Best first; empty unless the game finished.
    pub placings: Vec<Placing>,
    /// The game's own result bytes.
    pub data: Vec<u8>,
    /// Hash of the whole chain of ticks and outputs; `None` when the host could not say.
    pub chain: Option<[u8; 16]>,
    /// Size of the journal that is kept; `None`: none is.
    pub journal_bytes: Option<u64>,
    /// What it used; `None` when the host could not say.
    pub usage: Option<Usage>,
    /// The last lines of its log.
    pub last_log: Vec<LogLine>,
}

/// A match, from its creation on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRecord {
    /// Which.
    pub id: MatchId,
    /// What friends type to join it.
    pub code: Option<MatchCode>,
    /// What it was created under, and is found by while it runs.
    pub key: Option<MatchKey>,
    /// Where it runs; `None`: not known.
    pub host: Option<HostName>,
    /// Of which game.
    pub game: GameName,
    /// The code it runs.
    pub version: VersionId,
    /// Who asked for it by `create`, and may end it; `None`: formed for whoever came.
    pub creator: Option<PlayerId>,
    /// Who may find it.
    pub visibility: Visibility,
    /// How many seats it has in all.
    pub seat_count: u16,
    /// When.
    pub created_at: UnixMs,
    /// Who sat where, as last heard: written when it ends.
    pub seats: Vec<SeatStatus>,
    /// The public label, as last heard.
    pub label: String,
    /// Its last session, as last heard.
    pub incarnation: Incarnation,
    /// Its last tick, as last heard.
    pub tick: Tick,
    /// How it ended; `None` while it runs.
    pub end: Option<MatchEnd>,
}

/// A change of a match's row. Writes of one match may arrive in either order and more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchWrite {
    /// It was created.
    Started(Box<MatchRecord>),
    /// It was created with these parameters.
    Parameters {
        /// Which.
        id: MatchId,
        /// For its game.
        parameters: Vec<u8>,
    },
    /// Others sit in it than before: who is told should its end never be heard of.
    Seated {
        /// As it is now.
        status: Box<MatchStatus>,
        /// When that was heard.
        at: UnixMs,
    },
    /// It is over.
    Ended {
        /// Its last status.
        status: Box<MatchStatus>,
        /// How it ended.
        end: Box<MatchEnd>,
    },
}

/// Which matches a list shows by state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFilter {
    /// Running or finishing.
    Live,
    /// Over.
    Ended,
}

/// Who looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Sees public matches.
    Anyone,
    /// Sees also matches created by it and all of its own games.
    Account(PlayerId),
    /// Sees everything.
    Operator,
}

/// Which matches a list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchFilter {
    /// Only of this game.
    pub game: Option<GameName>,
    /// Only in this state.
    pub state: Option<StateFilter>,
    /// For whom.
    pub viewer: Viewer,
    /// And of those.
    pub narrowing: MatchNarrowing,
}

/// What a list of matches may be narrowed by; `None` is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatchNarrowing {
    /// Of this version.
    pub version: Option<VersionId>,
    /// On this host.
    pub host: Option<HostName>,
    /// That ended so: one of [`super::REASON_NAMES`].
    pub end: Option<&'static str>,
    /// Created then or later.
    pub since: Option<UnixMs>,
    /// Created before that.
    pub until: Option<UnixMs>,
}

//! Matches: how they stand, copies of them, and having them go on in another version.

use std::collections::HashSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer;
use crate::api::Api;
use crate::call::Call;
use crate::error::Error;
use crate::log::LogLine;
use crate::operations as ops;

/// A match is replayed before it goes on elsewhere.
const MOVED_WITHIN: Duration = Duration::from_secs(300);

/// A match.
#[derive(Debug, Serialize, Deserialize)]
pub struct MatchInfo {
    /// Names it.
    pub id: String,
    /// Leads friends to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Of which game.
    pub game: String,
    /// Of which version.
    pub version: String,
    /// `running`, `hibernated`, `finishing` or `ended`.
    pub state: String,
    /// How often it was begun.
    #[serde(default)]
    pub incarnation: u32,
    /// How far it is.
    #[serde(default)]
    pub tick: u64,
    /// Those that are or were taken.
    #[serde(default)]
    pub seats: Vec<SeatInfo>,
    /// How many there are.
    #[serde(default)]
    pub seat_count: u16,
    /// What the game says of it.
    #[serde(default)]
    pub label: Option<String>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<EndInfo>,
    /// With which results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<ResultsInfo>,
    /// For the author of its game.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureInfo>,
    /// The hash of its journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
}

/// What went wrong in a match.
#[derive(Debug, Serialize, Deserialize)]
pub struct FailureInfo {
    /// The tick that did not return.
    pub tick: u64,
    /// The trap with the names of the functions, or the limit.
    pub message: String,
    /// The last lines of its log.
    #[serde(default)]
    pub log: Vec<LogLine>,
    /// The command that shows it again.
    pub reproduce: String,
}

/// A seat that is or was taken.
#[derive(Debug, Serialize, Deserialize)]
pub struct SeatInfo {
    /// From 0.
    pub seat: u16,
    /// Who sits there.
    pub player: PlayerInfo,
    /// `connected`, `away` and so on.
    pub presence: String,
}

/// Who sits there.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlayerInfo {
    /// An account, or a player of a studio's own.
    pub id: String,
    /// What others see.
    pub name: String,
    /// A program.
    #[serde(default)]
    pub bot: bool,
}

/// Why a match ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndInfo {
    /// For programs.
    pub kind: String,
    /// For people.
    #[serde(default)]
    pub message: String,
}

/// With which results.
#[derive(Debug, Serialize, Deserialize)]
pub struct ResultsInfo {
    /// Best first.
    pub placings: Vec<PlacingInfo>,
}

/// One seat's place.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlacingInfo {
    /// From 0.
    pub seat: u16,
    /// From 1.
    pub rank: u16,
    /// As the game counts.
    pub score: i64,
}

/// A copy of a match.
#[derive(Debug, Serialize, Deserialize)]
pub struct Forked {
    /// Where it is.
    #[serde(rename = "match")]
    pub of: MatchPlace,
    /// Where it went off.
    pub tick: u64,
    /// Of which version.
    pub version: String,
    /// How many seats it has.
    pub seat_count: u16,
}

/// Where a match is found.
#[derive(Debug, Serialize, Deserialize)]
pub struct MatchPlace {
    /// Names it.
    pub id: String,
    /// Leads to it.
    pub code: String,
}

/// What became of a match that was to go on in another version.
#[derive(Debug, Serialize, Deserialize)]
pub struct Upgraded {
    /// `moved` or `kept`.
    pub outcome: String,
    /// In which it goes on.
    pub version: String,
    /// From which tick on.
    #[serde(default)]
    pub tick: Option<u64>,
    /// To get there.
    #[serde(default)]
    pub ticks_replayed: u64,
    /// Players who need another client.
    #[serde(default)]
    pub clients_outdated: u32,
    /// Where the versions differ.
    #[serde(default)]
    pub difference: Option<Difference>,
}

/// The first tick for which two versions ask for different things.
#[derive(Debug, Serialize, Deserialize)]
pub struct Difference {
    /// Which.
    pub tick: u64,
    /// What differs.
    pub what: String,
    /// What the version before asked for.
    #[serde(default)]
    pub before: Vec<DifferingOutput>,
    /// What the version after asked for.
    #[serde(default)]
    pub after: Vec<DifferingOutput>,
}

/// One thing that a step asked for.
#[derive(Debug, Serialize, Deserialize)]
pub struct DifferingOutput {
    /// Such as `send`.
    pub kind: String,
    /// Such as a seat.
    pub about: String,
    /// Base64.
    pub data: String,
}

/// Ticks of a match, with what came in and what went out.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ticks {
    /// In their order.
    pub ticks: Vec<TickInfo>,
    /// How far the match is.
    pub last: u64,
    /// Where a replay went another way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
}

/// One tick.
#[derive(Debug, Serialize, Deserialize)]
pub struct TickInfo {
    /// Which.
    pub tick: u64,
    /// Since the match began.
    pub time_ns: u64,
    /// Periods that were missed before it.
    pub skipped: u64,
    /// Why it was due.
    pub wake: String,
    /// What came in.
    pub events: Vec<Value>,
    /// What went out.
    pub outputs: Vec<Value>,
}

impl Api {
    /// `filter` are query parameters: `game`, `state`.
    pub async fn matches(&self, filter: &[(&str, String)]) -> Result<Vec<MatchInfo>, Error> {
        self.listed(filter).pages().all().await
    }

    fn listed(&self, filter: &[(&str, String)]) -> Call<answer::Items<MatchInfo>> {
        filter.iter().fold(self.call(ops::LIST_MATCHES, &[]), |call, (name, value)| call.query(name, value))
    }

    /// One match.
    pub async fn one_match(&self, id: &str) -> Result<MatchInfo, Error> {
        self.call(ops::GET_MATCH, &[id]).send().await
    }

    /// Ends a match.
    pub async fn end_match(&self, id: &str) -> Result<(), Error> {
        self.call(ops::END_MATCH, &[id]).send().await
    }

    /// The matches of a game that run or sleep.
    pub async fn live_matches(&self, game: &str) -> Result<Vec<MatchInfo>, Error> {
        let of = |state: &str| [("game", game.to_owned()), ("state", state.to_owned())];
        let mut live = self.matches(&of("hibernated")).await?;
        // One that wakes up meanwhile is in both lists.
        let asleep: HashSet<String> = live.iter().map(|info| info.id.clone()).collect();
        live.extend(self.matches(&of("running")).await?.into_iter().filter(|info| !asleep.contains(&info.id)));
        Ok(live)
    }

    /// The newest matches of a game, running or over, at most so many.
    pub async fn newest_matches(&self, game: &str, most: usize) -> Result<Vec<MatchInfo>, Error> {
        self.listed(&[("game", game.to_owned())]).first(most).await
    }

    /// Has a match go on in another version, as the body says.
    pub async fn upgrade(&self, id: &str, body: &Value) -> Result<Upgraded, Error> {
        self.call(ops::UPGRADE_MATCH, &[id]).within(MOVED_WITHIN).json(body).send().await
    }

    /// Has a running match copied.
    pub async fn fork(&self, id: &str) -> Result<Forked, Error> {
        self.call(ops::FORK_MATCH, &[id]).within(MOVED_WITHIN).send().await
    }

    /// The journal so far, as a `.stj` file.
    pub async fn journal(&self, id: &str) -> Result<bytes::Bytes, Error> {
        self.call(ops::GET_JOURNAL, &[id]).send().await
    }
}

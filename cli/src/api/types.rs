//! Shapes of the REST API, as far as the commands read them. Unknown fields are kept out of the way: a newer server may
//! say more.

use serde::{Deserialize, Serialize};

use super::LogLine;

/// A page of a listing.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next_cursor: Option<String>,
}

/// An error body (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    pub(crate) title: Option<String>,
    pub(crate) detail: Option<String>,
    /// With `second-factor-required`.
    pub(crate) challenge: Option<String>,
}

impl Problem {
    /// The most telling of its texts.
    pub(crate) fn text(self) -> Option<String> {
        self.detail.or(self.title).filter(|text| !text.is_empty())
    }
}

/// A game of the listing.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Game {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) latest_version: Option<String>,
    #[serde(default)]
    pub(crate) quarantined: bool,
}

/// The answer to an upload.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Published {
    pub(crate) game: String,
    pub(crate) version: String,
    pub(crate) short: String,
    pub(crate) title: String,
    pub(crate) schema_hash: String,
    pub(crate) seats_min: u16,
    pub(crate) seats_max: u16,
    pub(crate) rate: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image_checkpoints: Option<Finding>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) warm_image: Option<Finding>,
    #[serde(default)]
    pub(crate) compile_cpu_ms: u32,
    #[serde(default)]
    pub(crate) size_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) quarantine: Option<Quarantine>,
    /// Channels that point at it.
    #[serde(default)]
    pub(crate) channels: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created_at: Option<String>,
    /// Since when no new match is made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deprecated_at: Option<String>,
}

/// Why no match is made of a version.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Quarantine {
    pub(crate) since: String,
    pub(crate) because: String,
}

/// The answer to a web bundle.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PublishedBundle {
    pub(crate) bundle: String,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) play: String,
}

/// A copy of a match.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Forked {
    #[serde(rename = "match")]
    pub(crate) of: ForkedMatch,
    pub(crate) tick: u64,
    pub(crate) version: String,
    pub(crate) seat_count: u16,
}

/// Where a copy is found.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ForkedMatch {
    pub(crate) id: String,
    pub(crate) code: String,
}

/// What became of a match that was to go on in another version.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Upgraded {
    /// `moved` or `kept`.
    pub(crate) outcome: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) tick: Option<u64>,
    #[serde(default)]
    pub(crate) ticks_replayed: u64,
    #[serde(default)]
    pub(crate) clients_outdated: u32,
    #[serde(default)]
    pub(crate) difference: Option<Difference>,
}

/// The first tick for which two versions ask for different things.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Difference {
    pub(crate) tick: u64,
    pub(crate) what: String,
    #[serde(default)]
    pub(crate) before: Vec<DifferingOutput>,
    #[serde(default)]
    pub(crate) after: Vec<DifferingOutput>,
}

/// One thing that a step asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DifferingOutput {
    pub(crate) kind: String,
    pub(crate) about: String,
    /// Base64.
    pub(crate) data: String,
}

/// What the server found out about a version when it compiled it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) yes: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<String>,
}

/// A match.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MatchInfo {
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    pub(crate) game: String,
    pub(crate) version: String,
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) incarnation: u32,
    #[serde(default)]
    pub(crate) tick: u64,
    #[serde(default)]
    pub(crate) seats: Vec<SeatInfo>,
    #[serde(default)]
    pub(crate) seat_count: u16,
    #[serde(default)]
    pub(crate) label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<EndInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) results: Option<ResultsInfo>,
    /// For the author of its game.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<FailureInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) chain: Option<String>,
}

/// A match that takes players.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OpenMatch {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) host: Option<String>,
    pub(crate) free: u16,
    pub(crate) seat_count: u16,
    #[serde(default)]
    pub(crate) label: String,
    pub(crate) created_at: String,
}

/// What went wrong in a match.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FailureInfo {
    /// The tick that did not return.
    pub(crate) tick: u64,
    /// The trap with the names of the functions, or the limit.
    pub(crate) message: String,
    /// The last lines of its log.
    #[serde(default)]
    pub(crate) log: Vec<LogLine>,
    /// The command that shows it again.
    pub(crate) reproduce: String,
}

/// What a match used.
#[derive(Debug, Deserialize)]
pub(crate) struct MatchUsage {
    #[serde(flatten)]
    pub(crate) usage: Usage,
    #[serde(default)]
    pub(crate) punctuality: Option<Punctuality>,
}

/// What one match used, or several together.
#[derive(Debug, Deserialize)]
pub(crate) struct Usage {
    pub(crate) cpu_us: u64,
    pub(crate) peak_memory_bytes: u64,
    pub(crate) ticks: u64,
    pub(crate) messages_in: u64,
    pub(crate) bytes_in: u64,
    pub(crate) messages_out: u64,
    pub(crate) bytes_out: u64,
    pub(crate) journal_bytes: u64,
}

/// How punctual a match was, microseconds.
#[derive(Debug, Deserialize)]
pub(crate) struct Punctuality {
    pub(crate) worst_lateness_us: u64,
    pub(crate) mean_lateness_us: u64,
    pub(crate) worst_step_us: u64,
    pub(crate) mean_step_us: u64,
    pub(crate) slices: u64,
}

/// What matches used that ended in some time.
#[derive(Debug, Deserialize)]
pub(crate) struct UsageSums {
    pub(crate) since: String,
    pub(crate) matches: u64,
    pub(crate) total: Usage,
    pub(crate) versions: Vec<VersionUsage>,
}

/// What the matches of one version used.
#[derive(Debug, Deserialize)]
pub(crate) struct VersionUsage {
    pub(crate) game: String,
    pub(crate) version: String,
    pub(crate) matches: u64,
    pub(crate) usage: Usage,
}

/// A seat that is or was taken.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SeatInfo {
    pub(crate) seat: u16,
    pub(crate) player: PlayerInfo,
    pub(crate) presence: String,
}

/// Who sits there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlayerInfo {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) bot: bool,
}

/// Why a match ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndInfo {
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) message: String,
}

/// With which results.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ResultsInfo {
    pub(crate) placings: Vec<PlacingInfo>,
}

/// One seat's place.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlacingInfo {
    pub(crate) seat: u16,
    pub(crate) rank: u16,
    pub(crate) score: i64,
}

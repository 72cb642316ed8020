//! What matches used.

use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::error::Error;
use crate::operations as ops;

/// What a match used.
#[derive(Debug, Serialize, Deserialize)]
pub struct MatchUsage {
    /// So far, or in all.
    #[serde(flatten)]
    pub usage: Usage,
    /// While it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub punctuality: Option<Punctuality>,
    /// How long it would take to bring it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_estimate_ms: Option<u64>,
}

/// What one match used, or several together.
#[derive(Debug, Serialize, Deserialize)]
pub struct Usage {
    /// Time of processors.
    pub cpu_us: u64,
    /// The most that one match had.
    pub peak_memory_bytes: u64,
    /// Steps.
    pub ticks: u64,
    /// Of players.
    pub messages_in: u64,
    /// Of players.
    pub bytes_in: u64,
    /// To players.
    pub messages_out: u64,
    /// To players.
    pub bytes_out: u64,
    /// As they were written.
    pub journal_bytes: u64,
}

/// How punctual a match was, microseconds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Punctuality {
    /// Of a tick.
    pub worst_lateness_us: u64,
    /// Of all ticks.
    pub mean_lateness_us: u64,
    /// That took longest.
    pub worst_step_us: u64,
    /// Of all steps.
    pub mean_step_us: u64,
    /// Time slices used up.
    pub slices: u64,
    /// The longest of them.
    #[serde(default)]
    pub longest_slice_us: u64,
}

/// What matches used that ended in some time.
#[derive(Debug, Serialize, Deserialize)]
pub struct UsageSums {
    /// From then on.
    pub since: String,
    /// How many.
    pub matches: u64,
    /// All of them.
    pub total: Usage,
    /// Version by version.
    pub versions: Vec<VersionUsage>,
}

/// What the matches of one version used.
#[derive(Debug, Serialize, Deserialize)]
pub struct VersionUsage {
    /// Of which game.
    pub game: String,
    /// Which.
    pub version: String,
    /// How many.
    pub matches: u64,
    /// All of them.
    pub usage: Usage,
}

impl Api {
    /// What a match used.
    pub async fn match_usage(&self, id: &str) -> Result<MatchUsage, Error> {
        self.call(ops::GET_MATCH_USAGE, &[id]).send().await
    }

    /// What the matches of a game used, or of all the caller's games.
    pub async fn usage_sums(&self, game: Option<&str>, days: Option<u16>) -> Result<UsageSums, Error> {
        let call = match game {
            Some(game) => self.call(ops::GET_GAME_USAGE, &[game]),
            None => self.call(ops::GET_USAGE, &[]),
        };
        call.query_if("days", days).send().await
    }
}

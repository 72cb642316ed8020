//! Taking a seat.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::Api;
use crate::error::Error;
use crate::matches::MatchPlace;
use crate::operations as ops;

/// A claim waits for work for 20 s at most.
const CLAIMED_WITHIN: Duration = Duration::from_secs(40);

/// A seat that is kept for somebody: what a client of the wire protocol needs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Seat {
    /// In which match.
    #[serde(rename = "match")]
    pub of: MatchPlace,
    /// From 0.
    pub seat: u16,
    /// Of which game.
    pub game: String,
    /// Of which version.
    pub version: String,
    /// What its messages are written in.
    pub schema_hash: String,
    /// Lets the player in.
    pub join_token: String,
    /// For how long, seconds.
    pub expires_in_s: u64,
    /// Ticks a second; 0: as things happen.
    pub rate: u16,
    /// Where native clients connect.
    pub quic: Vec<String>,
    /// Of the certificates there.
    pub certificate_hashes: Vec<String>,
    /// Where anybody connects.
    pub endpoints: Endpoints,
}

/// Where a match is connected to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Endpoints {
    /// Native clients.
    pub quic: Vec<String>,
    /// Pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webtransport: Option<String>,
    /// Pages where nothing else passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub websocket: Option<String>,
    /// Of the certificates there, in Base64.
    pub certificate_hashes: Vec<String>,
}

/// A match that anybody may join.
#[derive(Debug, Serialize, Deserialize)]
pub struct OpenMatch {
    /// `{"match": ..}` joins it.
    pub id: String,
    /// So does `{"code": ..}`.
    pub code: String,
    /// What it runs.
    pub version: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Where that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Seats that nobody has or keeps.
    pub free: u16,
    /// All of them.
    pub seat_count: u16,
    /// As its game wrote it.
    pub label: String,
    /// Since when.
    pub created_at: String,
}

/// What it takes to watch a match.
#[derive(Debug, Serialize, Deserialize)]
pub struct Watching {
    /// Which.
    #[serde(rename = "match")]
    pub of: WatchedMatch,
    /// Of which game.
    pub game: String,
    /// Of which version.
    pub version: String,
    /// What its messages are written in.
    pub schema_hash: String,
    /// Lets the spectator in.
    pub join_token: String,
    /// For how long, seconds.
    pub expires_in_s: u64,
    /// Ticks a second; 0: as things happen.
    pub rate: u16,
    /// How much later than players, seconds.
    pub delay_s: u64,
    /// Where native clients connect.
    pub quic: Vec<String>,
    /// Of the certificates there.
    pub certificate_hashes: Vec<String>,
    /// Where anybody connects.
    pub endpoints: Endpoints,
}

/// A match that is watched: its code would let one in.
#[derive(Debug, Serialize, Deserialize)]
pub struct WatchedMatch {
    /// Its id.
    pub id: String,
}

/// Seats for programs, all of one match.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claimed {
    /// Empty: nothing was wanted.
    pub items: Vec<Seat>,
}

impl Api {
    /// Matches of a game that take players, the newest first, `most` of them: those whose labels have these values.
    pub async fn open_matches(
        &self,
        game: &str,
        labels: &[(&str, &str)],
        most: usize,
    ) -> Result<Vec<OpenMatch>, Error> {
        let call = self.call(ops::LIST_OPEN_MATCHES, &[game]);
        labels.iter().fold(call, |call, (field, value)| call.query(&format!("label.{field}"), value)).first(most).await
    }

    /// What it takes to watch a running match.
    pub async fn watch(&self, id: &str) -> Result<Watching, Error> {
        self.call(ops::WATCH_MATCH, &[id]).send().await
    }

    /// Takes seats for programs of one's own game, once a match wants some.
    pub async fn claim_bots(&self, game: &str, seats: u16, wait_s: u16) -> Result<Claimed, Error> {
        let wish = serde_json::json!({"seats": seats, "wait_s": wait_s});
        self.call(ops::CLAIM_BOTS, &[game]).within(CLAIMED_WITHIN).json(&wish).send().await
    }

    /// Asks for a seat: `{}`, `{"create": ..}`, `{"code": ..}`, `{"match": ..}` or `{"key": ..}`. Asked again, it is the same seat.
    pub async fn play(&self, game: &str, how: &Value) -> Result<Seat, Error> {
        self.call(ops::PLAY, &[game]).json(how).send().await
    }
}

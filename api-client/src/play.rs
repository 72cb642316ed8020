//! Taking a seat.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::Api;
use crate::error::Error;
use crate::matches::MatchPlace;
use crate::operations as ops;

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

impl Api {
    /// Asks for a seat: `{}`, `{"create": ..}`, `{"code": ..}` or `{"key": ..}`. Asked again, it is the same seat.
    pub async fn play(&self, game: &str, how: &Value) -> Result<Seat, Error> {
        self.call(ops::PLAY, &[game]).json(how).send().await
    }
}

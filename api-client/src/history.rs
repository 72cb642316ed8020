//! What somebody played, rematches, and reports of players.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::Api;
use crate::error::Error;
use crate::operations as ops;
use crate::play::Seat;

/// A match that somebody sat in and that is over.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlayedMatch {
    /// Which.
    #[serde(rename = "match")]
    pub of: String,
    /// Of which game.
    pub game: String,
    /// Where they sat.
    pub seat: u16,
    /// Their place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<u16>,
    /// With which score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<i64>,
    /// What became of the rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<RatingMove>,
    /// Everybody.
    pub players: Vec<PlayedWith>,
    /// When it began.
    pub created_at: String,
    /// When it was over.
    pub ended_at: String,
    /// How it ended.
    pub end: String,
    /// How they meet again, while they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rematch: Option<Rematch>,
}

/// A rating before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RatingMove {
    /// In which queue.
    pub queue: String,
    /// Before.
    pub before: i32,
    /// After.
    pub after: i32,
}

/// Somebody who sat in a match.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlayedWith {
    /// An account.
    pub id: String,
    /// What others see.
    pub name: String,
    /// A program.
    pub bot: bool,
    /// Their place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<u16>,
}

/// How the players of a match meet again.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rematch {
    /// The key of the match in which they do.
    pub key: String,
    /// For how long.
    pub until: String,
}

/// A report of a player.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlayerReport {
    /// Names it.
    pub id: String,
    /// When.
    pub at: String,
    /// In which match.
    #[serde(rename = "match")]
    pub of: String,
    /// Of which game.
    pub game: String,
    /// By whom.
    pub reporter: String,
    /// Of whom.
    pub player: String,
    /// For what, for programs.
    pub reason: String,
    /// In the reporter's words.
    pub text: String,
    /// `open`, `resolved` or `dismissed`.
    pub state: String,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<String>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<String>,
    /// In their words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A report that was filed.
#[derive(Debug, Serialize, Deserialize)]
pub struct FiledReport {
    /// Names it.
    pub id: String,
}

impl Api {
    /// What the caller played, newest end first, at most so many.
    pub async fn played(&self, game: Option<&str>, most: usize) -> Result<Vec<PlayedMatch>, Error> {
        self.call(ops::LIST_PLAYED, &[]).query_if("game", game).first(most).await
    }

    /// Reports of players of a game, newest first, at most so many.
    pub async fn reports(&self, game: &str, state: Option<&str>, most: usize) -> Result<Vec<PlayerReport>, Error> {
        self.call(ops::LIST_REPORTS, &[game]).query_if("state", state).first(most).await
    }

    /// Reports a player.
    pub async fn report(&self, of: &str, player: &str, reason: &str, text: Option<&str>) -> Result<FiledReport, Error> {
        let body = json!({"player": player, "reason": reason, "text": text});
        self.call(ops::FILE_REPORT, &[of]).json(&body).send().await
    }

    /// Says how a report stands.
    pub async fn set_report(&self, id: &str, state: &str, note: Option<&str>) -> Result<PlayerReport, Error> {
        self.call(ops::SET_REPORT_STATE, &[id]).json(&json!({"state": state, "note": note})).send().await
    }

    /// Takes a seat in the match in which the players of another one meet again.
    pub async fn rematch(&self, of: &str) -> Result<Seat, Error> {
        self.call(ops::REMATCH, &[of]).json(&json!({})).send().await
    }
}

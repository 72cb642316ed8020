//! What somebody played, rematches, and reports of players.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Api, Page};
use crate::failure::Outcome;

/// Entries of a page at most.
const PAGE: usize = 200;

/// A match that somebody sat in and that is over.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlayedMatch {
    #[serde(rename = "match")]
    pub(crate) of: String,
    pub(crate) game: String,
    pub(crate) seat: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rank: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) score: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rating: Option<RatingMove>,
    pub(crate) players: Vec<PlayedWith>,
    pub(crate) created_at: String,
    pub(crate) ended_at: String,
    pub(crate) end: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rematch: Option<Value>,
}

/// A rating before and after.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RatingMove {
    pub(crate) queue: String,
    pub(crate) before: i32,
    pub(crate) after: i32,
}

/// Somebody who sat in a match.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlayedWith {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) bot: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rank: Option<u16>,
}

/// A report of a player.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlayerReport {
    pub(crate) id: String,
    pub(crate) at: String,
    #[serde(rename = "match")]
    pub(crate) of: String,
    pub(crate) game: String,
    pub(crate) reporter: String,
    pub(crate) player: String,
    pub(crate) reason: String,
    pub(crate) text: String,
    pub(crate) state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closed_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closed_by: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) note: String,
}

impl Api {
    /// What the caller played, newest end first, at most so many.
    pub(crate) async fn played(&self, game: Option<&str>, most: usize) -> Outcome<Vec<PlayedMatch>> {
        self.newest("/v1/me/matches", &[("game", game)], most).await
    }

    /// Reports of players of a game, newest first, at most so many.
    pub(crate) async fn reports(&self, game: &str, state: Option<&str>, most: usize) -> Outcome<Vec<PlayerReport>> {
        self.newest(&format!("/v1/games/{game}/reports"), &[("state", state)], most).await
    }

    /// Reports a player: the report's id.
    pub(crate) async fn report(&self, of: &str, player: &str, reason: &str, text: Option<&str>) -> Outcome<Value> {
        let body = json!({"player": player, "reason": reason, "text": text});
        self.ask(Method::POST, &format!("/v1/matches/{of}/reports"), Some(&body)).await
    }

    /// Says how a report stands.
    pub(crate) async fn set_report(&self, id: &str, state: &str, note: Option<&str>) -> Outcome<PlayerReport> {
        let request = self.request(Method::PUT, &format!("/v1/reports/{id}/state"));
        self.json(request.json(&json!({"state": state, "note": note}))).await
    }

    /// Takes a seat in the match in which the players of another one meet again: the answer of `play`.
    pub(crate) async fn rematch(&self, of: &str) -> Outcome<Value> {
        self.ask(Method::POST, &format!("/v1/matches/{of}/rematch"), Some(&json!({}))).await
    }

    async fn newest<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
        most: usize,
    ) -> Outcome<Vec<T>> {
        let (mut items, mut cursor): (Vec<T>, Option<String>) = (Vec::new(), None);
        // Each round brings some, or ends it.
        while items.len() < most {
            let limit = (most - items.len()).min(PAGE).to_string();
            let mut request = self.get(path).query(query).query(&[("limit", limit)]);
            if let Some(cursor) = &cursor {
                request = request.query(&[("cursor", cursor)]);
            }
            let page: Page<T> = self.json(request).await?;
            let brought = page.items.len();
            items.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() || brought == 0 {
                break;
            }
        }
        Ok(items)
    }
}

//! Channels of games: which versions are played, and by whom; and what their owners may have.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Api, Page};
use crate::failure::Outcome;

/// A channel.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Channel {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) version: Option<String>,
    #[serde(default)]
    pub(crate) percent: u8,
    #[serde(default)]
    pub(crate) open: bool,
    #[serde(default)]
    pub(crate) players: Vec<String>,
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) parameters: String,
    #[serde(default)]
    pub(crate) changed_at: String,
}

/// What was done to a channel.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChannelChange {
    pub(crate) action: String,
    #[serde(default)]
    pub(crate) version: Option<String>,
    #[serde(default)]
    pub(crate) percent: u8,
    pub(crate) at: String,
    #[serde(default)]
    pub(crate) by: Option<String>,
}

impl Api {
    /// The channels of a game, by name.
    pub(crate) async fn channels(&self, game: &str) -> Outcome<Vec<Channel>> {
        let page: Page<Channel> = self.json(self.get(&path(game, ""))).await?;
        Ok(page.items)
    }

    /// Changes what the body names of a channel, or makes one.
    pub(crate) async fn set_channel(&self, game: &str, name: &str, change: &Value) -> Outcome<Channel> {
        self.json(self.request(Method::PUT, &path(game, &format!("/{name}"))).json(change)).await
    }

    /// Takes a channel away.
    pub(crate) async fn remove_channel(&self, game: &str, name: &str) -> Outcome {
        self.send(self.request(Method::DELETE, &path(game, &format!("/{name}")))).await.map(drop)
    }

    /// Gives a channel's version to another one, as which that is answered.
    pub(crate) async fn promote(&self, game: &str, from: &str, to: &str) -> Outcome<Channel> {
        let request = self.request(Method::POST, &path(game, &format!("/{from}/promote")));
        self.json(request.json(&json!({ "to": to }))).await
    }

    /// Has a channel point at what it had before.
    pub(crate) async fn roll_back(&self, game: &str, name: &str) -> Outcome<Channel> {
        self.json(self.request(Method::POST, &path(game, &format!("/{name}/rollback"))).json(&json!({}))).await
    }

    /// What was done to a channel, newest first: the last hundred changes.
    pub(crate) async fn channel_history(&self, game: &str, name: &str) -> Outcome<Vec<ChannelChange>> {
        let request = self.get(&path(game, &format!("/{name}/history"))).query(&[("limit", "100")]);
        let page: Page<ChannelChange> = self.json(request).await?;
        Ok(page.items)
    }

    /// What an owner may have and has; `None`: the caller.
    pub(crate) async fn quotas(&self, owner: Option<&str>) -> Outcome<Value> {
        let path = owner.map_or_else(|| "/v1/quotas".to_owned(), |owner| format!("/v1/accounts/{owner}/quotas"));
        self.json(self.get(&path)).await
    }

    /// Says what an owner may have in place of what everybody may: for operators.
    pub(crate) async fn set_quotas(&self, owner: &str, quotas: &Map<String, Value>) -> Outcome<Value> {
        self.json(self.request(Method::PUT, &format!("/v1/accounts/{owner}/quotas")).json(quotas)).await
    }

    /// Takes a version out of play for new matches.
    pub(crate) async fn deprecate(&self, game: &str, version: &str) -> Outcome {
        let request = self.request(Method::DELETE, &format!("/v1/games/{game}/versions/{version}"));
        self.send(request).await.map(drop)
    }
}

fn path(game: &str, rest: &str) -> String {
    format!("/v1/games/{game}/channels{rest}")
}

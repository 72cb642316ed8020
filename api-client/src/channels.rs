//! Channels of games: which versions are played, and by whom; and what their owners may have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::error::Error;
use crate::games::Quotas;
use crate::operations as ops;

/// A channel.
#[derive(Debug, Serialize, Deserialize)]
pub struct Channel {
    /// Such as `stable`.
    pub name: String,
    /// What it points at.
    #[serde(default)]
    pub version: Option<String>,
    /// To how many of a hundred players it is given.
    #[serde(default)]
    pub percent: u8,
    /// Anybody may ask for it.
    #[serde(default)]
    pub open: bool,
    /// Who always gets it.
    #[serde(default)]
    pub players: Vec<String>,
    /// Over those of the version.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// For its matches.
    #[serde(default)]
    pub parameters: String,
    /// When.
    #[serde(default)]
    pub changed_at: String,
}

/// What was done to a channel.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChannelChange {
    /// What.
    pub action: String,
    /// What it pointed at then.
    #[serde(default)]
    pub version: Option<String>,
    /// To how many of a hundred players it was given then.
    #[serde(default)]
    pub percent: u8,
    /// When.
    pub at: String,
    /// By whom.
    #[serde(default)]
    pub by: Option<String>,
}

impl Api {
    /// The channels of a game, by name.
    pub async fn channels(&self, game: &str) -> Result<Vec<Channel>, Error> {
        Ok(self.call(ops::LIST_CHANNELS, &[game]).send().await?.items)
    }

    /// Changes what the body names of a channel, or makes one.
    pub async fn set_channel(&self, game: &str, name: &str, change: &Value) -> Result<Channel, Error> {
        self.call(ops::SET_CHANNEL, &[game, name]).json(change).send().await
    }

    /// Takes a channel away.
    pub async fn remove_channel(&self, game: &str, name: &str) -> Result<(), Error> {
        self.call(ops::REMOVE_CHANNEL, &[game, name]).send().await
    }

    /// Gives a channel's version to another one, as which that is answered.
    pub async fn promote(&self, game: &str, from: &str, to: &str) -> Result<Channel, Error> {
        self.call(ops::PROMOTE_CHANNEL, &[game, from]).json(&json!({ "to": to })).send().await
    }

    /// Has a channel point at what it had before.
    pub async fn roll_back(&self, game: &str, name: &str) -> Result<Channel, Error> {
        self.call(ops::ROLL_BACK_CHANNEL, &[game, name]).json(&json!({})).send().await
    }

    /// What was done to a channel, newest first: the last hundred changes.
    pub async fn channel_history(&self, game: &str, name: &str) -> Result<Vec<ChannelChange>, Error> {
        self.call(ops::GET_CHANNEL_HISTORY, &[game, name]).first(100).await
    }

    /// What an owner may have and has; `None`: the caller.
    pub async fn quotas(&self, owner: Option<&str>) -> Result<Quotas, Error> {
        match owner {
            Some(owner) => self.call(ops::GET_QUOTAS, &[owner]).send().await,
            None => self.call(ops::GET_OWN_QUOTAS, &[]).send().await,
        }
    }

    /// Says what an owner may have in place of what everybody may: for operators.
    pub async fn set_quotas(&self, owner: &str, quotas: &Map<String, Value>) -> Result<Quotas, Error> {
        self.call(ops::SET_QUOTAS, &[owner]).json(quotas).send().await
    }

    /// Takes a version out of play for new matches.
    pub async fn deprecate(&self, game: &str, version: &str) -> Result<(), Error> {
        self.call(ops::DEPRECATE_VERSION, &[game, version]).send().await
    }
}

//! Webhooks of a game.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::Api;
use crate::error::Error;
use crate::operations as ops;

/// A webhook, without its secret.
#[derive(Debug, Serialize, Deserialize)]
pub struct Webhook {
    /// In paths.
    pub name: String,
    /// Of which game.
    pub game: String,
    /// Where messages go.
    pub url: String,
    /// What it is told.
    pub kinds: Vec<String>,
    /// `enabled`, `paused` or `disabled`.
    pub state: String,
    /// Why it gets nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_because: Option<String>,
    /// Since when it does not take messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<String>,
    /// How long the secret before signs beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret_until: Option<String>,
}

/// A webhook that was made.
#[derive(Debug, Serialize, Deserialize)]
pub struct MadeWebhook {
    /// Shown this once.
    pub secret: String,
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Webhook,
}

/// A secret that was made.
#[derive(Debug, Serialize, Deserialize)]
pub struct NewSecret {
    /// Shown this once.
    pub secret: String,
    /// How long the secret before signs beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret_until: Option<String>,
}

/// A message to a webhook, and what became of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// Names it.
    pub id: String,
    /// What it tells.
    pub kind: String,
    /// `pending`, `delivered` or `failed`.
    pub status: String,
    /// So far.
    pub attempts: u32,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<String>,
    /// When it was tried last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<String>,
    /// How it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Why it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Since when.
    pub created_at: String,
}

/// What a webhook is to be.
#[derive(Debug, Serialize)]
pub struct WantedWebhook {
    /// Where messages go.
    pub url: String,
    /// What it is told.
    pub kinds: Vec<String>,
    /// Whether it is told anything.
    pub enabled: bool,
}

impl Api {
    /// The webhooks of a game.
    pub async fn webhooks(&self, game: &str) -> Result<Vec<Webhook>, Error> {
        Ok(self.call(ops::LIST_WEBHOOKS, &[game]).send().await?.items)
    }

    /// One of them.
    pub async fn webhook(&self, game: &str, name: &str) -> Result<Webhook, Error> {
        self.call(ops::GET_WEBHOOK, &[game, name]).send().await
    }

    /// Makes one.
    pub async fn create_webhook(&self, game: &str, name: &str, wanted: &WantedWebhook) -> Result<MadeWebhook, Error> {
        let WantedWebhook { url, kinds, enabled } = wanted;
        let body = json!({"name": name, "url": url, "kinds": kinds, "enabled": enabled});
        self.call(ops::CREATE_WEBHOOK, &[game]).json(&body).send().await
    }

    /// Changes one.
    pub async fn set_webhook(&self, game: &str, name: &str, wanted: &WantedWebhook) -> Result<Webhook, Error> {
        self.call(ops::SET_WEBHOOK, &[game, name]).json(wanted).send().await
    }

    /// Takes one away.
    pub async fn delete_webhook(&self, game: &str, name: &str) -> Result<(), Error> {
        self.call(ops::DELETE_WEBHOOK, &[game, name]).send().await
    }

    /// Gives it another secret; the one before signs beside it for so long.
    pub async fn rotate_webhook(&self, game: &str, name: &str, overlap_s: u64) -> Result<NewSecret, Error> {
        self.call(ops::ROTATE_WEBHOOK, &[game, name]).json(&json!({ "overlap_s": overlap_s })).send().await
    }

    /// Sends a ping: what came of it.
    pub async fn test_webhook(&self, game: &str, name: &str) -> Result<Delivery, Error> {
        self.call(ops::TEST_WEBHOOK, &[game, name]).send().await
    }

    /// The newest deliveries, of one status or all.
    pub async fn deliveries(&self, game: &str, name: &str, status: Option<&str>) -> Result<Vec<Delivery>, Error> {
        Ok(self.call(ops::LIST_DELIVERIES, &[game, name]).query_if("status", status).send().await?.items)
    }

    /// Sends one again.
    pub async fn redeliver(&self, game: &str, name: &str, id: &str) -> Result<Delivery, Error> {
        self.call(ops::REDELIVER, &[game, name, id]).send().await
    }
}

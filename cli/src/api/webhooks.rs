//! Webhooks of a game.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Api, Page};
use crate::failure::Outcome;

/// A webhook, without its secret.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Webhook {
    pub(crate) name: String,
    pub(crate) game: String,
    pub(crate) url: String,
    pub(crate) kinds: Vec<String>,
    /// `enabled`, `paused` or `disabled`.
    pub(crate) state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) disabled_because: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failing_since: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous_secret_until: Option<String>,
}

/// A webhook that was made.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MadeWebhook {
    pub(crate) secret: String,
    #[serde(flatten)]
    pub(crate) webhook: Webhook,
}

/// A secret that was made.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NewSecret {
    pub(crate) secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous_secret_until: Option<String>,
}

/// A message to a webhook, and what became of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// `pending`, `delivered` or `failed`.
    pub(crate) status: String,
    pub(crate) attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tried_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    pub(crate) created_at: String,
}

/// What a webhook is to be.
#[derive(Debug, Serialize)]
pub(crate) struct WantedWebhook {
    pub(crate) url: String,
    pub(crate) kinds: Vec<String>,
    pub(crate) enabled: bool,
}

impl Api {
    pub(crate) async fn webhooks(&self, game: &str) -> Outcome<Vec<Webhook>> {
        let page: Page<Webhook> = self.json(self.get(&format!("/v1/games/{game}/webhooks"))).await?;
        Ok(page.items)
    }

    pub(crate) async fn webhook(&self, game: &str, name: &str) -> Outcome<Webhook> {
        self.json(self.get(&path(game, name))).await
    }

    pub(crate) async fn create_webhook(&self, game: &str, name: &str, wanted: &WantedWebhook) -> Outcome<MadeWebhook> {
        let WantedWebhook { url, kinds, enabled } = wanted;
        let body = json!({"name": name, "url": url, "kinds": kinds, "enabled": enabled});
        self.json(self.request(Method::POST, &format!("/v1/games/{game}/webhooks")).json(&body)).await
    }

    pub(crate) async fn set_webhook(&self, game: &str, name: &str, wanted: &WantedWebhook) -> Outcome<Webhook> {
        self.json(self.request(Method::PUT, &path(game, name)).json(wanted)).await
    }

    pub(crate) async fn delete_webhook(&self, game: &str, name: &str) -> Outcome {
        self.send(self.request(Method::DELETE, &path(game, name))).await.map(drop)
    }

    /// Gives it another secret; the one before signs beside it for so long.
    pub(crate) async fn rotate_webhook(&self, game: &str, name: &str, overlap_s: u64) -> Outcome<NewSecret> {
        let request = self.request(Method::POST, &format!("{}/secret", path(game, name)));
        self.json(request.json(&json!({ "overlap_s": overlap_s }))).await
    }

    /// Sends a ping: what came of it.
    pub(crate) async fn test_webhook(&self, game: &str, name: &str) -> Outcome<Delivery> {
        self.json(self.request(Method::POST, &format!("{}/test", path(game, name)))).await
    }

    /// The newest deliveries, of one status or all.
    pub(crate) async fn deliveries(&self, game: &str, name: &str, status: Option<&str>) -> Outcome<Vec<Delivery>> {
        let request = self.get(&format!("{}/deliveries", path(game, name))).query(&[("status", status)]);
        let page: Page<Delivery> = self.json(request).await?;
        Ok(page.items)
    }

    pub(crate) async fn redeliver(&self, game: &str, name: &str, id: &str) -> Outcome<Delivery> {
        let path = format!("{}/deliveries/{id}/redeliver", path(game, name));
        self.json(self.request(Method::POST, &path)).await
    }
}

fn path(game: &str, name: &str) -> String {
    format!("/v1/games/{game}/webhooks/{name}")
}

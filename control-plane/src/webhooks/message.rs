//! What a webhook is told, in the form of Standard Webhooks.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::matches::ResultsBody;
use crate::model::{Event, UnixMs, Webhook, WebhookKind};

/// What a webhook is told. It is signed: see `docs/webhooks.md`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookMessage {
    /// What happened: one of the kinds that the webhook asked for, or `ping`.
    #[serde(rename = "type")]
    #[schema(example = "match.ended")]
    kind: &'static str,
    /// When it happened, RFC 3339.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    timestamp: String,
    /// What exactly.
    data: WebhookMessageData,
}

/// What exactly happened. What does not apply is left out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookMessageData {
    /// The number of the event: greater than that of every event before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 4711)]
    event: Option<u64>,
    /// In which game.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "tictactoe")]
    game: Option<String>,
    /// Of a `ping`: the webhook that is tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "results")]
    webhook: Option<String>,
    /// In which version of the game.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: Option<String>,
    /// In which match.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    #[schema(rename = "match", example = "01h455vb4pex5vsknk084sn02q")]
    of: Option<String>,
    /// On which host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "h-5f1c0ad2b6e94c1d")]
    host: Option<String>,
    /// Of a `game.report`: how the game called it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "goal")]
    name: Option<String>,
    /// More about it, by its kind: the data of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"reason": "finished"}))]
    details: Option<Value>,
    /// Of a `match.ended`: what came of the match, when its game finished it; the same as in the match itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<ResultsBody>,
}

impl WebhookMessage {
    /// Of an event; with the results of its match, where it has any.
    pub(super) fn of_event(event: &Event, results: Option<ResultsBody>) -> WebhookMessage {
        let data = WebhookMessageData {
            event: Some(event.number),
            game: event.game.as_ref().map(ToString::to_string),
            webhook: None,
            version: event.version.map(|version| version.to_string()),
            of: event.of.map(|id| id.to_string()),
            host: event.host.as_ref().map(ToString::to_string),
            name: event.name.clone(),
            // It was read before it was kept.
            details: serde_json::from_str(&event.data).ok(),
            results,
        };
        WebhookMessage { kind: event.kind.as_str(), timestamp: event.at.to_string(), data }
    }

    /// That somebody wants to see whether a webhook answers.
    pub(super) fn ping(webhook: &Webhook, now: UnixMs) -> WebhookMessage {
        let data = WebhookMessageData {
            event: None,
            game: Some(webhook.game.to_string()),
            webhook: Some(webhook.name.to_string()),
            version: None,
            of: None,
            host: None,
            name: None,
            details: None,
            results: None,
        };
        WebhookMessage { kind: WebhookKind::Ping.as_str(), timestamp: now.to_string(), data }
    }

    /// As it is sent and signed.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("it has only text keys")
    }
}

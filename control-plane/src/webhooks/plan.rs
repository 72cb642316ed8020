//! From what happened to what webhooks are told of it: read behind a webhook's cursor, added in one commit with it.

use serde_json::{Value, json};

use super::Webhooks;
use crate::model::{
    Delivery, DeliveryId, DeliveryStatus, Event, EventFilter, EventScope, UnixMs, Webhook, WebhookId, WebhookKind,
};
use crate::store::StoreError;

/// Events of one commit.
const BATCH: u16 = 100;

/// Times that webhooks that are behind are asked for in one go: messages that are due are not to wait for all of them.
const ROUNDS: usize = 16;

impl Webhooks {
    /// Plans what happened since the last time.
    pub(super) async fn plan(&self) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            let behind = self.parts.store.webhooks_behind().await?;
            if behind.is_empty() {
                break;
            }
            for webhook in behind {
                self.plan_for(&webhook).await?;
            }
        }
        Ok(())
    }

    async fn plan_for(&self, webhook: &Webhook) -> Result<(), StoreError> {
        let filter = EventFilter {
            scope: EventScope::Game(webhook.game.clone()),
            kinds: webhook.kinds.iter().filter_map(|kind| kind.event()).collect(),
            ..EventFilter::default()
        };
        let since = self.parts.store.events_since(&filter, webhook.cursor, BATCH).await?;
        let now = self.parts.clock.now();
        let deliveries: Vec<Delivery> =
            since.items.iter().filter_map(|event| delivery(webhook.id, event, now)).collect();
        // If somebody was first, that is as well.
        self.parts.store.plan_deliveries(webhook.id, (webhook.cursor, since.upto), &deliveries).await?;
        Ok(())
    }
}

/// What a webhook is told of an event; `None`: webhooks are not told of its kind.
fn delivery(webhook: WebhookId, event: &Event, now: UnixMs) -> Option<Delivery> {
    let kind = WebhookKind::EVENTS.into_iter().find(|kind| kind.event() == Some(event.kind))?;
    Some(Delivery {
        number: 0,
        id: id(webhook, event.number),
        webhook,
        kind,
        body: body(event),
        created_at: now,
        status: DeliveryStatus::Pending,
        attempts: 0,
        tries: 0,
        next_at: now,
        last: None,
    })
}

/// The same whoever plans it, and however often.
fn id(webhook: WebhookId, event: u64) -> DeliveryId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&webhook.0).update(&event.to_le_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    DeliveryId(id)
}

/// As the log of events shows it, in the form of Standard Webhooks.
fn body(event: &Event) -> String {
    let mut data = json!({
        "event": event.number,
        "game": event.game.as_ref().map(ToString::to_string),
        "version": event.version.map(|version| version.to_string()),
        "match": event.of.map(|id| id.to_string()),
        "host": event.host.as_ref().map(ToString::to_string),
        "name": event.name,
        // It was read before it was kept.
        "details": serde_json::from_str::<Value>(&event.data).unwrap_or_default(),
    });
    if let Some(fields) = data.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    json!({"type": event.kind.as_str(), "timestamp": event.at.to_string(), "data": data}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EventKind;

    fn event(kind: EventKind) -> Event {
        Event {
            number: 7,
            at: UnixMs(1_795_168_800_123),
            kind,
            name: None,
            game: Some("chess".parse().unwrap()),
            version: None,
            of: None,
            host: None,
            data: r#"{"reason":"finished"}"#.to_owned(),
        }
    }

    #[test]
    fn a_message_has_the_form_of_standard_webhooks_and_an_id_of_its_own() {
        let (hook, now) = (WebhookId([1; 8]), UnixMs(5));
        let told = delivery(hook, &event(EventKind::MatchEnded), now).unwrap();
        let body: Value = serde_json::from_str(&told.body).unwrap();
        let expected = json!({
            "type": "match.ended", "timestamp": "2026-11-20T10:00:00.123Z",
            "data": {"event": 7, "game": "chess", "details": {"reason": "finished"}},
        });
        assert_eq!(body, expected);
        assert_eq!(told.id, delivery(hook, &event(EventKind::MatchEnded), now).unwrap().id);
        assert_ne!(told.id, delivery(WebhookId([2; 8]), &event(EventKind::MatchEnded), now).unwrap().id);
        assert!(delivery(hook, &event(EventKind::HostUp), now).is_none(), "that is for operators");
    }
}

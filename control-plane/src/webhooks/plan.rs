//! From what happened to what webhooks are told of it: read behind a webhook's cursor, added in one commit with it.

use super::{WebhookMessage, Webhooks};
use crate::matches::ResultsBody;
use crate::model::{
    Delivery, DeliveryId, DeliveryStatus, Event, EventFilter, EventKind, EventScope, UnixMs, Webhook, WebhookId,
    WebhookKind,
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
        let mut deliveries = Vec::with_capacity(since.items.len());
        for event in &since.items {
            let results = self.results(event).await?;
            deliveries.extend(delivery(webhook.id, (event, results), now));
        }
        // If somebody was first, that is as well.
        self.parts.store.plan_deliveries(webhook.id, (webhook.cursor, since.upto), &deliveries).await?;
        Ok(())
    }

    /// What came of a match that is over. Its row is there: the event was written in the same commit.
    async fn results(&self, event: &Event) -> Result<Option<ResultsBody>, StoreError> {
        let Some(id) = event.of.filter(|_| event.kind == EventKind::MatchEnded) else { return Ok(None) };
        let end = self.parts.store.match_record(id).await?.and_then(|record| record.end);
        Ok(end.as_ref().and_then(ResultsBody::of))
    }
}

/// What a webhook is told of an event; `None`: webhooks are not told of its kind.
fn delivery(webhook: WebhookId, (event, results): (&Event, Option<ResultsBody>), now: UnixMs) -> Option<Delivery> {
    let kind = WebhookKind::EVENTS.into_iter().find(|kind| kind.event() == Some(event.kind))?;
    Some(Delivery {
        number: 0,
        id: id(webhook, event.number),
        webhook,
        kind,
        body: WebhookMessage::of_event(event, results).text(),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

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
        let told = delivery(hook, (&event(EventKind::MatchEnded), None), now).unwrap();
        let body: Value = serde_json::from_str(&told.body).unwrap();
        let expected = json!({
            "type": "match.ended", "timestamp": "2026-11-20T10:00:00.123Z",
            "data": {"event": 7, "game": "chess", "details": {"reason": "finished"}},
        });
        assert_eq!(body, expected);
        assert_eq!(told.id, delivery(hook, (&event(EventKind::MatchEnded), None), now).unwrap().id);
        assert_ne!(told.id, delivery(WebhookId([2; 8]), (&event(EventKind::MatchEnded), None), now).unwrap().id);
        assert!(delivery(hook, (&event(EventKind::HostUp), None), now).is_none(), "that is for operators");
    }
}

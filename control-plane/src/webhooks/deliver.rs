//! The task that delivers: it claims what is due, tries it, and says what came of it.
//!
//! It looks when the bell of the log of events rings, when somebody on this replica made something due, and every
//! [`super::WebhookParts::look`] in any case: for what is to be tried again, and for words of the bell that were lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::ear::Ear;
use super::{AT_ONCE, CLAIM, Webhooks, forgotten, verdict};
use crate::clock::random;
use crate::model::{Attempt, Claim, Delivery, UnixMs, Webhook};
use crate::store::StoreError;

/// Messages under way from one replica: a connection each.
pub(super) const UNDER_WAY: usize = 64;

/// How often what is over and old is looked for.
const FORGET_EVERY: Duration = Duration::from_secs(3_600);

/// Delivers until it is dropped. What was under way then is tried again by the next, once its claim is over.
pub(crate) async fn deliver(webhooks: Arc<Webhooks>) {
    let mut trying = JoinSet::new();
    let mut forgotten_at = UnixMs::default();
    let mut ear = Ear::new(webhooks.parts.bell.clone());
    loop {
        // Before the look: what happens during it is heard of.
        ear.open().await;
        while trying.try_join_next().is_some() {}
        if let Err(error) = webhooks.plan().await {
            tracing::warn!(%error, "webhooks are told of what happened once the store is there");
        }
        let claimed = webhooks.claim(UNDER_WAY - trying.len()).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "messages of webhooks wait for the store");
            Vec::new()
        });
        let found = !claimed.is_empty();
        for (webhook, delivery) in claimed {
            let webhooks = webhooks.clone();
            trying.spawn(async move { webhooks.attempt(&webhook, &delivery).await });
        }
        if found && trying.len() < UNDER_WAY {
            continue;
        }
        webhooks.forget(&mut forgotten_at).await;
        tokio::select! {
            () = webhooks.called.notified() => {}
            _ = trying.join_next(), if !trying.is_empty() => {}
            () = ear.rung() => {}
            () = tokio::time::sleep(webhooks.parts.look) => {}
        }
    }
}

impl Webhooks {
    async fn claim(&self, room: usize) -> Result<Vec<(Webhook, Delivery)>, StoreError> {
        if room == 0 {
            return Ok(Vec::new());
        }
        let now = self.parts.clock.now();
        let claim = Claim { now, until: now.plus(CLAIM), at_once: AT_ONCE, most: room as u32 };
        self.parts.store.claim_deliveries(&claim).await
    }

    /// Tries a delivery that was claimed.
    async fn attempt(&self, webhook: &Webhook, delivery: &Delivery) {
        let tried = self.send(webhook, delivery).await;
        let now = self.parts.clock.now();
        let chance = u32::from_le_bytes(random(&*self.parts.rng));
        let verdict = verdict(webhook, delivery.tries, tried.heard, now, chance);
        let (game, name, id) = (&webhook.game, &webhook.name, delivery.id);
        let came = Attempt { at: now, code: tried.heard.code, error: tried.error };
        tracing::debug!(%game, webhook = %name, %id, attempt = delivery.attempts, ?came, "a message of a webhook was tried");
        let noted = async {
            self.parts.store.settle_delivery(delivery.id, delivery.attempts, &came, verdict.outcome).await?;
            match verdict.disable {
                Some(because) => self.disable(webhook, because).await,
                None => Ok(()),
            }
        };
        if let Err(error) = noted.await {
            tracing::warn!(%game, webhook = %name, %id, %error, "what came of a message is not noted: it is sent again");
        }
    }

    async fn forget(&self, forgotten_at: &mut UnixMs) {
        let now = self.parts.clock.now();
        if now.since(*forgotten_at) < FORGET_EVERY {
            return;
        }
        *forgotten_at = now;
        if let Err(error) = self.parts.store.forget_deliveries(forgotten(now)).await {
            tracing::warn!(%error, "old deliveries of webhooks stay for now");
        }
    }
}

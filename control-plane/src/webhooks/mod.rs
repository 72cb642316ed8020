//! Webhooks: owners of games are told by HTTP what happens in them, signed and tried again until it is taken.
//!
//! ```text
//!   events ──plan──▶ deliveries ──claim──▶ try ──settle──▶ delivered │ pending again │ failed
//!   (stored)  ▲      (stored: one commit         │
//!           bell      with the cursor)           └── 410, or silent for a day: the webhook is turned off, its owner is told
//! ```
//!
//! Every step is in the store before the next begins, and a claim ends by itself: whichever replica dies, another goes on.
//! A receiver may be told a thing twice, with the same `webhook-id`, and is never not told. [`calls`] is the other way round:
//! a match asks, and waits for the answer.
//!
//! **Bounds.** [`MOST`] webhooks for each game, [`AT_ONCE`] messages under way to each of them, [`deliver::UNDER_WAY`] in all
//! from each replica, [`WITHIN`] for each try, [`schedule`] for how many, [`KEEP`] for what is over.

mod calls;
mod deliver;
mod ear;
mod message;
mod plan;
mod schedule;
mod signature;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use hyper::{HeaderMap, Request};
use stadion_protocol::GameName;
use stadion_protocol::contract::Host;
use tokio::sync::Notify;

use crate::Keys;
use crate::clock::{Clock, Rng, random};
use crate::events::Bell;
use crate::http::guarded::{Bounds, Guarded, UrlFault};
use crate::lobby::{Lobby, PlayerEvent};
use crate::model::{
    Attempt, Delivery, DeliveryId, DeliveryStatus, Outcome, Salts, UnixMs, Webhook, WebhookId, WebhookKind,
    WebhookName, WebhookState,
};
use crate::store::{NewWebhookError, Store, StoreError};
pub(crate) use deliver::deliver;
pub(crate) use message::WebhookMessage;
use schedule::{Heard, verdict};
use signature::Secrets;

/// Webhooks of a game at most.
pub(crate) const MOST: u32 = 20;

/// Messages under way to one webhook at once: a slow one has so many open, and the others go on.
const AT_ONCE: u32 = 4;

/// How long a receiver may take.
const WITHIN: Duration = Duration::from_secs(15);

/// How long a replica keeps a delivery to itself: longer than a try takes.
const CLAIM: Duration = Duration::from_secs(60);

/// How long deliveries that are over are shown.
const KEEP: Duration = Duration::from_secs(7 * 86_400);

/// How long the secret before still signs, at most and unless told otherwise.
pub(crate) const LONGEST_OVERLAP: Duration = Duration::from_secs(7 * 86_400);
pub(crate) const OVERLAP: Duration = Duration::from_secs(86_400);

const SENDER: &str = concat!("Stadion/", env!("CARGO_PKG_VERSION"));

/// What [`Webhooks`] stand on.
pub(crate) struct WebhookParts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) lobby: Arc<Lobby>,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    /// Where requests may go.
    pub(crate) guarded: Guarded,
    /// Rings when something happened, on whichever replica.
    pub(crate) bell: Arc<Bell>,
    /// How often what is due is looked for without being rung for.
    pub(crate) look: Duration,
}

/// See the module.
pub(crate) struct Webhooks {
    parts: WebhookParts,
    secrets: Secrets,
    /// There is something to deliver.
    called: Notify,
}

/// What an owner wants of a webhook.
pub(crate) struct Wanted {
    pub(crate) url: String,
    pub(crate) kinds: BTreeSet<WebhookKind>,
    pub(crate) enabled: bool,
}

/// Why a webhook is not as it is wanted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebhookError {
    /// See [`UrlFault`].
    #[error("url: {0}")]
    Url(#[from] UrlFault),
    /// See [`NewWebhookError`].
    #[error(transparent)]
    New(#[from] NewWebhookError),
    /// There is none of this name.
    #[error("{0} has no webhook {1}")]
    Unknown(GameName, WebhookName),
    /// There is none of this id.
    #[error("the webhook has no delivery {0}; those that are over are kept for 7 days")]
    UnknownDelivery(DeliveryId),
    /// Somebody else changes its secret.
    #[error("its secret is being changed by another request; look at it and try again")]
    Rotating,
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of a try.
struct Tried {
    heard: Heard,
    error: Option<String>,
}

impl Webhooks {
    pub(crate) fn new(parts: WebhookParts, keys: &Keys) -> Webhooks {
        Webhooks { parts, secrets: Secrets::new(keys.webhooks), called: Notify::new() }
    }

    /// Adds a webhook; with its secret, which is told this once.
    pub(crate) async fn create(
        &self,
        game: &GameName,
        name: WebhookName,
        wanted: Wanted,
    ) -> Result<(Webhook, String), WebhookError> {
        self.parts.guarded.check(&wanted.url)?;
        let webhook = Webhook {
            id: WebhookId(random(&*self.parts.rng)),
            game: game.clone(),
            name,
            url: wanted.url,
            kinds: wanted.kinds,
            state: if wanted.enabled { WebhookState::Enabled } else { WebhookState::Paused },
            salts: Salts { current: random(&*self.parts.rng), previous: None },
            failing_since: None,
            // Of what happens from now on.
            cursor: self.parts.store.last_event().await?,
            created_at: self.parts.clock.now(),
        };
        self.parts.store.create_webhook(&webhook, MOST).await?;
        let secret = self.secrets.of(webhook.id, &webhook.salts.current).text();
        Ok((webhook, secret))
    }

    /// The webhook of a game that has this name.
    pub(crate) async fn find(&self, game: &GameName, name: &WebhookName) -> Result<Webhook, WebhookError> {
        let found = self.parts.store.webhook(game, name).await?;
        found.ok_or_else(|| WebhookError::Unknown(game.clone(), name.clone()))
    }

    /// Changes one. Enabling one that was off has what waits for it tried again.
    pub(crate) async fn set(&self, mut webhook: Webhook, wanted: Wanted) -> Result<Webhook, WebhookError> {
        self.parts.guarded.check(&wanted.url)?;
        (webhook.url, webhook.kinds) = (wanted.url, wanted.kinds);
        webhook.state = match webhook.state {
            _ if wanted.enabled => WebhookState::Enabled,
            // Why it was turned off stays to be read.
            WebhookState::Disabled(because) => WebhookState::Disabled(because),
            WebhookState::Enabled | WebhookState::Paused => WebhookState::Paused,
        };
        webhook.failing_since = None;
        // What happened while it was off is over.
        webhook.cursor = self.parts.store.last_event().await?;
        if !self.parts.store.set_webhook(&webhook).await? {
            return Err(WebhookError::Unknown(webhook.game, webhook.name));
        }
        self.called.notify_one();
        Ok(webhook)
    }

    /// Removes one, with all that waits for it.
    pub(crate) async fn remove(&self, webhook: &Webhook) -> Result<(), WebhookError> {
        if self.parts.store.remove_webhook(webhook.id).await? {
            return Ok(());
        }
        Err(WebhookError::Unknown(webhook.game.clone(), webhook.name.clone()))
    }

    /// Gives it another secret, which is told this once; the one before signs beside it for a while.
    pub(crate) async fn rotate(
        &self,
        mut webhook: Webhook,
        overlap: Duration,
    ) -> Result<(Webhook, String), WebhookError> {
        let before = webhook.salts.current;
        let until = self.parts.clock.now().plus(overlap);
        webhook.salts =
            Salts { current: random(&*self.parts.rng), previous: Some((before, until)).filter(|_| !overlap.is_zero()) };
        if !self.parts.store.rotate_webhook(webhook.id, &before, &webhook.salts).await? {
            return Err(WebhookError::Rotating);
        }
        let secret = self.secrets.of(webhook.id, &webhook.salts.current).text();
        Ok((webhook, secret))
    }

    /// Sends a ping, once, whether the webhook is enabled or not: what came of it.
    pub(crate) async fn test(&self, webhook: &Webhook) -> Result<Delivery, WebhookError> {
        let now = self.parts.clock.now();
        let id = DeliveryId(random(&*self.parts.rng));
        let delivery = Delivery {
            number: 0,
            id,
            webhook: webhook.id,
            kind: WebhookKind::Ping,
            body: WebhookMessage::ping(webhook, now).text(),
            created_at: now,
            status: DeliveryStatus::Pending,
            attempts: 1,
            tries: 1,
            next_at: now.plus(CLAIM),
            last: None,
        };
        self.parts.store.add_deliveries(std::slice::from_ref(&delivery)).await?;
        let tried = self.send(webhook, &delivery).await;
        let outcome = if matches!(tried.heard.code, Some(200..=299)) { Outcome::Delivered } else { Outcome::Failed };
        let came = Attempt { at: self.parts.clock.now(), code: tried.heard.code, error: tried.error };
        self.parts.store.settle_delivery(id, 1, &came, outcome).await?;
        self.delivery(webhook, id).await
    }

    /// A delivery of a webhook.
    async fn delivery(&self, webhook: &Webhook, id: DeliveryId) -> Result<Delivery, WebhookError> {
        let found = self.parts.store.delivery(webhook.id, id).await?;
        found.ok_or(WebhookError::UnknownDelivery(id))
    }

    /// Has a delivery tried again, now.
    pub(crate) async fn redeliver(&self, webhook: &Webhook, id: DeliveryId) -> Result<Delivery, WebhookError> {
        if !self.parts.store.redeliver(webhook.id, id, self.parts.clock.now()).await? {
            return Err(WebhookError::UnknownDelivery(id));
        }
        self.called.notify_one();
        self.delivery(webhook, id).await
    }

    /// Sends a message once.
    async fn send(&self, webhook: &Webhook, delivery: &Delivery) -> Tried {
        let request = self.request(webhook, &delivery.id.to_string(), delivery.body.clone().into());
        let answer = match request {
            Ok(request) => self.parts.guarded.send(request, Bounds { within: WITHIN, body: None }).await,
            Err(fault) => Err(fault.into()),
        };
        match answer {
            Ok(answer) => {
                let (code, retry_after) = (answer.status(), retry_after(answer.headers()));
                let error = (!code.is_success()).then(|| format!("it answered {code}"));
                Tried { heard: Heard { code: Some(code.as_u16()), retry_after }, error }
            }
            Err(error) => Tried { heard: Heard { code: None, retry_after: None }, error: Some(error.to_string()) },
        }
    }

    /// A signed message.
    fn request(&self, webhook: &Webhook, id: &str, body: Bytes) -> Result<Request<Bytes>, UrlFault> {
        let signed = self.secrets.sign((webhook.id, &webhook.salts), id, self.parts.clock.now(), &body);
        let request = Request::post(&webhook.url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, SENDER)
            .header("webhook-id", signed.id)
            .header("webhook-timestamp", signed.timestamp)
            .header("webhook-signature", signed.signature);
        request.body(body).map_err(|_| UrlFault::Malformed)
    }

    /// Turns a webhook off that does not answer, and tells its owner.
    async fn disable(&self, webhook: &Webhook, because: &str) -> Result<(), StoreError> {
        if !self.parts.store.disable_webhook(webhook.id, because).await? {
            return Ok(());
        }
        tracing::warn!(game = %webhook.game, webhook = %webhook.name, because, "a webhook is turned off");
        if let Some(entry) = self.parts.store.game(&webhook.game).await? {
            let (game, name) = (webhook.game.to_string(), webhook.name.to_string());
            let event = PlayerEvent::WebhookDisabled { game, webhook: name, because: because.to_owned() };
            self.parts.lobby.tell(&entry.game.owner, &event).await;
        }
        Ok(())
    }
}

/// Whole seconds; what is given as a date is not waited for.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// When what was made before is forgotten.
fn forgotten(now: UnixMs) -> UnixMs {
    UnixMs(now.0.saturating_sub(u64::try_from(KEEP.as_millis()).unwrap_or(u64::MAX)))
}

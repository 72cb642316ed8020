//! Webhooks and what they are told.

use std::collections::BTreeSet;

use stadion_protocol::{GameName, PlayerId};

use super::StoreError;
use super::row::{Columns, parsed};
use crate::model::{
    Attempt, Claim, Delivery, DeliveryId, DeliveryStatus, Outcome, Page, PageRequest, Salt, Salts, UnixMs, Webhook,
    WebhookId, WebhookKind, WebhookName, WebhookState,
};

/// Webhooks of an owner that are listed at most.
pub(super) const MOST_LISTED: i64 = 1_000;

/// Webhooks for which deliveries are looked for in one go.
pub(super) const MOST_CLAIMED: i64 = 64;

/// Deliveries of one webhook that wait, about: past it, it is told of no more events for now.
pub(super) const MOST_PENDING: i64 = 10_000;

/// Why there is no such webhook now.
#[derive(Debug, thiserror::Error)]
pub enum NewWebhookError {
    /// The game has another of this name.
    #[error("the game has a webhook of this name already")]
    NameTaken,
    /// The game has as many as it may.
    #[error("a game has {0} webhooks at most; delete one")]
    TooMany(u32),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps webhooks and deliveries.
///
/// A delivery is pending until a replica claims it, tries, and settles what came of it. A claim ends by itself: if a replica
/// dies in between, another one tries again, so that a receiver may see a delivery twice and never not at all.
#[async_trait::async_trait]
pub trait WebhookStore: Send + Sync + 'static {
    /// Adds a webhook to a game that then has `most` at most.
    async fn create_webhook(&self, webhook: &Webhook, most: u32) -> Result<(), NewWebhookError>;

    /// The webhooks of a game, by name.
    async fn webhooks(&self, game: &GameName) -> Result<Vec<Webhook>, StoreError>;

    /// The webhooks of all games of an owner, by game and name, at most 1,000.
    async fn webhooks_of(&self, owner: &PlayerId) -> Result<Vec<Webhook>, StoreError>;

    /// The webhook of a game that has this name.
    async fn webhook(&self, game: &GameName, name: &WebhookName) -> Result<Option<Webhook>, StoreError>;

    /// Changes where a webhook is, what it is told of and whether: whether it is there. Whether it fails is seen anew; one that
    /// was off and is enabled is told of events from its cursor on.
    async fn set_webhook(&self, webhook: &Webhook) -> Result<bool, StoreError>;

    /// Changes what messages to it are signed with, if that is still `from`: whether it was.
    async fn rotate_webhook(&self, id: WebhookId, from: &Salt, to: &Salts) -> Result<bool, StoreError>;

    /// Turns a webhook off that did not answer: whether it was enabled.
    async fn disable_webhook(&self, id: WebhookId, because: &str) -> Result<bool, StoreError>;

    /// Removes a webhook with its deliveries: whether it was there.
    async fn remove_webhook(&self, id: WebhookId) -> Result<bool, StoreError>;

    /// Adds deliveries, of which the store knows some already perhaps: those stay as they are. Their numbers are the store's.
    async fn add_deliveries(&self, deliveries: &[Delivery]) -> Result<(), StoreError>;

    /// Webhooks that are enabled and in whose games something happened that they were not yet told of or passed over, those
    /// that are furthest behind first, some at a time. One for which too much waits is not among them.
    async fn webhooks_behind(&self) -> Result<Vec<Webhook>, StoreError>;

    /// Adds what a webhook is to be told of the events behind `from` up to `to`, in one commit with its cursor, if that is still
    /// at `from`: whether it was.
    async fn plan_deliveries(
        &self,
        webhook: WebhookId,
        (from, to): (u64, u64),
        deliveries: &[Delivery],
    ) -> Result<bool, StoreError>;

    /// Takes pending deliveries whose time has come, of webhooks that are enabled, the longest due first: nobody else gets
    /// them until the claim is over, or they are settled. Each is counted as a try.
    async fn claim_deliveries(&self, claim: &Claim) -> Result<Vec<(Webhook, Delivery)>, StoreError>;

    /// Says what came of a try, unless it was tried again meanwhile: whether it was so noted.
    async fn settle_delivery(
        &self,
        id: DeliveryId,
        attempt: u32,
        came: &Attempt,
        outcome: Outcome,
    ) -> Result<bool, StoreError>;

    /// A delivery of a webhook.
    async fn delivery(&self, webhook: WebhookId, id: DeliveryId) -> Result<Option<Delivery>, StoreError>;

    /// Deliveries of a webhook, newest first.
    async fn deliveries(
        &self,
        webhook: WebhookId,
        status: Option<DeliveryStatus>,
        page: &PageRequest<u64>,
    ) -> Result<Page<Delivery, u64>, StoreError>;

    /// Has a delivery tried now, with as many tries as a new one: whether there is one.
    async fn redeliver(&self, webhook: WebhookId, id: DeliveryId, now: UnixMs) -> Result<bool, StoreError>;

    /// Removes deliveries that were made before a time and are not pending: how many.
    async fn forget_deliveries(&self, before: UnixMs) -> Result<u64, StoreError>;
}

/// What a webhook is told of, as its row says it.
pub(super) fn kinds(webhook: &Webhook) -> String {
    webhook.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(",")
}

/// What a webhook is told of, from its row.
pub(super) fn read_kinds(text: &str) -> Result<BTreeSet<WebhookKind>, StoreError> {
    text.split(',').filter(|kind| !kind.is_empty()).map(parsed).collect()
}

/// Whether it is told, as its row says it: and why not.
pub(super) fn state_parts(state: &WebhookState) -> (&'static str, Option<&str>) {
    match state {
        WebhookState::Enabled => ("enabled", None),
        WebhookState::Paused => ("paused", None),
        WebhookState::Disabled(because) => ("disabled", Some(because)),
    }
}

/// Whether it is told, from its row.
pub(super) fn state_of(state: &str, because: Option<String>) -> WebhookState {
    match state {
        "enabled" => WebhookState::Enabled,
        "paused" => WebhookState::Paused,
        _ => WebhookState::Disabled(because.unwrap_or_default()),
    }
}

/// Status and next time of a delivery that was tried. What is over has no next time, and is not claimed by one.
pub(super) fn outcome_columns(outcome: Outcome, at: UnixMs) -> (DeliveryStatus, UnixMs) {
    match outcome {
        Outcome::Delivered => (DeliveryStatus::Delivered, at),
        Outcome::Again(next_at) => (DeliveryStatus::Pending, next_at),
        Outcome::Failed => (DeliveryStatus::Failed, at),
    }
}

/// A webhook, from its row.
pub(super) fn webhook(row: &impl Columns) -> Result<Webhook, StoreError> {
    let previous = row.maybe_array("previous_salt")?.zip(row.maybe_time("previous_until")?);
    Ok(Webhook {
        id: WebhookId(row.array("id")?),
        game: row.parsed("game")?,
        name: row.parsed("name")?,
        url: row.text("url")?,
        kinds: read_kinds(&row.text("kinds")?)?,
        state: state_of(&row.text("state")?, row.maybe_text("disabled_because")?),
        salts: Salts { current: row.array("salt")?, previous },
        failing_since: row.maybe_time("failing_since")?,
        cursor: row.uint("cursor")?,
        created_at: row.time("created_at")?,
    })
}

/// A delivery, from its row.
pub(super) fn delivery(row: &impl Columns) -> Result<Delivery, StoreError> {
    let last = match row.maybe_time("last_at")? {
        Some(at) => Some(Attempt { at, code: row.maybe_uint("last_code")?, error: row.maybe_text("last_error")? }),
        None => None,
    };
    Ok(Delivery {
        number: row.uint("number")?,
        id: DeliveryId(row.array("id")?),
        webhook: WebhookId(row.array("webhook")?),
        kind: row.parsed("kind")?,
        body: row.text("body")?,
        created_at: row.time("created_at")?,
        status: row.parsed("status")?,
        attempts: row.uint("attempts")?,
        tries: row.uint("tries")?,
        next_at: row.time("next_at")?,
        last,
    })
}

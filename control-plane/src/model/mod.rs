//! What the control plane keeps and decides about: accounts, sessions, games, versions, matches, events.
//!
//! Domain types only: nothing here is serialized, knows SQL or HTTP. Wire types are built from these at the door
//! ([`crate::api`]), rows in the store.

mod account;
mod api_key;
mod audit;
mod channel;
mod document;
mod event;
mod game;
mod history;
mod host;
mod identity;
mod key;
mod matches;
mod page;
mod quota;
mod region;
mod report;
mod second_factor;
mod session;
mod social;
mod time;
mod usage;
mod webhook;

pub use account::{Account, AccountName, DisplayName, InvalidName, PasswordHash, Role};
pub use api_key::{ApiKey, ApiKeyId, InvalidApiKeyId, InvalidScope, Scope, Scopes};
pub use audit::{AuditEntry, AuditFilter};
pub use channel::{Channel, ChannelAction, ChannelChange, ChannelName, ChannelWrite, InvalidChannelName};
pub use document::{
    Document, DocumentChange, DocumentError, DocumentHead, DocumentKey, DocumentLimits, DocumentPlace,
    InvalidDocumentKey, OnceKey, PlayerAccess,
};
pub use event::{
    EVENT_BYTES, Event, EventFilter, EventKind, EventScope, EventsSince, InvalidEventKind, NewEvent, REASON_NAMES,
    is_failure, reason_name,
};
pub use game::{Game, GameEntry, Quarantine, Version};
pub use history::{Played, PlayedRating};
pub use host::{HostName, InvalidHostName};
pub use identity::Identity;
pub use key::{InvalidKey, MatchKey};
pub use matches::{MatchEnd, MatchFilter, MatchNarrowing, MatchRecord, MatchWrite, StateFilter, Viewer, Visibility};
pub use page::{Page, PageRequest};
pub use quota::{Owned, QuotaOverride, Quotas};
pub use region::{InvalidRegion, Region};
pub use report::{Filed, InvalidReportId, InvalidReportWord, Report, ReportId, ReportReason, ReportState};
pub use second_factor::{FactorSalt, SecondFactor};
pub use session::{Refresh, Session, SessionId};
pub use social::{Friend, Friendship, QueuedMatch, Rating, Standing};
pub use time::{InvalidTime, UnixMs};
pub use usage::{Usage, UsageScope, UsageSum};
pub use webhook::{
    Attempt, Claim, Delivery, DeliveryId, DeliveryStatus, InvalidDeliveryId, InvalidDeliveryStatus, InvalidWebhookKind,
    InvalidWebhookName, Outcome, Salt, Salts, Webhook, WebhookId, WebhookKind, WebhookName, WebhookState,
};

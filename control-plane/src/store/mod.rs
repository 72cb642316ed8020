//! What must outlive the process: accounts, sign-in sessions, keys, games, versions, matches, friends, ratings, who did
//! what, what happened, webhooks and what they are told.
//!
//! One trait for each of them, in the file of its name; every implementation has the same files. `suite` is the one
//! set of tests that each implementation must pass.
//!
//! **Invariant.** Nothing here is called between a `play` request and its answer, except reads on a cache miss: a commit
//! costs milliseconds.

mod accounts;
mod api_keys;
mod audit;
mod channels;
mod documents;
mod events;
mod games;
mod history;
mod identity;
mod matches;
mod migrations;
pub mod postgres;
mod quotas;
mod ratings;
mod reports;
mod row;
mod second_factors;
mod social;
pub mod sqlite;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod suite_channels;
#[cfg(test)]
mod suite_documents;
#[cfg(test)]
mod suite_events;
#[cfg(test)]
mod suite_history;
#[cfg(test)]
mod suite_quotas;
#[cfg(test)]
mod suite_second_factors;
#[cfg(test)]
mod suite_security;
#[cfg(test)]
mod suite_social;
#[cfg(test)]
mod suite_webhooks;
mod webhooks;

pub(crate) use accounts::MOST_REVOKED;
pub use accounts::{AccountStore, NewAccountError};
pub use api_keys::ApiKeyStore;
pub use audit::AuditStore;
pub use channels::ChannelStore;
pub use documents::DocumentStore;
pub use events::EventStore;
pub use games::GameStore;
pub use history::HistoryStore;
pub use identity::{DeleteAccountError, IdentityStore, Unlinked};
pub use matches::MatchStore;
pub use quotas::QuotaStore;
pub use ratings::{Board, RatingStore, RatingWrite};
pub use reports::ReportStore;
pub use second_factors::SecondFactorStore;
pub use social::SocialStore;
pub use webhooks::{NewWebhookError, WebhookStore};

/// All of it. Implementations are handed on as `Arc<dyn Store>`.
#[async_trait::async_trait]
pub trait Store:
    AccountStore
    + IdentityStore
    + ApiKeyStore
    + AuditStore
    + DocumentStore
    + EventStore
    + GameStore
    + ChannelStore
    + MatchStore
    + QuotaStore
    + SecondFactorStore
    + SocialStore
    + RatingStore
    + HistoryStore
    + ReportStore
    + WebhookStore
{
    /// Whether it answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Waits for what is under way and lets go of files and connections.
    async fn close(&self);
}

/// The store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not answer, or not in time: worth another try later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It holds something that cannot be: a fault of ours, or damage.
    #[error("the store holds a value that does not fit: {0}")]
    Corrupt(String),
    /// Its schema is not one that this server may use: said at the start.
    #[error("the database cannot be used: {0}")]
    Schema(String),
}

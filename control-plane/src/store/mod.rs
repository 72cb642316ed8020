//! What must outlive the process: accounts, sign-in sessions, games, versions, matches.
//!
//! One trait for each of them, in the file of its name; every implementation has the same files. [`suite`] is the one
//! set of tests that each implementation must pass.
//!
//! **Invariant.** Nothing here is called between a `play` request and its answer, except reads on a cache miss: a commit
//! costs milliseconds.

mod accounts;
mod games;
mod matches;
pub mod sqlite;
#[cfg(test)]
mod suite;

pub use accounts::{AccountStore, NewAccountError};
pub use games::GameStore;
pub use matches::MatchStore;

/// All of it. Implementations are handed on as `Arc<dyn Store>`.
#[async_trait::async_trait]
pub trait Store: AccountStore + GameStore + MatchStore {
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
}

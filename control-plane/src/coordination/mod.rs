//! Shared volatile state of all replicas: short-lived notes, limits, sets, the index of matches that take players, and in
//! files of their own leases ([`Leases`]), maps ([`Maps`]) and topics ([`Topics`]).
//!
//! **Invariant.** Nothing in here is the only copy of anything: all of it may vanish at any instant, and what is lost is
//! at most a limit that starts afresh. What replicas note here of their matches and of void tokens they note again once they
//! find it gone.

mod lease;
mod map;
mod memory;
pub mod redis;
#[cfg(test)]
mod suite;
mod topic;

use std::time::Duration;

use stadion_protocol::MatchId;

pub use lease::{Fence, Leases};
pub use map::{Committed, FieldChange, Guard, Maps};
pub use memory::MemoryCoordination;
pub use topic::{KEPT, KEPT_FOR, Listener, MESSAGE_BYTES, Told, Topics};

/// The coordination service failed: what needs it answers 503.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("coordination is unavailable: {0}")]
pub struct CoordinationError(pub String);

/// A limit, as a token bucket: `burst` at once, refilled by one every `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The bucket's size, at least 1.
    pub burst: u32,
    /// Time until one more is allowed.
    pub every: Duration,
}

/// What a limit answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Whether this one may pass.
    pub allowed: bool,
    /// How many more may pass now.
    pub remaining: u32,
    /// Until the next one may pass; zero when one may now.
    pub retry_after: Duration,
    /// Until the bucket is full again.
    pub full_in: Duration,
}

impl Rate {
    /// Never nothing: milliseconds are counted.
    fn every(self) -> Duration {
        self.every.max(Duration::from_millis(1))
    }
}

impl Allowance {
    /// Of a bucket that will be full again after `full_in`.
    fn of(rate: Rate, allowed: bool, full_in: Duration) -> Allowance {
        let (every, room) = (rate.every(), rate.every() * rate.burst);
        let remaining = (room.saturating_sub(full_in).as_millis() / every.as_millis()) as u32;
        Allowance { allowed, remaining, retry_after: (full_in + every).saturating_sub(room), full_in }
    }
}

/// A public match as the index lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenMatch {
    /// Which.
    pub id: MatchId,
    /// Seats that nobody holds or is on the way to.
    pub free: u16,
}

/// What a player who wants into any match of a pool is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Ask this match for a seat: one of its free seats is set aside in the index.
    Join(MatchId),
    /// None is open: the offered match is listed now, and the caller is to create it (or unlist it).
    Create,
}

/// See the module. A pool is a game's version; keys and sets are named by their users, with a prefix of their own.
#[async_trait::async_trait]
pub trait Coordination: Leases + Maps + Topics {
    /// Puts a note where there is none: `None` when it was put, else what is there.
    async fn put_new(&self, key: &str, value: &[u8], keep: Duration) -> Result<Option<Vec<u8>>, CoordinationError>;

    /// Puts a note in place of any other.
    async fn put(&self, key: &str, value: &[u8], keep: Duration) -> Result<(), CoordinationError>;

    /// The note of a key.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CoordinationError>;

    /// Removes a note.
    async fn remove(&self, key: &str) -> Result<(), CoordinationError>;

    /// Removes a note if it says this, in one step: what another has put since stays.
    async fn remove_if(&self, key: &str, value: &[u8]) -> Result<(), CoordinationError>;

    /// Puts a note if what is there is `expected` (`None`: nothing), in one step: whether it was.
    async fn swap(
        &self,
        key: &str,
        expected: Option<&[u8]>,
        value: &[u8],
        keep: Duration,
    ) -> Result<bool, CoordinationError>;

    /// Takes one from a bucket, if there is one.
    async fn take(&self, key: &str, rate: Rate) -> Result<Allowance, CoordinationError>;

    /// Adds a member to a set unless that makes more than `limit`: whether it is in now.
    async fn join_set(&self, set: &str, member: MatchId, limit: u32) -> Result<bool, CoordinationError>;

    /// Removes a member from a set.
    async fn leave_set(&self, set: &str, member: MatchId) -> Result<(), CoordinationError>;

    /// Sets aside a seat of the fullest open match of a pool (the oldest among equals), or lists `fresh`; in one step,
    /// so that callers at the same time gather in one match.
    async fn claim_or_list(&self, pool: &str, except: &[MatchId], fresh: OpenMatch)
    -> Result<Claim, CoordinationError>;

    /// Lists a match.
    async fn list(&self, pool: &str, open: OpenMatch) -> Result<(), CoordinationError>;

    /// Corrects the free seats of a match, if it is listed.
    async fn set_free(&self, pool: &str, open: OpenMatch) -> Result<(), CoordinationError>;

    /// Takes a match out of the index.
    async fn unlist(&self, pool: &str, id: MatchId) -> Result<(), CoordinationError>;
}

//! Leases: of several replicas, one does a thing at a time.

use std::time::Duration;

use super::CoordinationError;

/// Numbers the holders of a lease in their order: whoever holds it later has a greater one, also after coordination has
/// lost everything (numbers start at the time, in milliseconds). What a holder writes where it must not overwrite a later
/// one's work carries its number, and the store refuses a lower one: a holder may find out too late that its time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

/// Keeps leases.
///
/// A holder renews at a third of `keep` and stops its work once two thirds have passed without an answer: another may begin
/// at the whole.
#[async_trait::async_trait]
pub trait Leases: Send + Sync + 'static {
    /// Takes a lease that nobody holds, or renews the one that `holder` has: its number, the same at each renewal. `None`:
    /// another has it. It ends by itself after `keep`.
    async fn lease(&self, name: &str, holder: &str, keep: Duration) -> Result<Option<Fence>, CoordinationError>;

    /// Gives a lease back, if `holder` has it.
    async fn give_back(&self, name: &str, holder: &str) -> Result<(), CoordinationError>;
}

//! Leases of a single replica.

use std::time::Duration;

use super::MemoryCoordination;
use crate::coordination::{CoordinationError, Fence, Leases};
use crate::model::UnixMs;

/// A lease as it was last taken. It stays known when it is over: names are few, and its number must not come again.
pub(super) struct Lease {
    holder: Option<String>,
    fence: Fence,
    until: UnixMs,
}

impl Lease {
    /// Whether nobody has taken it since this number was given.
    pub(super) fn is_numbered(&self, fence: Fence) -> bool {
        self.fence == fence
    }
}

#[async_trait::async_trait]
impl Leases for MemoryCoordination {
    async fn lease(&self, name: &str, holder: &str, keep: Duration) -> Result<Option<Fence>, CoordinationError> {
        let now = self.clock.now();
        let mut state = self.state();
        let before = state.leases.get_mut(name);
        let last = match before {
            Some(lease) if lease.holder.is_some() && lease.until > now => {
                let own = lease.holder.as_deref() == Some(holder);
                if own {
                    lease.until = now.plus(keep);
                }
                return Ok(own.then_some(lease.fence));
            }
            Some(lease) => lease.fence.0,
            None => 0,
        };
        let fence = Fence(now.0.max(last + 1));
        let lease = Lease { holder: Some(holder.to_owned()), fence, until: now.plus(keep) };
        state.leases.insert(name.to_owned(), lease);
        Ok(Some(fence))
    }

    async fn give_back(&self, name: &str, holder: &str) -> Result<(), CoordinationError> {
        if let Some(lease) = self.state().leases.get_mut(name)
            && lease.holder.as_deref() == Some(holder)
        {
            lease.holder = None;
        }
        Ok(())
    }
}

//! Leases in Redis.

use std::time::Duration;

use super::{RedisCoordination, ms};
use crate::coordination::{CoordinationError, Fence, Leases};

#[async_trait::async_trait]
impl Leases for RedisCoordination {
    async fn lease(&self, name: &str, holder: &str, keep: Duration) -> Result<Option<Fence>, CoordinationError> {
        let mut call = self.scripts.lease.key(self.key("lease", name));
        call.key(self.key("fence", name)).arg(holder).arg(ms(keep));
        let number: Option<u64> = self.invoke(&call).await?;
        Ok(number.map(Fence))
    }

    async fn give_back(&self, name: &str, holder: &str) -> Result<(), CoordinationError> {
        self.invoke(self.scripts.remove_if.key(self.key("lease", name)).arg(holder)).await
    }
}

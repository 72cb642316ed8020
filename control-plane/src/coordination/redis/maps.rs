//! Maps in Redis, as hashes.

use super::RedisCoordination;
use crate::coordination::{Committed, CoordinationError, FieldChange, Guard, Maps};

#[async_trait::async_trait]
impl Maps for RedisCoordination {
    async fn map_put(&self, map: &str, field: &str, value: &[u8], limit: u32) -> Result<bool, CoordinationError> {
        self.invoke(self.scripts.map_put.key(self.key("map", map)).arg(field).arg(value).arg(limit)).await
    }

    async fn map_swap(&self, map: &str, field: &str, expected: &[u8], value: &[u8]) -> Result<bool, CoordinationError> {
        self.invoke(self.scripts.map_swap.key(self.key("map", map)).arg(field).arg(expected).arg(value)).await
    }

    async fn map_commit(
        &self,
        guard: Guard<'_>,
        map: &str,
        changes: &[FieldChange],
    ) -> Result<Committed, CoordinationError> {
        let mut call = self.scripts.map_commit.key(self.key("fence", guard.lease));
        call.key(self.key("map", map)).arg(guard.fence.0);
        for FieldChange { field, expected, value } in changes {
            call.arg(field).arg(&expected[..]).arg(u8::from(value.is_some())).arg(value.as_deref().unwrap_or_default());
        }
        let answer: u8 = self.invoke(&call).await?;
        match answer {
            0 => Ok(Committed::Done),
            1 => Ok(Committed::Changed),
            _ => Ok(Committed::Fenced),
        }
    }

    async fn map_get(&self, map: &str, field: &str) -> Result<Option<Vec<u8>>, CoordinationError> {
        self.ask(redis::cmd("HGET").arg(self.key("map", map)).arg(field)).await
    }

    async fn map_take(&self, map: &str, field: &str) -> Result<Option<Vec<u8>>, CoordinationError> {
        self.invoke(self.scripts.map_take.key(self.key("map", map)).arg(field)).await
    }

    async fn map_entries(&self, map: &str) -> Result<Vec<(String, Vec<u8>)>, CoordinationError> {
        self.ask(redis::cmd("HGETALL").arg(self.key("map", map))).await
    }
}

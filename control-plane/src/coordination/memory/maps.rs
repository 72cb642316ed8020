//! Maps of a single replica.

use super::MemoryCoordination;
use crate::coordination::{Committed, CoordinationError, FieldChange, Guard, Maps};

#[async_trait::async_trait]
impl Maps for MemoryCoordination {
    async fn map_put(&self, map: &str, field: &str, value: &[u8], limit: u32) -> Result<bool, CoordinationError> {
        let mut state = self.state();
        let fields = state.maps.get(map);
        let (there, count) = fields.map_or((false, 0), |fields| (fields.contains_key(field), fields.len()));
        let fits = there || count < limit as usize;
        if fits {
            state.maps.entry(map.to_owned()).or_default().insert(field.to_owned(), value.to_vec());
        }
        Ok(fits)
    }

    async fn map_swap(&self, map: &str, field: &str, expected: &[u8], value: &[u8]) -> Result<bool, CoordinationError> {
        let mut state = self.state();
        let there = state.maps.get_mut(map).and_then(|fields| fields.get_mut(field));
        match there.filter(|there| *there == expected) {
            Some(there) => {
                *there = value.to_vec();
                Ok(true)
            }
            None => Ok(false),
        }
    }

    async fn map_commit(
        &self,
        guard: Guard<'_>,
        map: &str,
        changes: &[FieldChange],
    ) -> Result<Committed, CoordinationError> {
        let mut state = self.state();
        if state.leases.get(guard.lease).is_none_or(|lease| !lease.is_numbered(guard.fence)) {
            return Ok(Committed::Fenced);
        }
        if changes.is_empty() {
            return Ok(Committed::Done);
        }
        let Some(fields) = state.maps.get_mut(map) else { return Ok(Committed::Changed) };
        if changes.iter().any(|change| fields.get(&change.field) != Some(&change.expected)) {
            return Ok(Committed::Changed);
        }
        for FieldChange { field, value, .. } in changes {
            match value {
                Some(value) => fields.insert(field.clone(), value.clone()),
                None => fields.remove(field),
            };
        }
        if fields.is_empty() {
            state.maps.remove(map);
        }
        Ok(Committed::Done)
    }

    async fn map_get(&self, map: &str, field: &str) -> Result<Option<Vec<u8>>, CoordinationError> {
        Ok(self.state().maps.get(map).and_then(|fields| fields.get(field)).cloned())
    }

    async fn map_take(&self, map: &str, field: &str) -> Result<Option<Vec<u8>>, CoordinationError> {
        let mut state = self.state();
        let Some(fields) = state.maps.get_mut(map) else { return Ok(None) };
        let taken = fields.remove(field);
        if fields.is_empty() {
            state.maps.remove(map);
        }
        Ok(taken)
    }

    async fn map_entries(&self, map: &str) -> Result<Vec<(String, Vec<u8>)>, CoordinationError> {
        let state = self.state();
        let fields = state.maps.get(map).into_iter().flatten();
        Ok(fields.map(|(field, value)| (field.clone(), value.clone())).collect())
    }
}

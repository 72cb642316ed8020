//! Coordination of a single replica, in its memory.

mod leases;
mod maps;
mod topics;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stadion_protocol::MatchId;

use super::topic::{Line, Switchboard};
use super::{Allowance, Claim, Coordination, CoordinationError, OpenMatch, Rate};
use crate::clock::Clock;
use crate::model::UnixMs;

/// Notes and buckets that are kept at most, each: past it new ones are refused, so that a flood of addresses cannot eat
/// the machine's memory (about 200 bytes each).
const MAX_ENTRIES: usize = 500_000;

/// Expired entries are looked for after this many insertions, or half of what is there, whichever is more: each
/// insertion then pays for a constant number of visits.
const SWEEP_AFTER: usize = 1024;

/// See the module.
pub struct MemoryCoordination {
    clock: Arc<dyn Clock>,
    /// Shared with listeners.
    state: Arc<Mutex<State>>,
    switchboard: Arc<Switchboard>,
}

#[derive(Default)]
struct State {
    notes: Expiring<Vec<u8>>,
    buckets: Expiring<Bucket>,
    sets: HashMap<String, HashSet<MatchId>>,
    pools: HashMap<String, Pool>,
    leases: HashMap<String, leases::Lease>,
    maps: HashMap<String, BTreeMap<String, Vec<u8>>>,
    /// Of the last message of each topic.
    numbers: Expiring<u64>,
    lines: Expiring<VecDeque<Line>>,
}

impl MemoryCoordination {
    /// Empty.
    pub fn new(clock: Arc<dyn Clock>) -> MemoryCoordination {
        MemoryCoordination { clock, state: Arc::default(), switchboard: Arc::default() }
    }

    /// No step in here can panic half-way, so a poisoned lock still guards a whole state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl Coordination for MemoryCoordination {
    async fn put_new(&self, key: &str, value: &[u8], keep: Duration) -> Result<Option<Vec<u8>>, CoordinationError> {
        let now = self.clock.now();
        let notes = &mut self.state().notes;
        if let Some(there) = notes.get(key, now) {
            return Ok(Some(there.clone()));
        }
        notes.put(key, value.to_vec(), now, now.plus(keep))?;
        Ok(None)
    }

    async fn put(&self, key: &str, value: &[u8], keep: Duration) -> Result<(), CoordinationError> {
        let now = self.clock.now();
        self.state().notes.put(key, value.to_vec(), now, now.plus(keep))
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CoordinationError> {
        Ok(self.state().notes.get(key, self.clock.now()).cloned())
    }

    async fn remove(&self, key: &str) -> Result<(), CoordinationError> {
        self.state().notes.entries.remove(key);
        Ok(())
    }

    async fn remove_if(&self, key: &str, value: &[u8]) -> Result<(), CoordinationError> {
        let now = self.clock.now();
        let notes = &mut self.state().notes;
        if notes.get(key, now).is_some_and(|there| there == value) {
            notes.entries.remove(key);
        }
        Ok(())
    }

    async fn swap(
        &self,
        key: &str,
        expected: Option<&[u8]>,
        value: &[u8],
        keep: Duration,
    ) -> Result<bool, CoordinationError> {
        let now = self.clock.now();
        let notes = &mut self.state().notes;
        let as_expected = notes.get(key, now).map(Vec::as_slice) == expected;
        if as_expected {
            notes.put(key, value.to_vec(), now, now.plus(keep))?;
        }
        Ok(as_expected)
    }

    async fn take(&self, key: &str, rate: Rate) -> Result<Allowance, CoordinationError> {
        let now = self.clock.now();
        let buckets = &mut self.state().buckets;
        let mut bucket = buckets.get(key, now).copied().unwrap_or_default();
        let allowance = bucket.take(rate, now);
        buckets.put(key, bucket, now, now.plus(allowance.full_in))?;
        Ok(allowance)
    }

    async fn join_set(&self, set: &str, member: MatchId, limit: u32) -> Result<bool, CoordinationError> {
        let mut state = self.state();
        let members = state.sets.entry(set.to_owned()).or_default();
        if members.len() < limit as usize {
            members.insert(member);
        }
        Ok(members.contains(&member))
    }

    async fn leave_set(&self, set: &str, member: MatchId) -> Result<(), CoordinationError> {
        let mut state = self.state();
        if let Some(members) = state.sets.get_mut(set) {
            members.remove(&member);
            if members.is_empty() {
                state.sets.remove(set);
            }
        }
        Ok(())
    }

    async fn claim_or_list(
        &self,
        pool: &str,
        except: &[MatchId],
        fresh: OpenMatch,
    ) -> Result<Claim, CoordinationError> {
        let mut state = self.state();
        let pool = state.pools.entry(pool.to_owned()).or_default();
        if let Some(id) = pool.fullest(except) {
            let free = pool.listed[&id].0;
            pool.set(id, free - 1);
            return Ok(Claim::Join(id));
        }
        pool.list(fresh);
        Ok(Claim::Create)
    }

    async fn list(&self, pool: &str, open: OpenMatch) -> Result<(), CoordinationError> {
        self.state().pools.entry(pool.to_owned()).or_default().list(open);
        Ok(())
    }

    async fn set_free(&self, pool: &str, open: OpenMatch) -> Result<(), CoordinationError> {
        if let Some(pool) = self.state().pools.get_mut(pool) {
            pool.set(open.id, open.free);
        }
        Ok(())
    }

    async fn unlist(&self, name: &str, id: MatchId) -> Result<(), CoordinationError> {
        let mut state = self.state();
        if let Some(pool) = state.pools.get_mut(name) {
            pool.unlist(id);
            if pool.listed.is_empty() {
                state.pools.remove(name);
            }
        }
        Ok(())
    }
}

/// A bucket as the time at which it will be full again: whatever is missing from it is that far away.
#[derive(Clone, Copy, Default)]
struct Bucket {
    full_at: UnixMs,
}

impl Bucket {
    fn take(&mut self, rate: Rate, now: UnixMs) -> Allowance {
        let every = rate.every();
        let missing = self.full_at.since(now);
        let room = every * rate.burst;
        let wanted = missing + every;
        let allowed = wanted <= room;
        if allowed {
            self.full_at = now.plus(wanted);
        }
        Allowance::of(rate, allowed, self.full_at.since(now))
    }
}

/// Values that are gone after a while.
struct Expiring<T> {
    entries: HashMap<String, (T, UnixMs)>,
    inserted: usize,
}

impl<T> Default for Expiring<T> {
    fn default() -> Expiring<T> {
        Expiring { entries: HashMap::new(), inserted: 0 }
    }
}

impl<T> Expiring<T> {
    fn get(&self, key: &str, now: UnixMs) -> Option<&T> {
        self.entries.get(key).filter(|(_, until)| *until > now).map(|(value, _)| value)
    }

    /// Takes out what is not over.
    fn take(&mut self, key: &str, now: UnixMs) -> Option<T> {
        self.entries.remove(key).filter(|(_, until)| *until > now).map(|(value, _)| value)
    }

    fn put(&mut self, key: &str, value: T, now: UnixMs, until: UnixMs) -> Result<(), CoordinationError> {
        if let Some(entry) = self.entries.get_mut(key) {
            *entry = (value, until);
            return Ok(());
        }
        if self.inserted >= SWEEP_AFTER.max(self.entries.len() / 2) {
            self.entries.retain(|_, (_, until)| *until > now);
            self.inserted = 0;
        }
        if self.entries.len() >= MAX_ENTRIES {
            return Err(CoordinationError(format!("{MAX_ENTRIES} notes are kept, there is no room for another")));
        }
        self.inserted += 1;
        self.entries.insert(key.to_owned(), (value, until));
        Ok(())
    }
}

/// The public matches of one version: all of them, and those with a free seat in the order in which they are filled.
#[derive(Default)]
struct Pool {
    /// Free seats, and the number in order of listing.
    listed: HashMap<MatchId, (u16, u64)>,
    with_room: BTreeSet<(u16, u64, MatchId)>,
    next: u64,
}

impl Pool {
    fn fullest(&self, except: &[MatchId]) -> Option<MatchId> {
        self.with_room.iter().map(|&(_, _, id)| id).find(|id| !except.contains(id))
    }

    fn list(&mut self, open: OpenMatch) {
        self.unlist(open.id);
        self.next += 1;
        self.listed.insert(open.id, (0, self.next));
        self.set(open.id, open.free);
    }

    fn set(&mut self, id: MatchId, free: u16) {
        if let Some((was, number)) = self.listed.get_mut(&id) {
            self.with_room.remove(&(*was, *number, id));
            *was = free;
            if free > 0 {
                self.with_room.insert((free, *number, id));
            }
        }
    }

    fn unlist(&mut self, id: MatchId) {
        if let Some((free, number)) = self.listed.remove(&id) {
            self.with_room.remove(&(free, number, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::suite;
    use crate::testing::TestClock;

    #[tokio::test]
    async fn memory_passes_the_suite() {
        let clock = Arc::new(TestClock::default());
        suite::run(&MemoryCoordination::new(clock.clone()), suite::Time::Set(&clock)).await;
    }

    #[tokio::test]
    async fn what_has_expired_makes_room() {
        let clock = Arc::new(TestClock::default());
        let memory = MemoryCoordination::new(clock.clone());
        for round in 0..4 {
            for n in 0..SWEEP_AFTER {
                memory.put(&format!("{round}/{n}"), b"", Duration::from_secs(1)).await.unwrap();
            }
            clock.advance(Duration::from_secs(2));
        }
        assert!(memory.state().notes.entries.len() <= 2 * SWEEP_AFTER);
    }
}

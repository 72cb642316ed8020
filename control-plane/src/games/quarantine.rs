//! Versions that fail on every start: counted, and after [`STARTS`] failures in a row out of play until their owner says
//! otherwise.
//!
//! Counts live in memory, those of each replica apart: they only say when to look; what is decided is in the store, and told in
//! the game's log of events. A replica that goes down forgets fewer than [`STARTS`] failures, and no quarantine. A start with
//! parameters of its creator's does not count as a failure: else anybody could take a game out of play.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stadion_protocol::contract::CreateError;
use stadion_protocol::{GameName, VersionId};

use super::catalog::Catalog;
use crate::clock::Clock;
use crate::model::Quarantine;
use crate::store::{Store, StoreError};

/// Failures in a row that put a version in quarantine.
pub(crate) const STARTS: u32 = 5;

/// Versions whose failures are counted; past it all are forgotten and counted anew.
const MOST_COUNTED: usize = 10_000;

/// The most of a trap's text that is kept, bytes.
const REASON_BYTES: usize = 2_000;

/// See the module.
pub(crate) struct Starts {
    store: Arc<dyn Store>,
    catalog: Arc<Catalog>,
    clock: Arc<dyn Clock>,
    failures: Mutex<Failures>,
}

/// Failed starts in a row. Pure policy.
#[derive(Debug, Default)]
struct Failures(HashMap<(GameName, VersionId), u32>);

impl Failures {
    /// Counts one more; how many there are in a row now.
    fn failed(&mut self, game: &GameName, id: VersionId) -> u32 {
        let key = (game.clone(), id);
        if self.0.len() >= MOST_COUNTED && !self.0.contains_key(&key) {
            self.0.clear();
        }
        let count = self.0.entry(key).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// Whatever was counted is over.
    fn forget(&mut self, game: &GameName, id: VersionId) {
        // Most starts succeed, and most versions have never failed: no key is made for those.
        if !self.0.is_empty() {
            self.0.remove(&(game.clone(), id));
        }
    }
}

impl Starts {
    pub(crate) fn new(store: Arc<dyn Store>, catalog: Arc<Catalog>, clock: Arc<dyn Clock>) -> Starts {
        Starts { store, catalog, clock, failures: Mutex::default() }
    }

    /// Notes what became of a start, and whether the game alone can be to blame for it.
    pub(crate) async fn note(&self, game: &GameName, id: VersionId, parameters: &[u8], error: Option<&CreateError>) {
        match error {
            None => self.failures().forget(game, id),
            Some(CreateError::Failed(why)) if parameters.is_empty() => {
                if let Err(error) = self.failed(game, id, why).await {
                    tracing::warn!(%game, version = %id, %error, "a version that fails on every start stays in play");
                }
            }
            Some(_) => {}
        }
    }

    async fn failed(&self, game: &GameName, id: VersionId, why: &str) -> Result<(), StoreError> {
        let failures = self.failures().failed(game, id);
        if failures < STARTS {
            return Ok(());
        }
        let reason = format!("{failures} starts failed in a row; the last one: {}", cut(why));
        tracing::warn!(%game, version = %id, reason, "a version is in quarantine");
        let at = self.clock.now();
        self.store.set_quarantine(game, id, Some(&Quarantine { at, reason })).await?;
        self.catalog.forget(game);
        self.failures().forget(game, id);
        Ok(())
    }

    /// Its owner wants it back in play.
    pub(crate) async fn lift(&self, game: &GameName, id: VersionId) -> Result<(), StoreError> {
        self.failures().forget(game, id);
        self.store.set_quarantine(game, id, None).await?;
        self.catalog.forget(game);
        Ok(())
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        // A map of counts: whatever panicked while holding it, its entries are whole.
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The beginning of a text that a guest had a hand in.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(REASON_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_in_a_row_are_counted_and_each_version_by_itself() {
        let (mut failures, game) = (Failures::default(), "chess".parse().unwrap());
        let (bad, good) = (VersionId([1; 32]), VersionId([2; 32]));
        assert_eq!([failures.failed(&game, bad), failures.failed(&game, bad)], [1, 2]);
        assert_eq!(failures.failed(&game, good), 1);
        failures.forget(&game, bad);
        assert_eq!((failures.failed(&game, bad), failures.failed(&game, good)), (1, 2));
    }

    #[test]
    fn counts_are_bounded() {
        let (mut failures, game) = (Failures::default(), "chess".parse().unwrap());
        for n in 0..MOST_COUNTED as u64 + 1 {
            let mut id = VersionId([0; 32]);
            id.0[..8].copy_from_slice(&n.to_le_bytes());
            failures.failed(&game, id);
        }
        assert!(failures.0.len() <= MOST_COUNTED);
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        assert!(cut(&"ü".repeat(REASON_BYTES)).len() <= REASON_BYTES);
    }
}

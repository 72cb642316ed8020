//! Versions that were loaded lately: linking a component costs milliseconds, starting a session of it microseconds.

use std::collections::VecDeque;
use std::sync::Arc;

use super::LoadedVersion;

/// Versions kept, the least recently used one goes first. Those with sessions live on without the cache.
const VERSIONS: usize = 256;

/// The key: the code that was compiled and what was said of it.
pub(super) type Key = [u8; 32];

/// Least recently used first.
#[derive(Default)]
pub(super) struct VersionCache(VecDeque<(Key, Arc<LoadedVersion>)>);

impl VersionCache {
    pub(super) fn get(&mut self, key: &Key) -> Option<Arc<LoadedVersion>> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        let entry = self.0.remove(at)?;
        let version = Arc::clone(&entry.1);
        self.0.push_back(entry);
        Some(version)
    }

    pub(super) fn put(&mut self, key: Key, version: Arc<LoadedVersion>) {
        if self.0.len() >= VERSIONS {
            self.0.pop_front();
        }
        self.0.push_back((key, version));
    }
}

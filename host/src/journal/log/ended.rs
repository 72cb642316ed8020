//! Matches that are over and filed away, one `.stj` file each, the oldest the first to go.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use stadion_protocol::MatchId;

use super::files::FileSystem;

/// What is retained.
#[derive(Debug, Default)]
pub(super) struct Ended(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// By where they ended in the log: the oldest first.
    by_age: BTreeMap<(u64, MatchId), u64>,
    by_id: HashMap<MatchId, u64>,
    bytes: u64,
}

impl Ended {
    pub(super) const FOLDER: &str = "ended";

    pub(super) fn name(end: u64, id: MatchId) -> String {
        format!("{end:016x}-{id}.stj")
    }

    /// Finds what is there; removes what was not finished.
    pub(super) fn find(files: &dyn FileSystem) -> io::Result<Ended> {
        let ended = Ended::default();
        for name in files.list(Ended::FOLDER)? {
            let parsed = name.strip_suffix(".stj").and_then(|stem| stem.split_once('-'));
            let parsed = parsed.and_then(|(end, id)| Some((u64::from_str_radix(end, 16).ok()?, id.parse().ok()?)));
            let path = format!("{}/{name}", Ended::FOLDER);
            match parsed {
                Some((end, id)) => ended.insert(end, id, files.open(&path)?.size()?),
                None => files.remove(&path)?,
            }
        }
        Ok(ended)
    }

    pub(super) fn insert(&self, end: u64, id: MatchId, bytes: u64) {
        let mut inner = self.inner();
        if let Some(before) = inner.by_age.insert((end, id), bytes) {
            inner.bytes -= before;
        }
        inner.by_id.insert(id, end);
        inner.bytes += bytes;
    }

    pub(super) fn contains(&self, id: MatchId) -> bool {
        self.inner().by_id.contains_key(&id)
    }

    pub(super) fn read(&self, files: &dyn FileSystem, id: MatchId) -> Option<Bytes> {
        let end = *self.inner().by_id.get(&id)?;
        let file = files.open(&format!("{}/{}", Ended::FOLDER, Ended::name(end, id))).ok()?;
        let mut bytes = vec![0; usize::try_from(file.size().ok()?).ok()?];
        let read = file.read_at(0, &mut bytes).ok()?;
        bytes.truncate(read);
        Some(Bytes::from(bytes))
    }

    /// Removes the oldest if there is too much; `false`: there is not.
    pub(super) fn retain(&self, files: &dyn FileSystem, most: u64) -> io::Result<bool> {
        let oldest = {
            let inner = self.inner();
            if inner.bytes <= most { None } else { inner.by_age.first_key_value().map(|(key, bytes)| (*key, *bytes)) }
        };
        let Some(((end, id), bytes)) = oldest else { return Ok(false) };
        files.remove(&format!("{}/{}", Ended::FOLDER, Ended::name(end, id)))?;
        let mut inner = self.inner();
        inner.by_age.remove(&(end, id));
        inner.by_id.remove(&id);
        inner.bytes -= bytes;
        Ok(true)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

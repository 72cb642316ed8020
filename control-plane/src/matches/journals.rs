//! Journals of ended matches, as blobs. The oldest go when there are too many or they take too much room.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use stadion_protocol::MatchId;

use crate::games::BlobError;
use crate::store::{Store, StoreError};

/// See the module.
pub(crate) struct Journals {
    blobs: Arc<dyn ObjectStore>,
    store: Arc<dyn Store>,
    most: u32,
    most_bytes: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Oldest first.
    entries: VecDeque<(MatchId, u64)>,
    bytes: u64,
}

impl Journals {
    /// With those that an earlier process kept.
    pub(crate) async fn open(
        blobs: Arc<dyn ObjectStore>,
        store: Arc<dyn Store>,
        most: u32,
        most_bytes: u64,
    ) -> Result<Journals, StoreError> {
        let entries = VecDeque::from(store.kept_journals().await?);
        let bytes = entries.iter().map(|(_, bytes)| bytes).sum();
        Ok(Journals { blobs, store, most, most_bytes, kept: Mutex::new(Kept { entries, bytes }) })
    }

    /// Reads again which are kept: other replicas keep some too, the bounds are for all together, and reports that held some
    /// were closed.
    pub(crate) async fn look_again(&self) -> Result<(), StoreError> {
        let entries = VecDeque::from(self.store.kept_journals().await?);
        let bytes = entries.iter().map(|(_, bytes)| bytes).sum();
        *self.kept() = Kept { entries, bytes };
        self.prune().await;
        Ok(())
    }

    /// Keeps a journal: its size, or `None` when it could not be kept or is more than all together may take.
    pub(crate) async fn keep(&self, id: MatchId, journal: Bytes) -> Option<u64> {
        let bytes = journal.len() as u64;
        if journal.is_empty() || bytes > self.most_bytes || self.most == 0 {
            return None;
        }
        if let Err(error) = self.blobs.put(&path(id), journal.into()).await {
            tracing::warn!(%id, %error, "a journal could not be kept");
            return None;
        }
        let mut kept = self.kept();
        kept.entries.push_back((id, bytes));
        kept.bytes += bytes;
        Some(bytes)
    }

    /// Removes the oldest until the rest is within its bounds.
    pub(crate) async fn prune(&self) {
        while let Some((id, bytes)) = self.surplus() {
            match self.store.forget_journal(id).await {
                Ok(true) => {}
                // An open report holds it: it is looked at again with the others.
                Ok(false) => continue,
                Err(error) => {
                    tracing::warn!(%id, %error, "an old journal is kept until the store answers");
                    self.put_back(id, bytes);
                    break;
                }
            }
            if let Err(error) = self.blobs.delete(&path(id)).await
                && !matches!(error, object_store::Error::NotFound { .. })
            {
                tracing::warn!(%id, %error, "an old journal could not be removed");
            }
        }
    }

    /// The journal of a match.
    pub(crate) async fn read(&self, id: MatchId) -> Result<Option<Bytes>, BlobError> {
        match self.blobs.get(&path(id)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn surplus(&self) -> Option<(MatchId, u64)> {
        let mut kept = self.kept();
        if kept.entries.len() <= self.most as usize && kept.bytes <= self.most_bytes {
            return None;
        }
        let (id, bytes) = kept.entries.pop_front()?;
        kept.bytes -= bytes;
        Some((id, bytes))
    }

    fn put_back(&self, id: MatchId, bytes: u64) {
        let mut kept = self.kept();
        kept.entries.push_front((id, bytes));
        kept.bytes += bytes;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // No step under this lock can panic half-way.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn path(id: MatchId) -> Path {
    Path::from(format!("journals/{id}.stj"))
}

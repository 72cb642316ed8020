//! Rows of matches, written behind: whoever changes a match queues the change and goes on; one task writes them in
//! batches, each one commit.
//!
//! **Invariant.** Changes are written in the order in which they were queued, and none is given up: while the store
//! fails the queue fills, and then no more matches are created.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::events::Bell;
use crate::model::MatchWrite;
use crate::store::{Store, StoreError};

/// Changes in one commit: a commit costs milliseconds, a row some 20 us.
const BATCH: usize = 256;

/// How long a reader waits for what is queued.
const FLUSH_WAIT: Duration = Duration::from_secs(1);

/// Between two tries while the store fails.
const RETRY_EVERY: Duration = Duration::from_millis(250);

/// How often a batch is tried after the end of the queue was asked for: a broken store must not keep the process alive.
const LAST_TRIES: u32 = 8;

enum Entry {
    Write(MatchWrite),
    Flush(oneshot::Sender<()>),
    End,
}

/// As many changes wait as may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store does not keep up; try again in a second")]
pub(crate) struct Backlog;

/// Queues changes. The task behind it is [`write_behind`].
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Entry>,
}

/// A place in the queue, taken before the change is made that will fill it.
pub(crate) struct Place(mpsc::OwnedPermit<Entry>);

/// The other end of a [`Writer`].
pub(crate) struct Written(mpsc::Receiver<Entry>);

impl Writer {
    /// With room for this many changes.
    pub(crate) fn new(capacity: usize) -> (Writer, Written) {
        let (queue, written) = mpsc::channel(capacity);
        (Writer { queue }, Written(written))
    }

    /// Takes a place, if there is one.
    pub(crate) fn reserve(&self) -> Result<Place, Backlog> {
        self.queue.clone().try_reserve_owned().map(Place).map_err(|_| Backlog)
    }

    /// Queues a change, waiting for a place.
    pub(crate) async fn write(&self, write: MatchWrite) {
        // It fails only after the task has ended, and then nothing is written any more.
        let _ = self.queue.send(Entry::Write(write)).await;
    }

    /// Returns once everything queued before is written, or after [`FLUSH_WAIT`]: whoever reads then reads what is there.
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        let flushed = async {
            if self.queue.send(Entry::Flush(done)).await.is_ok() {
                let _ = written.await;
            }
        };
        let _ = tokio::time::timeout(FLUSH_WAIT, flushed).await;
    }

    /// Lets the task end once it has written what is queued.
    pub(crate) async fn finish(&self) {
        let _ = self.queue.send(Entry::End).await;
    }
}

impl Place {
    /// Fills the place.
    pub(crate) fn write(self, write: MatchWrite) {
        self.0.send(Entry::Write(write));
    }
}

/// Writes until [`Writer::finish`], and rings for what was written.
pub(crate) async fn write_behind(mut written: Written, store: Arc<dyn Store>, bell: Arc<Bell>) {
    let mut entries = Vec::with_capacity(BATCH);
    while written.0.recv_many(&mut entries, BATCH).await > 0 {
        let mut writes = Vec::with_capacity(entries.len());
        let mut waiting = Vec::new();
        for entry in entries.drain(..) {
            match entry {
                Entry::Write(write) => writes.push(write),
                Entry::Flush(done) => waiting.push(done),
                // What was queued already still comes out.
                Entry::End => written.0.close(),
            }
        }
        write_batch(&*store, &writes, &written).await;
        bell.ring_for(&writes);
        for done in waiting {
            let _ = done.send(());
        }
    }
}

async fn write_batch(store: &dyn Store, writes: &[MatchWrite], written: &Written) {
    let mut tries = 0;
    while !writes.is_empty() {
        match store.write_matches(writes).await {
            Ok(()) => return,
            Err(StoreError::Corrupt(reason)) => {
                tracing::error!(%reason, rows = writes.len(), "rows of matches cannot be written and are lost");
                return;
            }
            Err(error) => {
                tries += 1;
                tracing::warn!(%error, rows = writes.len(), "rows of matches wait for the store");
                if written.0.is_closed() && tries >= LAST_TRIES {
                    return;
                }
                tokio::time::sleep(RETRY_EVERY).await;
            }
        }
    }
}

//! The audit log, written behind: who did something does not wait for a commit.
//!
//! **Bounds.** [`WAITING`] entries wait for the store; past that they are counted, and the log says how many were lost. What
//! is older than [`AuditConfig::keep`] is removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::config::AuditConfig;
use crate::model::{AuditEntry, UnixMs};
use crate::store::Store;

/// Entries that wait for the store: some seconds of everything that limits let through.
const WAITING: usize = 4096;

/// Entries in one commit.
const BATCH: usize = 256;

/// How often a batch is tried, and the pause between: an outage of a few seconds loses nothing.
const TRIES: u32 = 20;
const RETRY_EVERY: Duration = Duration::from_millis(500);

/// How often what is too old is looked for.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// How long a reader waits for what is queued.
const FLUSH_WAIT: Duration = Duration::from_secs(1);

enum Word {
    Entry(Box<AuditEntry>),
    Flush(oneshot::Sender<()>),
    End,
}

/// Takes entries. The task behind it is [`Audited::write`].
#[derive(Clone)]
pub(crate) struct Auditor {
    queue: mpsc::Sender<Word>,
    lost: Arc<AtomicU64>,
}

/// The other end of an [`Auditor`].
pub(crate) struct Audited {
    queue: mpsc::Receiver<Word>,
    lost: Arc<AtomicU64>,
    config: AuditConfig,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
}

impl Auditor {
    pub(crate) fn new(config: AuditConfig, clock: Arc<dyn Clock>, store: Arc<dyn Store>) -> (Auditor, Audited) {
        let (sender, queue) = mpsc::channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        (Auditor { queue: sender, lost: lost.clone() }, Audited { queue, lost, config, clock, store })
    }

    /// Notes what somebody did.
    pub(crate) fn note(&self, entry: AuditEntry) {
        if self.queue.try_send(Word::Entry(Box::new(entry))).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns once everything noted before is written, or after [`FLUSH_WAIT`].
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        let flushed = async {
            if self.queue.send(Word::Flush(done)).await.is_ok() {
                let _ = written.await;
            }
        };
        let _ = tokio::time::timeout(FLUSH_WAIT, flushed).await;
    }

    /// Lets the task end once it has written what is queued.
    pub(crate) async fn finish(&self) {
        let _ = self.queue.send(Word::End).await;
    }
}

impl Audited {
    /// Writes until [`Auditor::finish`].
    pub(crate) async fn write(mut self) {
        let mut words = Vec::with_capacity(BATCH);
        let mut forgotten_at = UnixMs::default();
        while self.queue.recv_many(&mut words, BATCH).await > 0 {
            let (mut entries, mut waiting) = (Vec::new(), Vec::new());
            for word in words.drain(..) {
                match word {
                    Word::Entry(entry) => entries.push(*entry),
                    Word::Flush(done) => waiting.push(done),
                    // What was queued already still comes out.
                    Word::End => self.queue.close(),
                }
            }
            self.append(&entries).await;
            for done in waiting {
                let _ = done.send(());
            }
            let now = self.clock.now();
            if now.since(forgotten_at) >= FORGET_EVERY {
                forgotten_at = now;
                self.forget(now).await;
            }
        }
    }

    async fn append(&self, entries: &[AuditEntry]) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::error!(lost, "entries of the audit log were lost: the store does not keep up");
        }
        let mut tries = 0;
        while !entries.is_empty() {
            let Err(error) = self.store.append_audit(entries).await else { return };
            tries += 1;
            if tries >= TRIES {
                tracing::error!(%error, lost = entries.len(), "entries of the audit log were lost");
                return;
            }
            tokio::time::sleep(RETRY_EVERY).await;
        }
    }

    async fn forget(&self, now: UnixMs) {
        let keep = u64::try_from(self.config.keep.as_millis()).unwrap_or(u64::MAX);
        match self.store.forget_audit(UnixMs(now.0.saturating_sub(keep))).await {
            Ok(0) => {}
            Ok(entries) => tracing::info!(entries, "old entries of the audit log were removed"),
            Err(error) => tracing::warn!(%error, "old entries of the audit log stay for now"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AuditFilter, PageRequest};
    use crate::store::AuditStore;
    use crate::store::sqlite::SqliteStore;
    use crate::testing::TestClock;

    #[tokio::test]
    async fn what_is_too_old_is_forgotten() {
        let clock = Arc::new(TestClock::default());
        let store = Arc::new(SqliteStore::in_memory().await.unwrap());
        let keep = Duration::from_secs(86_400);
        let (auditor, audited) = Auditor::new(AuditConfig { keep }, clock.clone(), store.clone());
        let writing = tokio::spawn(audited.write());
        let note = |at| {
            auditor.note(AuditEntry {
                at,
                actor: None,
                action: "POST /v1/sessions".to_owned(),
                target: "ann".to_owned(),
                status: 401,
                from: "192.0.2.1".parse().unwrap(),
                request: "r".to_owned(),
            });
        };
        note(clock.now());
        auditor.flush().await;
        clock.advance(2 * keep);
        note(clock.now());
        auditor.finish().await;
        writing.await.unwrap();
        let page = PageRequest { after: None, limit: 10 };
        let left = store.audit(&AuditFilter::default(), &page).await.unwrap().items;
        assert_eq!(left.iter().map(|(_, entry)| entry.at).collect::<Vec<_>>(), [clock.now()]);
    }
}

//! Keeps events that were recorded: one task, in batches; and removes old ones, little by little.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;

use super::{Bell, EventConfig, Word};
use crate::clock::Clock;
use crate::model::{EventKind, NewEvent, UnixMs};
use crate::store::{Store, StoreError};

/// Events in one commit.
const BATCH: usize = 256;

/// How often a batch is tried, and the pause between: an outage of a few seconds loses nothing.
const TRIES: u32 = 20;
const RETRY_EVERY: Duration = Duration::from_millis(500);

/// How often what is to go is looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// What goes in one commit, the pause after it, and the most commits at a time: others write between them, and a game that
/// reports as much as it may is kept within its bytes by it.
const STEP: u16 = 500;
const STEP_PAUSE: Duration = Duration::from_millis(50);
const STEPS: u32 = 400;

/// The other end of an [`super::EventLog`].
pub(crate) struct Recorder {
    queue: mpsc::Receiver<Word>,
    lost: Arc<AtomicU64>,
    config: EventConfig,
    store: Arc<dyn Store>,
    bell: Arc<Bell>,
    clock: Arc<dyn Clock>,
}

impl Recorder {
    pub(super) fn new(
        queue: mpsc::Receiver<Word>,
        lost: Arc<AtomicU64>,
        config: EventConfig,
        (store, bell): (Arc<dyn Store>, Arc<Bell>),
        clock: Arc<dyn Clock>,
    ) -> Recorder {
        Recorder { queue, lost, config, store, bell, clock }
    }

    /// Keeps events until [`super::EventLog::finish`].
    pub(crate) async fn run(mut self) {
        let pruner = Pruner { store: self.store.clone(), clock: self.clock.clone(), config: self.config.clone() };
        let beside = [tokio::spawn(self.bell.clone().carry()), tokio::spawn(pruner.run())];
        let mut words = Vec::with_capacity(BATCH);
        while self.queue.recv_many(&mut words, BATCH).await > 0 {
            let (mut events, mut waiting) = (Vec::with_capacity(words.len() + 1), Vec::new());
            for word in words.drain(..) {
                match word {
                    Word::Event(event) => events.push(*event),
                    Word::Flush(done) => waiting.push(done),
                    // What was queued already still comes out.
                    Word::End => self.queue.close(),
                }
            }
            events.extend(self.lost_lately());
            self.keep(&events).await;
            for done in waiting {
                let _ = done.send(());
            }
        }
        beside.iter().for_each(tokio::task::JoinHandle::abort);
    }

    fn lost_lately(&self) -> Option<NewEvent> {
        let dropped = self.lost.swap(0, Ordering::Relaxed);
        (dropped > 0).then(|| {
            tracing::warn!(dropped, "events came faster than the store keeps them");
            let event = NewEvent::new(EventKind::EventsDropped, self.clock.now());
            event.with(json!({"dropped": dropped, "why": "events came faster than the store keeps them"}))
        })
    }

    async fn keep(&self, events: &[NewEvent]) {
        if events.is_empty() {
            return;
        }
        for _ in 0..TRIES {
            match self.store.append_events(events).await {
                Ok(()) => return self.bell.ring_for_events(events),
                Err(StoreError::Corrupt(reason)) => {
                    return tracing::error!(%reason, events = events.len(), "events cannot be kept and are lost");
                }
                Err(error) => tracing::debug!(%error, events = events.len(), "events wait for the store"),
            }
            if self.queue.is_closed() {
                break;
            }
            tokio::time::sleep(RETRY_EVERY).await;
        }
        // What is lost here is told with the next that are kept.
        self.lost.fetch_add(events.len() as u64, Ordering::Relaxed);
        tracing::warn!(events = events.len(), "the store takes no events; these are lost");
    }
}

/// Removes old events.
struct Pruner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    config: EventConfig,
}

impl Pruner {
    /// Until it is aborted.
    async fn run(self) {
        loop {
            tokio::time::sleep(PRUNE_EVERY).await;
            for _ in 0..STEPS {
                match self.step().await {
                    Ok(0) => break,
                    Ok(_) => tokio::time::sleep(STEP_PAUSE).await,
                    Err(error) => {
                        tracing::warn!(%error, "old events are removed later");
                        break;
                    }
                }
            }
        }
    }

    async fn step(&self) -> Result<u64, StoreError> {
        let keep = u64::try_from(self.config.keep.as_millis()).unwrap_or(u64::MAX);
        let before = UnixMs(self.clock.now().0.saturating_sub(keep));
        self.store.prune_events(before, self.config.bytes_of_a_game, STEP).await
    }
}

//! The log of events: what happened in games, to matches, on hosts. Whoever in the control plane has something to tell
//! [`EventLog::record`]s it and goes on.
//!
//! ```text
//!   games' reports ──▶ budget ─┐
//!   hosts, reports of players ─┴▶ queue ──▶ recorder ──▶ store ──▶ bell ──topics──▶ those who follow, on every replica
//!   matches, with their rows ─────────────────────────────┘
//! ```
//! The life of matches does not pass through the queue: it is written in the commits of their rows, and is as sure as those.
//!
//! **Bounds.** [`WAITING`] events wait for the store, reports of one game pass at the rate of [`budget`]; what is dropped is
//! counted, and the count is an event. Kept is what [`EventConfig`] says.

mod bell;
mod budget;
mod config;
mod follow;
mod hosts;
mod recorder;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::coordination::Coordination;
use crate::model::NewEvent;
use crate::store::Store;

pub(crate) use bell::Bell;
pub(crate) use budget::Budgets;
pub use config::EventConfig;
pub(crate) use follow::{FollowError, Follower};
pub(crate) use hosts::{host_down, host_drained, host_lost, host_there, host_up};
pub(crate) use recorder::Recorder;

/// Events that wait for the store.
const WAITING: usize = 4096;

/// How long a reader waits for what is queued.
const FLUSH_WAIT: Duration = Duration::from_secs(1);

enum Word {
    Event(Box<NewEvent>),
    Flush(oneshot::Sender<()>),
    End,
}

/// Takes events. The task behind it is [`Recorder::run`].
#[derive(Clone)]
pub(crate) struct EventLog {
    queue: mpsc::Sender<Word>,
    lost: Arc<AtomicU64>,
    bell: Arc<Bell>,
}

impl EventLog {
    pub(crate) fn new(
        config: EventConfig,
        (store, coordination): (Arc<dyn Store>, Arc<dyn Coordination>),
        clock: Arc<dyn Clock>,
    ) -> (EventLog, Recorder) {
        let (sender, queue) = mpsc::channel(WAITING);
        let (lost, bell) = (Arc::new(AtomicU64::new(0)), Arc::new(Bell::new(coordination)));
        let log = EventLog { queue: sender, lost: lost.clone(), bell: bell.clone() };
        (log, Recorder::new(queue, lost, config, (store, bell), clock))
    }

    /// Keeps an event, soon, and without waiting for anything. Where too many wait it is dropped, and that is told.
    pub(crate) fn record(&self, event: NewEvent) {
        if self.queue.try_send(Word::Event(Box::new(event))).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tells those who follow that there is something new to read.
    pub(crate) fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    /// Returns once everything recorded before is kept, or after [`FLUSH_WAIT`].
    pub(crate) async fn flush(&self) {
        let (done, kept) = oneshot::channel();
        let flushed = async {
            if self.queue.send(Word::Flush(done)).await.is_ok() {
                let _ = kept.await;
            }
        };
        let _ = tokio::time::timeout(FLUSH_WAIT, flushed).await;
    }

    /// Lets the task end once it has kept what is queued.
    pub(crate) async fn finish(&self) {
        let _ = self.queue.send(Word::End).await;
    }
}

//! Wakes those who follow events, on every replica: the bell says that there is something to read, the store says what.
//!
//! A topic for each game and one for hosts. A word that is lost is no harm: followers look by themselves now and then.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stadion_protocol::GameName;
use tokio::sync::Notify;

use crate::coordination::{Coordination, CoordinationError, Listener};
use crate::model::{EventScope, MatchWrite, NewEvent};

/// Games whose followers wait to be woken; those of more look by themselves.
const WAITING: usize = 1024;

/// See the module.
pub(crate) struct Bell {
    coordination: Arc<dyn Coordination>,
    /// Topics to ring at.
    waiting: Mutex<BTreeSet<String>>,
    arrived: Notify,
}

impl Bell {
    pub(super) fn new(coordination: Arc<dyn Coordination>) -> Bell {
        Bell { coordination, waiting: Mutex::default(), arrived: Notify::new() }
    }

    /// There are new events of these games; `None`: about no game.
    pub(crate) fn ring<'a>(&self, games: impl IntoIterator<Item = Option<&'a GameName>>) {
        {
            let mut waiting = self.waiting();
            for game in games {
                if waiting.len() < WAITING {
                    waiting.insert(topic(game));
                }
                // Whoever follows everything hears of every game.
                waiting.insert(EVERYTHING.to_owned());
            }
        }
        self.arrived.notify_one();
    }

    /// There are new events in the rows of matches.
    pub(crate) fn ring_for(&self, writes: &[MatchWrite]) {
        self.ring(writes.iter().filter_map(|write| match write {
            MatchWrite::Started(record) => Some(Some(&record.game)),
            MatchWrite::Ended { status, .. } => Some(Some(&status.game)),
            MatchWrite::Parameters { .. } | MatchWrite::Seated { .. } => None,
        }));
    }

    pub(super) fn ring_for_events(&self, events: &[NewEvent]) {
        self.ring(events.iter().map(|event| event.game.as_ref()));
    }

    /// Hears the bell from now on.
    pub(crate) async fn listen(&self, scope: &EventScope) -> Result<Listener, CoordinationError> {
        let topic = match scope {
            EventScope::Everything => EVERYTHING.to_owned(),
            EventScope::Game(game) => topic(Some(game)),
            EventScope::NoGame => topic(None),
        };
        self.coordination.listen(&topic, None).await
    }

    /// Carries it to the other replicas, until it is aborted.
    pub(crate) async fn carry(self: Arc<Bell>) {
        loop {
            let topics = std::mem::take(&mut *self.waiting());
            if topics.is_empty() {
                self.arrived.notified().await;
            }
            for topic in topics {
                if let Err(error) = self.coordination.tell(&topic, b"new").await {
                    tracing::debug!(%error, topic, "those who follow events look by themselves");
                }
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // No step under this lock can panic half-way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The topic at which every event is told of.
const EVERYTHING: &str = "events";

fn topic(game: Option<&GameName>) -> String {
    match game {
        Some(game) => format!("events/of/{game}"),
        None => "events/of-no-game".to_owned(),
    }
}

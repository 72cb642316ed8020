//! Following events: what is new is read from the store, woken by the bell.
//!
//! A follower's place is the number of the last event that it has looked at, which is good on every replica and after any
//! break, as long as events are kept.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::EventLog;
use crate::coordination::{CoordinationError, Listener};
use crate::model::{Event, EventFilter};
use crate::store::{Store, StoreError};

/// Events of one look.
const PAGE: u16 = 200;

/// A follower looks that often in any case: a word of the bell may be lost.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Between two looks: a follower of a busy game reads pages rather than single events.
const LEAST: Duration = Duration::from_millis(50);

/// Words of the bell that one look answers.
const WORDS: usize = 1024;

/// Nothing more can be followed; whoever comes again goes on from its place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
}

/// See the module.
pub(crate) struct Follower {
    store: Arc<dyn Store>,
    bell: Listener,
    filter: EventFilter,
    after: u64,
    ready: VecDeque<Event>,
}

impl Follower {
    /// From behind an event; `None`: from now on.
    pub(crate) async fn start(
        log: &EventLog,
        store: Arc<dyn Store>,
        filter: EventFilter,
        after: Option<u64>,
    ) -> Result<Follower, FollowError> {
        // The bell first: what is kept after the look is heard of.
        let bell = log.bell().listen(&filter.scope).await?;
        let after = match after {
            Some(after) => after,
            None => store.last_event().await?,
        };
        Ok(Follower { store, bell, filter, after, ready: VecDeque::new() })
    }

    /// The next event. May be dropped while it waits: nothing is lost by that.
    pub(crate) async fn next(&mut self) -> Result<Event, FollowError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            let page = self.store.events_since(&self.filter, self.after, PAGE).await?;
            self.after = page.upto;
            if page.items.is_empty() {
                self.wait().await?;
            } else {
                self.ready.extend(page.items);
            }
        }
    }

    async fn wait(&mut self) -> Result<(), FollowError> {
        tokio::time::sleep(LEAST).await;
        match tokio::time::timeout(LOOK_EVERY, self.bell.next()).await {
            Ok(Err(error)) => Err(error.into()),
            // What else was rung for meanwhile is read by the same look.
            Ok(Ok(_)) => {
                let more = (0..WORDS).map_while(|_| self.bell.next().now_or_never());
                more.collect::<Result<Vec<_>, _>>()?;
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }
}

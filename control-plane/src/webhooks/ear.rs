//! Hears the bell of the log of events, as far as coordination carries it. What is not heard is found by looking.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use crate::coordination::Listener;
use crate::events::Bell;
use crate::model::EventScope;

/// Between two looks that were rung for: while much happens, each of them finds many events.
const LEAST: Duration = Duration::from_millis(50);

/// How long coordination may take to begin to listen.
const OPEN_WITHIN: Duration = Duration::from_secs(1);

/// Words of the bell that one look answers.
const WORDS: usize = 1024;

pub(super) struct Ear {
    bell: Arc<Bell>,
    listener: Option<Listener>,
    /// When it was last rung.
    last: Option<Instant>,
}

impl Ear {
    pub(super) fn new(bell: Arc<Bell>) -> Ear {
        Ear { bell, listener: None, last: None }
    }

    /// Begins to listen, again if it has to.
    pub(super) async fn open(&mut self) {
        if self.listener.is_some() {
            return;
        }
        let listening = tokio::time::timeout(OPEN_WITHIN, self.bell.listen(&EventScope::Everything)).await;
        self.listener = match listening {
            Ok(Ok(listener)) => Some(listener),
            Ok(Err(error)) => {
                tracing::debug!(%error, "messages of webhooks are looked for until the bell is heard");
                None
            }
            Err(_) => None,
        };
    }

    /// Returns once something has happened since the last time; never while there is nothing to hear. May be dropped while it
    /// waits.
    pub(super) async fn rung(&mut self) {
        let Some(listener) = &mut self.listener else { return std::future::pending().await };
        let mut heard = listener.next().await;
        if let Some(last) = self.last {
            tokio::time::sleep_until(last + LEAST).await;
        }
        for _ in 0..WORDS {
            match listener.next().now_or_never() {
                Some(next) if heard.is_ok() => heard = next,
                _ => break,
            }
        }
        self.last = Some(Instant::now());
        if let Err(error) = heard {
            tracing::debug!(%error, "messages of webhooks are looked for until the bell is heard again");
            self.listener = None;
        }
    }
}

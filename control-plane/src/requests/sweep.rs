//! Answers to matches are kept until the match has them for good. Those of matches that ended, or never came back, are let
//! go after a while.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::model::UnixMs;
use crate::store::Store;

/// A host that was down for longer than this finds its matches, and may have a write done twice that it had asked for
/// just before.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Between two looks. Replicas may look at the same time: it is one statement.
const EVERY: Duration = Duration::from_secs(3600);

/// Lets old answers go, again and again.
pub(crate) async fn sweep_answers(store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
    loop {
        let before = UnixMs(clock.now().0.saturating_sub(KEPT.as_millis() as u64));
        match store.forget_answers(before).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::debug!(forgotten, "answers to matches that are long over were let go"),
            Err(error) => tracing::warn!(%error, "old answers to matches were not let go"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

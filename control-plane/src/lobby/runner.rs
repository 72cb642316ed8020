//! Which replica steps which queue: each looks for queues in which somebody waits, and steps those whose lease it gets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::searches::{ACTIVE, QueueKey};
use super::task::QueueTask;
use super::{Lobby, SearchError};

/// Between two looks. A search that finds nobody stepping its queue calls for one at once.
const LOOK: Duration = Duration::from_secs(1);

/// How long a lease is held without a word: what the loss of a replica delays its queues by, at most.
pub(super) const LEASE: Duration = Duration::from_secs(6);

/// Looks for queues until it is dropped.
pub(crate) async fn run_queues(lobby: Arc<Lobby>) {
    let mut tasks = Tasks::default();
    loop {
        if let Err(error) = tasks.look(&lobby).await {
            tracing::warn!(%error, "queues were not looked for");
        }
        tokio::select! {
            () = lobby.called.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// The queues that this replica steps. They end with it.
#[derive(Default)]
struct Tasks(BTreeMap<QueueKey, JoinHandle<()>>);

impl Tasks {
    async fn look(&mut self, lobby: &Arc<Lobby>) -> Result<(), SearchError> {
        self.0.retain(|_, task| !task.is_finished());
        for (field, _) in lobby.coordination().map_entries(ACTIVE).await? {
            let Some(key) = QueueKey::parse(&field) else { continue };
            if self.0.contains_key(&key) {
                continue;
            }
            let lease = lobby.coordination().lease(&key.topic(), &lobby.replica, LEASE).await?;
            if let Some(fence) = lease {
                let task = QueueTask::new(lobby.clone(), key.clone(), fence);
                self.0.insert(key, tokio::spawn(task.run()));
            }
        }
        Ok(())
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.values().for_each(JoinHandle::abort);
    }
}

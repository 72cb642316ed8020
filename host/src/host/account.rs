//! What a match used and what it said: from its shard while it runs, then from the archive.

use std::sync::Arc;
use std::time::Duration;

use stadion_protocol::MatchId;
use stadion_protocol::contract::{LogPage, MatchUsage, UnknownMatch};

use crate::shard::{Command, MatchStats};

use super::{LocalHost, ask};

impl LocalHost {
    /// A match's counters, while it runs.
    pub async fn match_stats(&self, id: MatchId) -> Option<MatchStats> {
        let mailbox = self.shared.directory.get(&id)?;
        ask(&mailbox, Command::Stats).await
    }

    pub(super) async fn usage_here(&self, id: MatchId) -> Result<MatchUsage, UnknownMatch> {
        if let Some(stats) = self.match_stats(id).await {
            return Ok(stats.usage());
        }
        if let Some(usage) = self.shared.dormant.usage(&id) {
            return Ok(usage);
        }
        self.shared.archive.get(&id).map(|archived| archived.usage).ok_or(UnknownMatch)
    }

    pub(super) async fn log_here(&self, id: MatchId, after: u64, wait: Duration) -> Result<LogPage, UnknownMatch> {
        let running = self.shared.directory.get(&id).map(|mailbox| Arc::clone(&mailbox.log));
        let log = running.or_else(|| self.shared.archive.get(&id).map(|archived| archived.log)).ok_or(UnknownMatch)?;
        Ok(log.after(after, wait).await)
    }
}

//! What others ask about matches and of them: answered by the shard of a match that is awake, from its bed while it sleeps, from
//! its journal while it is restored, from the archive when it is over.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::contract::{EndReason, EndedMatch, MatchStatus, Reservation, ReserveError, UnknownMatch};
use stadion_protocol::{MatchId, Seat};
use tokio::sync::oneshot;

use super::LocalHost;
use crate::clock;
use crate::shard::{Archived, Command, Key, Mailbox};

/// The longest that a question may take before its caller is told that the match is unknown. A shard answers within a few
/// slices, a match that sleeps is back within a tenth of a second; this is for a machine that stands still.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How often it is looked whether a match has been restored.
const RECOVERY_POLL: Duration = Duration::from_millis(10);

/// Looks for a match that may just be falling asleep or waking up, and the pause between them.
const LOOKS: u32 = 3;

/// See [`LOOKS`].
const LOOK_PAUSE: Duration = Duration::from_millis(2);

/// Asks a match, which is brought back for it if it sleeps and the question is one that wants it awake. `None`: it is not
/// there any more, or not yet; or it sleeps.
pub(super) async fn ask<T>(mailbox: &Mailbox, question: impl FnOnce(Key, oneshot::Sender<T>) -> Command) -> Option<T> {
    let (reply, answer) = oneshot::channel();
    if !mailbox.ask(question(Key::UNKNOWN, reply)) {
        return None;
    }
    tokio::time::timeout(ANSWER_WITHIN, answer).await.ok()?.ok()
}

impl LocalHost {
    /// Waits until a match is restored, if it is being restored, but no longer than any question takes.
    pub(super) async fn once_recovered(&self, id: &MatchId) {
        let until = clock::now() + ANSWER_WITHIN;
        while self.recovering.contains(id) && clock::now() < until {
            tokio::time::sleep(RECOVERY_POLL).await;
        }
    }

    pub(super) async fn reserve_here(&self, id: MatchId, wanted: Reservation) -> Result<Seat, ReserveError> {
        self.once_recovered(&id).await;
        if self.recovering.contains(&id) {
            return Err(ReserveError::Recovering);
        }
        let gone = || if self.shared.archive.get(&id).is_some() { ReserveError::Ended } else { UnknownMatch.into() };
        let mailbox = self.shared.directory.get(&id).ok_or_else(gone)?;
        let answer = ask(&mailbox, |key, reply| Command::Reserve(key, Box::new(wanted), reply)).await;
        answer.unwrap_or_else(|| {
            let asleep = self.shared.dormant.status(&id).is_some();
            Err(if asleep { ReserveError::Recovering } else { gone() })
        })
    }

    pub(super) async fn end_here(&self, id: MatchId, reason: EndReason) -> Result<(), UnknownMatch> {
        self.once_recovered(&id).await;
        if let Some(mailbox) = self.shared.directory.get(&id)
            && ask(&mailbox, |key, reply| Command::End(key, reason, reply)).await.is_some()
        {
            return Ok(());
        }
        self.shared.archive.get(&id).map(|_| ()).ok_or(UnknownMatch)
    }

    pub(super) async fn status_here(&self, id: MatchId) -> Result<MatchStatus, UnknownMatch> {
        for look in 0..LOOKS {
            let Some(mailbox) = self.shared.directory.get(&id) else { break };
            if let Some(status) = ask(&mailbox, Command::Status).await {
                return Ok(status);
            }
            if let Some(status) = self.shared.dormant.status(&id).or_else(|| self.recovering.status(&id)) {
                return Ok(status);
            }
            tokio::time::sleep(LOOK_PAUSE * look).await;
        }
        self.shared.archive.get(&id).map(|archived| archived.status).ok_or(UnknownMatch)
    }

    pub(super) async fn journal_here(&self, id: MatchId) -> Result<Bytes, UnknownMatch> {
        let archived = || self.shared.archive.get(&id).and_then(|archived| archived.journal);
        if let Some(journal) = archived() {
            return Ok(journal);
        }
        let _turn = self.reading.acquire().await.map_err(|_| UnknownMatch)?;
        let journals = Arc::clone(&self.shared.journals);
        let read = tokio::task::spawn_blocking(move || journals.read(id)).await;
        // Memory forgets a match once the archive has it.
        read.ok().flatten().or_else(archived).ok_or(UnknownMatch)
    }

    /// From memory, or else from the journal that is kept.
    pub(super) async fn ended_here(&self, id: MatchId) -> Option<EndedMatch> {
        if let Some(Archived { status, ended, .. }) = self.shared.archive.get(&id) {
            let journal = self.journal_here(id).await.ok()?;
            return Some(EndedMatch { status, ended, journal });
        }
        let _turn = self.reading.acquire().await.ok()?;
        let journals = Arc::clone(&self.shared.journals);
        let read = tokio::task::spawn_blocking(move || crate::recovery::past::ended(id, journals.read(id)?)).await;
        read.ok().flatten()
    }

    /// Every match that runs here, sleeps, or waits to be restored.
    pub(super) async fn matches_here(&self) -> Vec<MatchStatus> {
        let mut known = self.recovering.statuses();
        known.extend(self.shared.dormant.statuses());
        for mailbox in self.shared.directory.all() {
            known.extend(ask(&mailbox, Command::Status).await);
        }
        known
    }
}

//! What a control plane does when it starts: it makes its rows and its notes say again what hosts have.
//!
//! ```text
//!   row without an end ── its host runs or restores it ──▶ noted: code, quota, list of open matches
//!                     ├── its host has its end ──────────▶ results and journal are kept now
//!                     └── no host knows it ──────────────▶ ended as lost, with the reason
//!   a match of a host without a row ─────────────────────▶ a row is made: it was written behind, and came too late
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use stadion_protocol::contract::{EndReason, EndedMatch, Host, MatchState, MatchStatus};
use stadion_protocol::{MatchId, PlayerId};

use super::journals::Journals;
use super::live::{LiveIndex, LiveMatch};
use crate::clock::Clock;
use crate::coordination::CoordinationError;
use crate::lobby::{self, Lobby};
use crate::model::{HostName, MatchEnd, MatchRecord, MatchWrite, PageRequest, UnixMs, Visibility};
use crate::store::{Store, StoreError};

/// Rows that are looked at together.
const PAGE: u16 = 500;

/// What reconciling stands on.
#[derive(Clone)]
pub(crate) struct Reconciler {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) host_name: HostName,
    pub(crate) live: Arc<LiveIndex>,
    pub(crate) journals: Arc<Journals>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Reconciler {
    /// Once, before anything is served. Answers which matches are over by that: their players are to be told.
    pub(crate) async fn run(&self) -> Result<Vec<MatchWrite>, StoreError> {
        let mut ends = Vec::new();
        let mut running: HashMap<MatchId, MatchStatus> =
            self.host.matches().await.into_iter().map(|status| (status.id, status)).collect();
        let mut after = None;
        // Each round goes on behind the last: as many as there are pages of rows.
        loop {
            let page = self.store.unfinished(&self.host_name, &PageRequest { after, limit: PAGE }).await?;
            let mut writes = Vec::new();
            for record in page.items {
                match running.remove(&record.id) {
                    Some(status) => self.note(&record, &status).await?,
                    None => {
                        // Where coordination outlived this process, it still counts there.
                        self.live.forget_surely(record.id).await;
                        writes.push(self.over(record).await);
                    }
                }
            }
            self.store.write_matches(&writes).await?;
            ends.append(&mut writes);
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        self.adopt(running.into_values()).await?;
        Ok(ends)
    }

    /// Notes again everything that runs here and has a row: how many.
    pub(crate) async fn note_again(&self) -> Result<usize, StoreError> {
        self.live.forget_owed().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let (mut noted, mut after) = (0, None);
        // Each round goes on behind the last: as many as there are pages of rows.
        loop {
            let page = self.store.unfinished(&self.host_name, &PageRequest { after, limit: PAGE }).await?;
            for record in page.items {
                if let Ok(status) = self.host.status(record.id).await
                    && status.state != MatchState::Ended
                {
                    self.note(&record, &status).await?;
                    self.forget_if_over(record.id).await;
                    noted += 1;
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(noted),
            }
        }
    }

    /// It may have ended, and been forgotten, while it was noted.
    async fn forget_if_over(&self, id: MatchId) {
        if self.host.status(id).await.is_ok_and(|status| status.state != MatchState::Ended) {
            return;
        }
        self.live.forget_surely(id).await;
    }

    /// Matches that run and have no row.
    async fn adopt(&self, strays: impl Iterator<Item = MatchStatus>) -> Result<(), StoreError> {
        for status in strays {
            let mut record = stray(&status, self.host_name.clone(), self.clock.now());
            // Coordination may have outlived the row.
            if let Ok(Some(live)) = self.live.by_id(status.id).await {
                (record.code, record.key) = (Some(live.code), live.key);
            }
            self.note(&record, &status).await?;
            self.store.write_matches(&[MatchWrite::Started(Box::new(record))]).await?;
        }
        Ok(())
    }

    /// A match that goes on is found by its code again, counts again, and is listed again if it was.
    async fn note(&self, record: &MatchRecord, status: &MatchStatus) -> Result<(), StoreError> {
        if self.is_called_off(record.id).await {
            return Ok(());
        }
        let owner = self.store.game(&record.game).await?.map(|entry| entry.game.owner);
        if let Err(error) = self.note_of(record, status, owner).await {
            tracing::warn!(id = %record.id, %error, "a match that goes on was not noted");
        }
        Ok(())
    }

    /// Whether a match was called off while this replica was away; then it ends.
    async fn is_called_off(&self, id: MatchId) -> bool {
        let void = self.live.is_void(id).await.unwrap_or_else(|error| {
            tracing::warn!(%id, %error, "whether a match was called off is not known");
            false
        });
        if void && self.host.end(id, EndReason::Closed).await.is_err() {
            tracing::debug!(%id, "a match that was called off is over already");
        }
        void
    }

    async fn note_of(
        &self,
        record: &MatchRecord,
        status: &MatchStatus,
        owner: Option<PlayerId>,
    ) -> Result<(), CoordinationError> {
        let (Some(owner), Some(code)) = (owner, record.code.clone()) else { return Ok(()) };
        let (id, game, version) = (record.id, record.game.clone(), status.version);
        let public_since = (record.visibility == Visibility::Public).then_some(record.created_at);
        let key = record.key.clone();
        let host = Some(self.host_name.clone());
        let live = LiveMatch { id, game, version, code, owner, key, host, public_since };
        self.live.note_again(live.clone()).await?;
        self.live.open.mind(&live);
        self.live.told(status).await
    }

    /// The end of a match that no host runs: as its host has it, else as lost.
    async fn over(&self, record: MatchRecord) -> MatchWrite {
        let at = self.clock.now();
        let Some(EndedMatch { status, ended, journal }) = self.host.ended(record.id).await else {
            return lost(record, at);
        };
        let end = MatchEnd {
            at,
            journal_bytes: self.journals.keep(record.id, journal).await,
            reason: ended.reason,
            placings: ended.placings,
            data: ended.data,
            chain: Some(ended.chain),
            usage: None,
            last_log: Vec::new(),
        };
        MatchWrite::Ended { status: Box::new(status), end: Box::new(end) }
    }
}

/// Tells the players of matches that are over since before this process began, and lets them go back to their parties.
pub(crate) async fn tell_of_ends(lobby: Arc<Lobby>, ends: Vec<MatchWrite>) {
    for write in ends {
        let MatchWrite::Ended { status, end } = write else { continue };
        let (id, game, seats) = (status.id, &status.game, &status.seats);
        let (placings, reason) = (&end.placings, &end.reason);
        lobby.match_over(lobby::Over { id, game, seats, placings, reason }).await;
    }
}

fn stray(status: &MatchStatus, host: HostName, now: UnixMs) -> MatchRecord {
    MatchRecord {
        id: status.id,
        code: None,
        key: None,
        host: Some(host),
        game: status.game.clone(),
        version: status.version,
        creator: None,
        visibility: Visibility::Private,
        seat_count: status.seat_count,
        created_at: now,
        seats: Vec::new(),
        label: String::new(),
        incarnation: status.incarnation,
        tick: status.tick,
        end: None,
    }
}

fn lost(record: MatchRecord, now: UnixMs) -> MatchWrite {
    let status = MatchStatus {
        id: record.id,
        game: record.game,
        version: record.version,
        state: MatchState::Ended,
        incarnation: record.incarnation,
        tick: record.tick,
        seat_count: record.seat_count,
        seats: record.seats,
        open: false,
        label: record.label,
    };
    let end = MatchEnd {
        at: now,
        reason: EndReason::HostFailed("the host went down and did not keep the match".to_owned()),
        placings: Vec::new(),
        data: Vec::new(),
        chain: None,
        journal_bytes: None,
        usage: None,
        last_log: Vec::new(),
    };
    MatchWrite::Ended { status: Box::new(status), end: Box::new(end) }
}

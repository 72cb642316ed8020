//! The public list of matches that take players, as anybody may read it: for each game a map in coordination, in which
//! every replica keeps the entries of its own matches.
//!
//! ```text
//!   created, public ──▶ minded ──its host says open, with a free seat──▶ listed ──full, closed──▶ minded
//!                          └──────────────────── over ────────────────────┴──▶ forgotten
//! ```
//! An entry says nothing that a player in the match would keep to itself: its game's label, seats, and the code that leads
//! to it.

mod filter;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::{MatchState, MatchStatus};
use stadion_protocol::{GameName, MatchCode, MatchId, VersionId};

use super::live::LiveMatch;
use crate::coordination::{Coordination, CoordinationError};
use crate::model::{HostName, Region, UnixMs};

pub(crate) use filter::{InvalidFilter, LabelFilter};

/// Matches of one game that are listed at most, of 1.3 KB at most: a list is read whole. Further ones are found by
/// `play` all the same, and are listed once there is room and they change.
const MOST: u32 = 1_000;

/// A match that takes players.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenEntry {
    pub(crate) id: MatchId,
    pub(crate) code: MatchCode,
    pub(crate) version: VersionId,
    pub(crate) host: Option<HostName>,
    /// Where that stands.
    #[serde(default)]
    pub(crate) region: Option<Region>,
    /// Since when anybody may find it.
    pub(crate) since: UnixMs,
    /// Seats that nobody holds.
    pub(crate) free: u16,
    pub(crate) seats: u16,
    /// As its game wrote it.
    pub(crate) label: String,
}

/// See the module.
pub(crate) struct OpenList {
    coordination: Arc<dyn Coordination>,
    region: Option<Region>,
    /// Public matches of this replica's host.
    minded: Mutex<HashMap<MatchId, Minded>>,
}

/// A public match, listed or not.
struct Minded {
    of: LiveMatch,
    since: UnixMs,
    /// What is listed.
    listed: Option<Vec<u8>>,
}

impl OpenList {
    pub(crate) fn new(coordination: Arc<dyn Coordination>, region: Option<Region>) -> OpenList {
        OpenList { coordination, region, minded: Mutex::default() }
    }

    /// Minds a match of this replica, if it is public. It is listed once its host says that it is open.
    pub(super) fn mind(&self, of: &LiveMatch) {
        if let Some(since) = of.public_since {
            self.minded().insert(of.id, Minded { of: of.clone(), since, listed: None });
        }
    }

    /// Says what a match's host has said, if it is another thing than before.
    pub(super) async fn changed(&self, status: &MatchStatus) -> Result<(), CoordinationError> {
        let takes_players = status.open
            && status.free_seats() > 0
            && matches!(status.state, MatchState::Running | MatchState::Hibernated);
        let (map, before, after) = {
            let minded = self.minded();
            let Some(known) = minded.get(&status.id) else { return Ok(()) };
            let after = takes_players.then(|| written(&known.entry(status, self.region.clone())));
            (map_of(&known.of.game), known.listed.clone(), after)
        };
        if before == after {
            return Ok(());
        }
        let field = status.id.to_string();
        let listed = match after {
            Some(entry) => self.coordination.map_put(&map, &field, &entry, MOST).await?.then_some(entry),
            None => {
                self.coordination.map_take(&map, &field).await?;
                None
            }
        };
        let still_there = match self.minded().get_mut(&status.id) {
            Some(known) => {
                known.listed = listed;
                true
            }
            None => false,
        };
        if !still_there {
            // It ended meanwhile.
            self.coordination.map_take(&map, &field).await?;
        }
        Ok(())
    }

    /// Minds a match no longer.
    pub(super) fn leave(&self, id: MatchId) {
        self.minded().remove(&id);
    }

    /// Takes a match off the list that is over, whichever replica listed it.
    pub(super) async fn forget(&self, game: &GameName, id: MatchId) -> Result<(), CoordinationError> {
        self.coordination.map_take(&map_of(game), &id.to_string()).await.map(drop)
    }

    /// Every listed match of a game, the newest first.
    pub(crate) async fn of_game(&self, game: &GameName) -> Result<Vec<OpenEntry>, CoordinationError> {
        let entries = self.coordination.map_entries(&map_of(game)).await?;
        let mut open: Vec<OpenEntry> =
            entries.iter().filter_map(|(_, entry)| serde_json::from_slice(entry).ok()).collect();
        open.sort_unstable_by_key(|entry| (std::cmp::Reverse(entry.since), entry.id));
        Ok(open)
    }

    fn minded(&self) -> MutexGuard<'_, HashMap<MatchId, Minded>> {
        // No step under this lock can panic half-way.
        self.minded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Minded {
    fn entry(&self, status: &MatchStatus, region: Option<Region>) -> OpenEntry {
        OpenEntry {
            id: self.of.id,
            code: self.of.code.clone(),
            version: status.version,
            host: self.of.host.clone(),
            region,
            since: self.since,
            free: status.free_seats(),
            seats: status.seat_count,
            label: status.label.clone(),
        }
    }
}

fn written(entry: &OpenEntry) -> Vec<u8> {
    serde_json::to_vec(entry).expect("ids and texts are plain JSON")
}

fn map_of(game: &GameName) -> String {
    format!("open/{game}")
}

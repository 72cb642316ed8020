//! Which match is where, and what is left of those that are over.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use stadion_protocol::MatchId;
use stadion_protocol::contract::{MatchEnded, MatchStatus, MatchUsage};

use super::logbook::Logbook;
use super::mailbox::Mailbox;

/// Parts of the directory, each with a lock of its own: every packet of every player looks something up.
const PARTS: usize = 64;

/// Matches that start, run or linger on this host.
pub struct Directory {
    parts: [Mutex<HashMap<MatchId, Arc<Mailbox>>>; PARTS],
}

impl Default for Directory {
    fn default() -> Directory {
        Directory { parts: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").finish_non_exhaustive()
    }
}

impl Directory {
    pub(crate) fn get(&self, id: &MatchId) -> Option<Arc<Mailbox>> {
        self.part(id).get(id).cloned()
    }

    /// Takes an id; `false` if it is taken.
    pub(crate) fn insert(&self, id: MatchId, mailbox: Arc<Mailbox>) -> bool {
        let mut part = self.part(&id);
        if part.contains_key(&id) {
            return false;
        }
        part.insert(id, mailbox);
        true
    }

    pub(crate) fn remove(&self, id: &MatchId) {
        self.part(id).remove(id);
    }

    /// The mailboxes of all matches.
    pub(crate) fn all(&self) -> Vec<Arc<Mailbox>> {
        let all = self.parts.iter().map(|part| part.lock().unwrap_or_else(PoisonError::into_inner));
        all.flat_map(|part| part.values().cloned().collect::<Vec<_>>()).collect()
    }

    fn part(&self, id: &MatchId) -> MutexGuard<'_, HashMap<MatchId, Arc<Mailbox>>> {
        // Ids are random: any byte spreads them.
        let part = &self.parts[usize::from(id.0[15]) % PARTS];
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much is kept of matches that are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// At most so many.
    pub matches: usize,
    /// With journals of at most so many bytes together.
    pub journal_bytes: usize,
}

impl Default for ArchiveLimits {
    /// An hour of a busy host, in memory that a busy host has.
    fn default() -> ArchiveLimits {
        ArchiveLimits { matches: 4_096, journal_bytes: 256 << 20 }
    }
}

/// What is kept of a match that is over.
#[derive(Clone, Debug)]
pub struct Archived {
    /// Its last status.
    pub status: MatchStatus,
    /// How it ended.
    pub ended: MatchEnded,
    /// Whole and closed; `None` while it is read back.
    pub journal: Option<Bytes>,
    /// What it used.
    pub usage: MatchUsage,
    /// What it said to its author.
    pub(crate) log: Arc<Logbook>,
}

impl Archived {
    fn journal_bytes(&self) -> usize {
        self.journal.as_ref().map_or(0, Bytes::len)
    }
}

/// Matches that are over, the newest first to stay.
#[derive(Debug)]
pub struct Archive {
    limits: ArchiveLimits,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_id: HashMap<MatchId, Archived>,
    order: VecDeque<MatchId>,
    bytes: usize,
}

impl Archive {
    /// An empty one.
    pub fn new(limits: ArchiveLimits) -> Archive {
        Archive { limits, kept: Mutex::default() }
    }

    /// What is known of a match that is over.
    pub fn get(&self, id: &MatchId) -> Option<Archived> {
        self.kept().by_id.get(id).cloned()
    }

    /// Keeps a match, and forgets the oldest while there are too many.
    pub fn put(&self, archived: Archived) {
        let mut kept = self.kept();
        let id = archived.status.id;
        kept.bytes += archived.journal_bytes();
        if let Some(before) = kept.by_id.insert(id, archived) {
            kept.bytes -= before.journal_bytes();
        } else {
            kept.order.push_back(id);
        }
        while kept.order.len() > self.limits.matches || kept.bytes > self.limits.journal_bytes {
            let Some(oldest) = kept.order.pop_front() else { break };
            if let Some(gone) = kept.by_id.remove(&oldest) {
                kept.bytes -= gone.journal_bytes();
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stadion_protocol::contract::{EndReason, MatchState};
    use stadion_protocol::{Incarnation, Tick, VersionId};

    fn over(n: u8, bytes: usize) -> Archived {
        let status = MatchStatus {
            id: MatchId([n; 16]),
            game: "tictactoe".parse().unwrap(),
            version: VersionId([0; 32]),
            state: MatchState::Ended,
            incarnation: Incarnation(1),
            tick: Tick(0),
            seat_count: 2,
            seats: Vec::new(),
            open: false,
            label: String::new(),
        };
        let ended = MatchEnded {
            reason: EndReason::Closed,
            tick: Tick(0),
            placings: Vec::new(),
            data: Vec::new(),
            chain: [0; 16],
        };
        let journal = Some(Bytes::from(vec![0; bytes]));
        Archived { status, ended, journal, usage: MatchUsage::default(), log: Arc::default() }
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let archive = Archive::new(ArchiveLimits { matches: 3, journal_bytes: 100 });
        (1..=4).for_each(|n| archive.put(over(n, 10)));
        assert!(archive.get(&MatchId([1; 16])).is_none());
        assert!(archive.get(&MatchId([2; 16])).is_some());
        archive.put(over(5, 85));
        assert!(archive.get(&MatchId([3; 16])).is_none(), "over the bytes");
        assert!(archive.get(&MatchId([5; 16])).is_some());
    }
}

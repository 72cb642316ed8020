//! What the control plane notes in coordination about matches that run: codes, keys, quotas, and what to undo at their end.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::MatchStatus;
use stadion_protocol::{GameName, MatchCode, MatchId, PlayerId, VersionId};

use super::bots::BotBoard;
use super::open::OpenList;
use crate::clock::{Clock, Rng};
use crate::coordination::{Coordination, CoordinationError, OpenMatch};
use crate::games::{Playable, QuotaMet, QuotaName, pool};
use crate::model::{HostName, MatchKey, Region, UnixMs};

/// Notes of a match are kept for that long at most, should its end never be heard of.
const KEEP: Duration = Duration::from_secs(400 * 24 * 3600);

/// Matches that are remembered to be forgotten once coordination answers again; more stay noted until [`KEEP`] is over.
const OWED: usize = 100_000;

/// Tries for a free code at each length.
const CODE_TRIES: usize = 4;

/// In place of a match's note: there is no such match, and never will be.
const VOID: &[u8] = b"void";

/// For so long: whoever was about to create it has come back from wherever it was by then.
const KEEP_VOID: Duration = Duration::from_secs(24 * 3600);

/// A running match, as a code leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LiveMatch {
    pub(crate) id: MatchId,
    pub(crate) game: GameName,
    pub(crate) version: VersionId,
    pub(crate) code: MatchCode,
    /// Owner of the game, whose quota it counts against.
    pub(crate) owner: PlayerId,
    /// The key that it was created under.
    pub(crate) key: Option<MatchKey>,
    /// Where it runs.
    pub(crate) host: Option<HostName>,
    /// Since when anybody may find it; `None`: it is private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) public_since: Option<UnixMs>,
}

/// A match that is about to be created: what a [`LiveMatch`] is but its code.
pub(crate) struct NewNote {
    pub(crate) id: MatchId,
    pub(crate) game: GameName,
    pub(crate) version: VersionId,
    pub(crate) owner: PlayerId,
    pub(crate) key: Option<MatchKey>,
    pub(crate) host: Option<HostName>,
    /// Matches of its owner that may run at a time.
    pub(crate) limit: u32,
    pub(crate) public_since: Option<UnixMs>,
}

/// Why a match was not noted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoteError {
    /// The owner's quota is used up.
    #[error(transparent)]
    Quota(QuotaMet),
    /// Others have given up waiting for it.
    #[error("the match was called off before it was created")]
    Void,
    /// See [`CoordinationError`].
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
}

/// See the module.
pub(crate) struct LiveIndex {
    coordination: Arc<dyn Coordination>,
    rng: Arc<dyn Rng>,
    /// Where this replica's host stands: players are led to matches there.
    region: Option<Region>,
    /// Those that anybody may find.
    pub(crate) open: OpenList,
    /// Those that want programs.
    pub(crate) bots: BotBoard,
    /// Matches that are over and could not be forgotten; most of [`OWED`].
    owed: Mutex<BTreeSet<MatchId>>,
}

impl LiveIndex {
    pub(crate) fn new(
        coordination: Arc<dyn Coordination>,
        rng: Arc<dyn Rng>,
        clock: Arc<dyn Clock>,
        region: Option<Region>,
    ) -> LiveIndex {
        let bots = BotBoard::new(coordination.clone(), clock);
        let open = OpenList::new(coordination.clone(), region.clone());
        LiveIndex { coordination, rng, region, open, bots, owed: Mutex::default() }
    }

    /// Where open matches of a version are listed that run in this replica's region.
    pub(crate) fn pool(&self, playable: &Playable) -> String {
        self.pool_of(&playable.game.name, playable.version.id)
    }

    /// The same.
    pub(crate) fn pool_of(&self, game: &GameName, version: VersionId) -> String {
        match &self.region {
            Some(region) => format!("{}@{region}", pool(game, version)),
            None => pool(game, version),
        }
    }

    /// Notes a match that is about to be created, and gives it a code.
    pub(crate) async fn note(&self, new: NewNote) -> Result<LiveMatch, NoteError> {
        let NewNote { id, game, version, owner, key, host, limit, public_since } = new;
        if !self.coordination.join_set(&owner_key(&owner), id, limit).await? {
            let (name, limit) = (QuotaName::RunningMatches, u64::from(limit));
            return Err(NoteError::Quota(QuotaMet { name, limit, used: limit }));
        }
        let code = self.code_for(id).await?;
        let live = LiveMatch { id, game, version, code, owner, key, host, public_since };
        if self.coordination.put_new(&match_key(id), &written(&live), KEEP).await?.is_some() {
            self.coordination.remove(&code_key(&live.code)).await?;
            return Err(NoteError::Void);
        }
        self.open.mind(&live);
        Ok(live)
    }

    /// Calls a match off that nobody has created: whoever is about to will not. `Some`: it was noted before, and stays.
    pub(crate) async fn call_off(&self, id: MatchId) -> Result<Option<LiveMatch>, CoordinationError> {
        match self.coordination.put_new(&match_key(id), VOID, KEEP_VOID).await? {
            Some(note) if note != VOID => read(&note).map(Some),
            _ => Ok(None),
        }
    }

    /// The same of a match that is noted, and whose players wait no longer for its host. Should it run there, it ends once
    /// its host looks. Whether it is called off now.
    pub(crate) async fn call_off_noted(&self, live: &LiveMatch) -> Result<bool, CoordinationError> {
        let called_off = self.coordination.swap(&match_key(live.id), Some(&written(live)), VOID, KEEP_VOID).await?;
        if called_off {
            self.open.leave(live.id);
            self.forget_beside(live).await?;
        }
        Ok(called_off)
    }

    /// Whether a match was called off.
    pub(crate) async fn is_void(&self, id: MatchId) -> Result<bool, CoordinationError> {
        Ok(self.coordination.get(&match_key(id)).await?.as_deref() == Some(VOID))
    }

    /// Notes a match that goes on after a restart, quota or not. Players are led to a public one.
    pub(crate) async fn note_again(&self, live: LiveMatch) -> Result<(), CoordinationError> {
        self.coordination.join_set(&owner_key(&live.owner), live.id, u32::MAX).await?;
        self.coordination.put(&code_key(&live.code), &live.id.0, KEEP).await?;
        if let Some(key) = &live.key {
            self.coordination.put(&key_key(&live.game, key), &live.id.0, KEEP).await?;
        }
        self.coordination.put(&match_key(live.id), &written(&live), KEEP).await?;
        if live.public_since.is_some() {
            // Nobody is led there before its host has said how many seats are free.
            self.coordination.list(&self.pool_of(&live.game, live.version), OpenMatch { id: live.id, free: 0 }).await?;
        }
        Ok(())
    }

    /// Notes that a key leads to a match that is about to be created, unless it leads to another: to which.
    pub(crate) async fn claim(
        &self,
        game: &GameName,
        key: &MatchKey,
        id: MatchId,
    ) -> Result<Option<MatchId>, CoordinationError> {
        self.coordination.put_new(&key_key(game, key), &id.0, KEEP).await?.map(noted_id).transpose()
    }

    /// Lets a key go that leads to this match; one that leads to another by now stays.
    pub(crate) async fn release(&self, game: &GameName, key: &MatchKey, id: MatchId) -> Result<(), CoordinationError> {
        self.coordination.remove_if(&key_key(game, key), &id.0).await
    }

    /// Four letters while most of those are free, then more.
    async fn code_for(&self, id: MatchId) -> Result<MatchCode, CoordinationError> {
        for length in [4, 6, 8] {
            for _ in 0..CODE_TRIES {
                let mut bytes = [0; 8];
                self.rng.fill(&mut bytes);
                let code = MatchCode::from_random(&bytes[..length]);
                if self.coordination.put_new(&code_key(&code), &id.0, KEEP).await?.is_none() {
                    return Ok(code);
                }
            }
        }
        Err(CoordinationError("no free match code was found".to_owned()))
    }

    /// The running match of an id.
    pub(crate) async fn by_id(&self, id: MatchId) -> Result<Option<LiveMatch>, CoordinationError> {
        let note = self.coordination.get(&match_key(id)).await?.filter(|note| note != VOID);
        note.map(|note| read(&note)).transpose()
    }

    /// The running match of a code.
    pub(crate) async fn by_code(&self, code: &MatchCode) -> Result<Option<LiveMatch>, CoordinationError> {
        let Some(id) = self.coordination.get(&code_key(code)).await? else { return Ok(None) };
        self.by_id(noted_id(id)?).await
    }

    /// Notes how many seats of a match are free, if it is listed.
    pub(crate) async fn changed(&self, status: &MatchStatus) -> Result<(), CoordinationError> {
        let free = if status.open { status.free_seats() } else { 0 };
        self.coordination.set_free(&self.pool_of(&status.game, status.version), OpenMatch { id: status.id, free }).await
    }

    /// The same, and shows it in the public list. For its host's own words, in their order.
    pub(crate) async fn told(&self, status: &MatchStatus) -> Result<(), CoordinationError> {
        self.changed(status).await?;
        self.open.changed(status).await
    }

    /// Notes the version that a match runs now, and lists it there if it is one that anybody may find.
    pub(crate) async fn moved(&self, status: &MatchStatus, listed: bool) -> Result<(), CoordinationError> {
        let Some(live) = self.by_id(status.id).await? else { return Ok(()) };
        if live.version == status.version {
            return Ok(());
        }
        self.coordination.unlist(&self.pool_of(&live.game, live.version), status.id).await?;
        let live = LiveMatch { version: status.version, ..live };
        self.coordination.put(&match_key(status.id), &written(&live), KEEP).await?;
        if listed {
            let free = if status.open { status.free_seats() } else { 0 };
            self.coordination.list(&self.pool_of(&live.game, live.version), OpenMatch { id: status.id, free }).await?;
        }
        Ok(())
    }

    /// Forgets a match that was not created after all, however far its notes came.
    pub(crate) async fn undo(&self, id: MatchId, owner: &PlayerId) -> Result<(), CoordinationError> {
        self.forget(id).await?;
        self.coordination.leave_set(&owner_key(owner), id).await
    }

    /// Forgets a match that is over, later if it cannot be done now.
    pub(crate) async fn forget_surely(&self, id: MatchId) {
        if let Err(error) = self.forget(id).await {
            tracing::warn!(%id, %error, "the end of a match is noted later");
            let mut owed = self.owed();
            if owed.len() < OWED {
                owed.insert(id);
            }
        }
    }

    /// Forgets what could not be forgotten before.
    pub(crate) async fn forget_owed(&self) -> Result<(), CoordinationError> {
        let owed: Vec<MatchId> = self.owed().iter().copied().collect();
        for id in owed {
            self.forget(id).await?;
            self.owed().remove(&id);
        }
        Ok(())
    }

    fn owed(&self) -> MutexGuard<'_, BTreeSet<MatchId>> {
        // No step under this lock can panic half-way.
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a match that is over.
    pub(crate) async fn forget(&self, id: MatchId) -> Result<(), CoordinationError> {
        // Whatever coordination has lost of it.
        self.open.leave(id);
        let Some(live) = self.by_id(id).await? else { return Ok(()) };
        self.forget_beside(&live).await?;
        self.coordination.remove(&match_key(id)).await
    }

    /// All but the note itself.
    async fn forget_beside(&self, live: &LiveMatch) -> Result<(), CoordinationError> {
        self.open.forget(&live.game, live.id).await?;
        self.bots.forget(&live.game, live.id).await?;
        self.coordination.unlist(&self.pool_of(&live.game, live.version), live.id).await?;
        self.coordination.leave_set(&owner_key(&live.owner), live.id).await?;
        self.coordination.remove(&code_key(&live.code)).await?;
        match &live.key {
            Some(key) => self.release(&live.game, key, live.id).await,
            None => Ok(()),
        }
    }
}

fn written(live: &LiveMatch) -> Vec<u8> {
    serde_json::to_vec(live).expect("ids and names are plain JSON")
}

fn read(note: &[u8]) -> Result<LiveMatch, CoordinationError> {
    serde_json::from_slice(note).map_err(|error| CoordinationError(error.to_string()))
}

fn owner_key(owner: &PlayerId) -> String {
    format!("running/{owner}")
}

fn code_key(code: &MatchCode) -> String {
    format!("code/{code}")
}

fn key_key(game: &GameName, key: &MatchKey) -> String {
    format!("key/{game}/{key}")
}

fn noted_id(note: Vec<u8>) -> Result<MatchId, CoordinationError> {
    note.try_into().map(MatchId).map_err(|_| CoordinationError("a code or key leads to no match id".to_owned()))
}

fn match_key(id: MatchId) -> String {
    format!("match/{id}")
}

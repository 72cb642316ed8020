//! Looking at matches and ending them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::contract::{EndReason, Host, LogPage, MatchState, MatchStatus, MatchUsage};
use stadion_protocol::{GameName, MatchId, PlayerId, VersionId};

use super::journals::Journals;
use super::live::LiveIndex;
use super::writer::Writer;
use crate::accounts::Caller;
use crate::clock::{Clock, Rng};
use crate::coordination::CoordinationError;
use crate::games::{BlobError, QuotaBook};
use crate::model::{HostName, MatchFilter, MatchRecord, Page, PageRequest, Role, UnixMs, Usage, Viewer};
use crate::store::{Store, StoreError};

/// A match as it is shown: what is kept of it, and what its host says while it runs.
#[derive(Clone, Debug)]
pub(crate) struct MatchView {
    pub(crate) record: MatchRecord,
    pub(crate) live: Option<MatchStatus>,
    /// Whether the code may be shown to whoever asked.
    pub(crate) with_code: bool,
    /// Whether its author's side may be shown to whoever asked: log and traps.
    pub(crate) with_failure: bool,
}

impl MatchView {
    /// The end counts once it is kept: until then a match that its host has ended is finishing, so that whoever sees
    /// `ended` also finds the results.
    pub(crate) fn state(&self) -> MatchState {
        match (&self.record.end, &self.live) {
            (Some(_), _) => MatchState::Ended,
            (None, Some(status)) if status.state == MatchState::Ended => MatchState::Finishing,
            (None, Some(status)) => status.state,
            (None, None) => MatchState::Running,
        }
    }
}

/// Who sits or sat in a match.
#[derive(Clone, Debug)]
pub(crate) struct SeatedIn {
    pub(crate) game: GameName,
    pub(crate) version: VersionId,
    pub(crate) players: BTreeSet<PlayerId>,
}

/// What a match used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatchUsed {
    pub(crate) usage: Usage,
    /// How punctual it was; its host alone knows.
    pub(crate) pace: Option<MatchUsage>,
}

/// Why something about a match did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MatchError {
    /// No such match.
    #[error("there is no match {0}")]
    Unknown(MatchId),
    /// Only its creator, the game's owner and operators may; while it runs, its creator may not do everything.
    #[error("this match is for others: its creator, the owner of its game, operators")]
    NotOwner,
    /// It is gone, or was never kept.
    #[error("the journal of match {0} is not kept any more")]
    NoJournal(MatchId),
    /// It ended with its host.
    #[error("what match {0} used is not known")]
    NotCounted(MatchId),
    /// See [`BlobError`].
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why it is not known where a match runs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ElsewhereError {
    /// See [`CoordinationError`].
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// See the module.
pub(crate) struct MatchService {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) journals: Arc<Journals>,
    pub(crate) live: Arc<LiveIndex>,
    pub(crate) quotas: Arc<QuotaBook>,
    pub(crate) writer: Writer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
}

impl MatchService {
    /// One match, for whoever knows its id.
    pub(crate) async fn get(&self, id: MatchId, caller: Option<&Caller>) -> Result<MatchView, MatchError> {
        let (record, live) = self.find(id).await?;
        let (with_code, with_failure) = match caller {
            Some(caller) => {
                let author = self.owns_game(&record, caller).await?;
                (author || created(&record, caller) || sits_in(&record, live.as_ref(), &caller.account), author)
            }
            None => (false, false),
        };
        Ok(MatchView { record, live, with_code, with_failure })
    }

    /// The status is asked for first: what the host has ended meanwhile is in the row by then, or soon.
    pub(super) async fn find(&self, id: MatchId) -> Result<(MatchRecord, Option<MatchStatus>), MatchError> {
        let status = self.host.status(id).await.ok();
        self.writer.flush().await;
        let record = self.store.match_record(id).await?.ok_or(MatchError::Unknown(id))?;
        let live = status.filter(|_| record.end.is_none());
        Ok((record, live))
    }

    /// The host on which a match runs, if that is not this one: by its note, else by its row.
    pub(crate) async fn elsewhere(&self, id: MatchId, here: &HostName) -> Result<Option<HostName>, ElsewhereError> {
        if self.host.status(id).await.is_ok() {
            return Ok(None);
        }
        let host = match self.live.by_id(id).await? {
            Some(live) => live.host,
            None => self.store.match_record(id).await?.filter(|record| record.end.is_none()).and_then(|row| row.host),
        };
        Ok(host.filter(|host| host != here))
    }

    async fn owns(&self, record: &MatchRecord, caller: &Caller) -> Result<bool, StoreError> {
        Ok(created(record, caller) || self.owns_game(record, caller).await?)
    }

    pub(super) async fn owns_game(&self, record: &MatchRecord, caller: &Caller) -> Result<bool, StoreError> {
        if caller.role >= Role::Operator {
            return Ok(true);
        }
        let game = self.store.game(&record.game).await?;
        Ok(game.is_some_and(|entry| entry.game.owner == caller.account))
    }

    /// Who sits or sat in a match; `None`: there is no such match.
    pub(crate) async fn seated(&self, id: MatchId) -> Result<Option<SeatedIn>, MatchError> {
        let (record, live) = match self.find(id).await {
            Ok(found) => found,
            Err(MatchError::Unknown(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let seats = live.map_or(record.seats, |status| status.seats);
        let players = seats.into_iter().map(|seat| seat.player.id).collect();
        Ok(Some(SeatedIn { game: record.game, version: record.version, players }))
    }

    /// Removes journals that may go now.
    pub(crate) async fn prune_journals(&self) -> Result<(), StoreError> {
        self.journals.look_again().await
    }

    /// Returns once the rows say what has happened, or after a moment.
    pub(crate) async fn flush(&self) {
        self.writer.flush().await;
    }

    /// Matches that somebody may see, newest first.
    pub(crate) async fn list(
        &self,
        filter: &MatchFilter,
        page: &PageRequest<(UnixMs, MatchId)>,
    ) -> Result<Page<MatchView, (UnixMs, MatchId)>, MatchError> {
        self.writer.flush().await;
        let Page { items, next } = self.store.matches(filter, page).await?;
        let owned = self.owned_among(&filter.viewer, &items).await?;
        let mut views = Vec::with_capacity(items.len());
        for record in items {
            let live = if record.end.is_none() { self.host.status(record.id).await.ok() } else { None };
            let with_code = match &filter.viewer {
                Viewer::Anyone => false,
                Viewer::Account(id) => {
                    let own = record.creator.as_ref() == Some(id) || owned.contains(&record.game);
                    own || sits_in(&record, live.as_ref(), id)
                }
                Viewer::Operator => true,
            };
            views.push(MatchView { record, live, with_code, with_failure: false });
        }
        Ok(Page { items: views, next })
    }

    /// Those of the matches' games that are the viewer's.
    async fn owned_among(&self, viewer: &Viewer, records: &[MatchRecord]) -> Result<BTreeSet<GameName>, StoreError> {
        let Viewer::Account(account) = viewer else { return Ok(BTreeSet::new()) };
        let games: BTreeSet<&GameName> = records.iter().map(|record| &record.game).collect();
        let mut owned = BTreeSet::new();
        for name in games {
            if self.store.game(name).await?.is_some_and(|entry| entry.game.owner == *account) {
                owned.insert(name.clone());
            }
        }
        Ok(owned)
    }

    /// Ends a match. Ending one that is over changes nothing.
    pub(crate) async fn end(&self, id: MatchId, caller: &Caller) -> Result<(), MatchError> {
        let (record, _) = self.find(id).await?;
        if !self.owns(&record, caller).await? {
            return Err(MatchError::NotOwner);
        }
        if record.end.is_none() && self.host.end(id, EndReason::Closed).await.is_err() {
            tracing::info!(%id, "a match to end is not on its host any more");
        }
        Ok(())
    }

    /// The journal: from the host while the match runs, then as it was kept. It holds what everybody did and the seed,
    /// so while the match runs nobody gets it who may sit in it: the game's owner and operators alone. Its players and
    /// its creator get it once it is over.
    pub(crate) async fn journal(&self, id: MatchId, caller: &Caller) -> Result<Bytes, MatchError> {
        let (record, live) = self.find(id).await?;
        let took_part = sits_in(&record, live.as_ref(), &caller.account) || created(&record, caller);
        let may = (record.end.is_some() && took_part) || self.owns_game(&record, caller).await?;
        if !may {
            return Err(MatchError::NotOwner);
        }
        if record.end.is_none() {
            return self.host.journal(id).await.map_err(|_| MatchError::NoJournal(id));
        }
        self.journals.read(id).await?.ok_or(MatchError::NoJournal(id))
    }

    /// What a match used, for the owner of its game and operators: from its host while that knows it, then as it was
    /// written down.
    pub(crate) async fn usage(&self, id: MatchId, caller: &Caller) -> Result<MatchUsed, MatchError> {
        let record = self.authored(id, caller).await?;
        match (self.host.usage(id).await, record.end.and_then(|end| end.usage)) {
            (Ok(usage), _) => Ok(MatchUsed { usage: Usage::from(&usage), pace: Some(usage) }),
            (Err(_), Some(usage)) => Ok(MatchUsed { usage, pace: None }),
            (Err(_), None) => Err(MatchError::NotCounted(id)),
        }
    }

    /// Lines of a match's log, for the owner of its game and operators; of one that its host has forgotten, the last.
    pub(crate) async fn log(
        &self,
        id: MatchId,
        caller: &Caller,
        after: u64,
        wait: Duration,
    ) -> Result<LogPage, MatchError> {
        let record = self.authored(id, caller).await?;
        if let Ok(page) = self.host.log(id, after, wait).await {
            return Ok(page);
        }
        let mut lines = record.end.map(|end| end.last_log).unwrap_or_default();
        lines.retain(|line| line.number > after);
        Ok(LogPage { lines, over: true })
    }

    /// A match that the caller's own game runs, or that an operator asks about.
    async fn authored(&self, id: MatchId, caller: &Caller) -> Result<MatchRecord, MatchError> {
        self.writer.flush().await;
        let record = self.store.match_record(id).await?.ok_or(MatchError::Unknown(id))?;
        if self.owns_game(&record, caller).await? { Ok(record) } else { Err(MatchError::NotOwner) }
    }
}

fn created(record: &MatchRecord, caller: &Caller) -> bool {
    record.creator.as_ref() == Some(&caller.account)
}

pub(super) fn sits_in(record: &MatchRecord, live: Option<&MatchStatus>, account: &PlayerId) -> bool {
    let seats = live.map_or(&record.seats, |status| &status.seats);
    seats.iter().any(|seat| seat.player.id == *account)
}

//! What a developer asks of a match of their own: to hold it still, and to tell its ticks.
//!
//! Ticks are told by playing the journal again beside the match, in a session of its own: that costs the match nothing, and
//! shows what it did, not what somebody wrote down of it. It is played from the newest checkpoint before what is asked for;
//! where there is none that is of use, from its start.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use stadion_protocol::contract::{CreateError, MAX_TOLD, Pace, TickRange, TicksError, ToldTicks, UnknownMatch};
use stadion_protocol::{MatchId, VersionId};
use stadion_schema::Schema;

use crate::dormant::Library;
use crate::engine::LoadedVersion;
use crate::journal::{Begin, JournalError, Journals, Reader, Record};
use crate::life::HostState;
use crate::model::{Stepped, TickInput};
use crate::recovery::{Failed, Past, Watch, rebuild};
use crate::replay::{ReplayError, told, verify_all};
use crate::shard::Command;

use super::{LocalHost, ask};

/// So many ticks are played again for a developer at most: at 20 Hz that is over two hours, and takes seconds.
const MOST_TICKS: u64 = 200_000;

/// Replays for developers at once: each takes a session and a core. Others wait their turn.
pub(super) const TELLING_AT_ONCE: usize = 1;

type Versions = HashMap<VersionId, Arc<LoadedVersion>>;

impl LocalHost {
    pub(super) async fn pace_here(&self, id: MatchId, pace: Pace) -> Result<(), UnknownMatch> {
        let mailbox = self.shared.directory.get(&id).ok_or(UnknownMatch)?;
        ask(&mailbox, |key, reply| Command::Pace(key, pace, reply)).await.ok_or(UnknownMatch)
    }

    pub(super) async fn ticks_here(&self, id: MatchId, range: TickRange) -> Result<ToldTicks, TicksError> {
        let ticks = self.status_here(id).await?.tick.0;
        {
            let _turn = self.telling.acquire().await.map_err(|_| UnknownMatch)?;
            let (journals, library) = (Arc::clone(&self.shared.journals), Arc::clone(&self.versions).library());
            let near = move || Near::new(ticks, range).tell(&journals, id, &*library);
            if let Ok(Some(told)) = tokio::task::spawn_blocking(near).await {
                return Ok(told);
            }
        }
        if ticks > MOST_TICKS {
            return Err(TicksError::TooLong { ticks, most: MOST_TICKS });
        }
        let journal = self.journal_here(id).await?;
        let mut versions = Versions::new();
        for version in ran(&journal)? {
            let loaded = self.versions.get(version).await.map_err(no_version)?;
            versions.insert(version, loaded);
        }
        let _turn = self.telling.acquire().await.map_err(|_| UnknownMatch)?;
        let told = tokio::task::spawn_blocking(move || tell(&versions, &journal, range)).await;
        told.unwrap_or_else(|_| Err(TicksError::Unreadable("the replay broke off".to_owned())))
    }
}

/// Tells ticks from a checkpoint on.
struct Near {
    /// The newest tick of the match.
    newest: u64,
    /// The first that is told.
    from: u64,
    /// How many are.
    limit: u64,
    schema: Option<Schema>,
    told: Vec<String>,
}

impl Watch for Near {
    fn enters(&mut self, tick: u64) -> bool {
        tick < self.from.saturating_add(self.limit)
    }

    fn left(&mut self, input: Option<&TickInput>, stepped: &Stepped) {
        if input.is_some_and(|input| input.number >= self.from) || !self.told.is_empty() {
            self.told.push(told::tick(self.schema.as_ref(), input, stepped).to_string());
        }
    }
}

impl Near {
    fn new(newest: u64, range: TickRange) -> Near {
        let limit = u64::from(range.limit.clamp(1, MAX_TOLD));
        let from = range.from.unwrap_or_else(|| newest.saturating_sub(limit - 1));
        Near { newest, from, limit, schema: None, told: Vec::new() }
    }

    /// `None`: there is no checkpoint before it that is of use, or it is too far behind.
    fn tell(mut self, journals: &Arc<dyn Journals>, id: MatchId, library: &Library) -> Option<ToldTicks> {
        let begin = self.from.checked_sub(1).map(Begin::UpTo)?;
        let mut past = Past::since(journals, id, begin).ok()?;
        let behind = past.checkpoint.as_ref()?.tick;
        let until = self.newest.min(self.from.saturating_add(self.limit));
        if until.saturating_sub(behind) > MOST_TICKS {
            return None;
        }
        let version = past.checkpoint.as_ref().and_then(|one| HostState::from_bytes(&one.host).ok())?.version;
        let schema = library(version).ok()?.description().schema.clone();
        self.schema = schema.and_then(|bytes| Schema::parse(&bytes).ok());
        let over = |record: &Result<Record, JournalError>| matches!(record, Ok(Record::End(_) | Record::Gap(_)));
        past.records = Box::new(past.records.take_while(move |record| !over(record)));
        // It may stop before the match's end: no more is asked for.
        match rebuild(past, &mut |version| library(version), &mut self) {
            Ok(rebuilt) if rebuilt.passed_over.is_empty() => {}
            Err(error) if error.why == Failed::Stopped => {}
            _ => return None,
        }
        self.told.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        Some(ToldTicks { ticks: self.told, last: self.newest, difference: None })
    }
}

/// Every version that the match ran in, in their order.
fn ran(journal: &Bytes) -> Result<Vec<VersionId>, TicksError> {
    let unreadable = |damage: crate::journal::Damage| TicksError::Unreadable(damage.to_string());
    let mut versions = Vec::new();
    for record in Reader::new(journal).map_err(unreadable)? {
        match record.map_err(unreadable)? {
            Record::Setup(setup) => versions.push(setup.version),
            Record::Swapped(swap) => versions.push(swap.version),
            _ => {}
        }
    }
    Ok(versions)
}

fn tell(versions: &Versions, journal: &Bytes, range: TickRange) -> Result<ToldTicks, TicksError> {
    let limit = range.limit.clamp(1, MAX_TOLD) as usize;
    let newest = ran(journal)?.last().and_then(|version| versions.get(version)).cloned();
    let schema = newest.as_ref().and_then(|version| version.description().schema.as_deref());
    let schema = schema.and_then(|bytes| Schema::parse(bytes).ok());
    let mut ticks = VecDeque::new();
    let mut last = 0;
    let mut find = |version| {
        let why = || ReplayError::NoVersion { version, why: "it is not loaded".to_owned() };
        versions.get(&version).cloned().ok_or_else(why)
    };
    let report = verify_all(&mut find, journal, &mut |input, stepped| {
        let number = input.map_or(last, |input| input.number);
        last = number;
        if range.from.is_some_and(|from| number < from || ticks.len() >= limit) {
            return;
        }
        ticks.push_back(told::tick(schema.as_ref(), input, stepped).to_string());
        if ticks.len() > limit {
            ticks.pop_front();
        }
    });
    let report = report.map_err(|error| TicksError::Unreadable(error.to_string()))?;
    let difference = report.first_difference.map(|difference| difference.to_string());
    Ok(ToldTicks { ticks: ticks.into(), last, difference })
}

fn no_version(error: CreateError) -> TicksError {
    match error {
        CreateError::Artifact(error) => error.into(),
        error => TicksError::Unreadable(error.to_string()),
    }
}

//! A developer's copy of a running match: its records, played again, go on under another id.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::contract::{Durability, ForkError, ForkMatch, Forked, Lifetimes, MatchSettings, UnknownMatch};
use stadion_protocol::{Incarnation, Tick, VersionId};

use crate::engine::LoadedVersion;
use crate::journal::{Journals, Reader, Recalled, Record, SetupRecord};
use crate::life::{Spec, Tenants};
use crate::recovery::{Past, rebuild};
use crate::shard::{Command, Mailbox, ResumeJob};

use super::LocalHost;

/// How long a copy waits for somebody, in its seats and altogether: as long as one looks at a moment of a match.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A match as its journal has it now.
struct Original {
    setup: SetupRecord,
    records: Vec<Record>,
    file: Bytes,
}

impl LocalHost {
    pub(super) async fn fork_here(&self, fork: ForkMatch) -> Result<Forked, ForkError> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(ForkError::Full("it is shutting down"));
        }
        let journals = Arc::clone(&self.shared.journals);
        let read = tokio::task::spawn_blocking(move || Original::read(&*journals, fork)).await;
        let original = read.map_err(|_| ForkError::Failed("reading it broke off".to_owned()))??;
        let versions = self.versions_of(&original).await?;
        let place = self.take_place().ok_or(ForkError::Full("it runs as many matches as it can"))?;
        let shard = Arc::clone(self.least_loaded());
        let mailbox = Arc::<Mailbox>::default();
        if !self.shared.directory.insert(fork.id, Arc::clone(&mailbox)) {
            return Err(ForkError::Exists(fork.id));
        }
        let journals = Arc::clone(&self.shared.journals);
        let copy = tokio::task::spawn_blocking(move || original.copy(fork, &*journals, &versions, mailbox)).await;
        let job = copy.unwrap_or_else(|_| Err(ForkError::Failed("playing it broke off".to_owned())));
        let job = job.inspect_err(|_| self.shared.directory.remove(&fork.id))?;
        let forked = Forked { tick: Tick(job.state.tick), version: job.spec.version, seat_count: job.spec.setup.seats };
        shard.matches.fetch_add(1, Ordering::Relaxed);
        place.keep();
        shard.send_internal(Command::Resume(Box::new(job)));
        Ok(forked)
    }

    /// The code of every version that the match ran in.
    async fn versions_of(&self, original: &Original) -> Result<HashMap<VersionId, Arc<LoadedVersion>>, ForkError> {
        let mut versions = HashMap::new();
        let swapped = original.records.iter().filter_map(|record| match record {
            Record::Swapped(swap) => Some(swap.version),
            _ => None,
        });
        for id in swapped.chain([original.setup.version]) {
            let version = self.versions.get(id).await.map_err(|error| ForkError::Failed(error.to_string()))?;
            versions.insert(id, version);
        }
        Ok(versions)
    }
}

impl Original {
    fn read(journals: &dyn Journals, fork: ForkMatch) -> Result<Original, ForkError> {
        let failed = |damage: crate::journal::Damage| ForkError::Failed(damage.to_string());
        let journal = journals.read(fork.of).ok_or(UnknownMatch)?;
        let mut reader = Reader::new(&journal).map_err(failed)?;
        let Some(Record::Setup(setup)) = reader.next().transpose().map_err(failed)? else {
            return Err(ForkError::Failed("its journal is empty".to_owned()));
        };
        let mut records = Vec::new();
        for record in reader {
            match record.map_err(failed)? {
                Record::End(_) => return Err(ForkError::Failed("it has ended".to_owned())),
                Record::Gap(gap) => {
                    return Err(ForkError::Failed(format!("ticks from {} on were not kept", gap.first)));
                }
                record => records.push(record),
            }
        }
        Ok(Original { setup: *setup, records, file: journal.clone() })
    }

    /// Writes and plays all of it again. The copy's journal is the original's, and then its own: it replays by itself.
    fn copy(
        self,
        fork: ForkMatch,
        journals: &dyn Journals,
        versions: &HashMap<VersionId, Arc<LoadedVersion>>,
        mailbox: Arc<Mailbox>,
    ) -> Result<ResumeJob, ForkError> {
        let failed = |what: &dyn std::fmt::Display| ForkError::Failed(what.to_string());
        let advanced = Waker::from(Arc::clone(&mailbox));
        let mut journal = journals.open(fork.id, Durability::None, advanced).map_err(|error| failed(&error))?;
        let Original { setup, records, file } = self;
        let first = Record::Setup(Box::new(setup.clone()));
        for record in std::iter::once(&first).chain(&records) {
            journal.append(record).map_err(|error| failed(&error))?;
        }
        let records = Box::new(records.into_iter().map(Ok));
        let recalled = Recalled { setup: setup.clone(), checkpoint: None, records };
        let past = Past::alone(recalled, Box::new(move || Some(file.clone())));
        let mut library =
            |id: VersionId| versions.get(&id).cloned().ok_or_else(|| format!("version {id} is not at hand"));
        let rebuilt = rebuild(past, &mut library, &mut |_: u64| true).map_err(|error| failed(&error))?;
        let spec = Spec {
            id: fork.id,
            game: setup.game,
            version: rebuilt.state.version,
            incarnation: Incarnation(rebuilt.state.incarnation + 1),
            schema: rebuilt.session.version().description().schema_hash(),
            settings: patient(setup.settings),
            setup: rebuilt.state.restarted.as_deref().unwrap_or(&setup.setup).clone(),
        };
        Ok(ResumeJob {
            spec,
            state: rebuilt.state,
            journal,
            session: Some(Box::new(rebuilt.session)),
            end: None,
            mailbox,
            tenants: Tenants::StandIns,
            replayed: Duration::ZERO,
            woken: None,
        })
    }
}

fn patient(settings: MatchSettings) -> MatchSettings {
    let lifetimes = Lifetimes { claim: PATIENCE, reconnect: PATIENCE, empty: PATIENCE, ..settings.lifetimes };
    MatchSettings { durability: Durability::None, lifetimes, ..settings }
}

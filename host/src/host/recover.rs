//! Bringing back what an earlier process left behind. See [`crate::recovery`].
//!
//! Order of calls: [`LocalHost::take_up`] before the gateway opens its doors, so that nobody who returns is refused; then
//! [`LocalHost::recover`], beside everything else. Matches that are recovered play on while others still wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use stadion_protocol::contract::{EndReason, HostEvent, MatchState, MatchStatus};
use stadion_protocol::{Incarnation, MatchId, Tick, VersionId};

use super::LocalHost;
use crate::clock;
use crate::dormant::Bed;
use crate::engine::LoadedVersion;
use crate::journal::{Checkpoint, Recalled, Reopened, SetupRecord, Unfinished};
use crate::life::{Arrival, Asleep, HostState, Spec, Tenants};
use crate::recovery::recorder::Entered;
use crate::recovery::suspects::Verdict;
use crate::recovery::trial::{self, Case, Part, Tried};
use crate::recovery::{Failed, Past, RebuildError, Rebuilt, as_recorded, rebuild};
use crate::session::thread_cpu_ns;
use crate::shard::{Command, Mailbox, MatchStats, ResumeJob, ShardHandle};

/// Tries for a version's code before its match is ended for want of it.
const VERSION_TRIES: u32 = 3;

/// Between two of them.
const VERSION_PAUSE: Duration = Duration::from_millis(200);

/// How often it is looked whether a shard has taken a match over, and how many times: a second is far more than a turn.
const HAND_OVER_LOOK: Duration = Duration::from_micros(200);

/// See [`HAND_OVER_LOOK`].
const HAND_OVER_LOOKS: u32 = 5_000;

/// Matches that wait to be recovered.
#[derive(Default)]
pub(super) struct Recovering(Mutex<HashMap<MatchId, Waiting>>);

struct Waiting {
    unfinished: Unfinished,
    door: Door,
    stage: Stage,
}

/// Where a match will be.
#[derive(Clone)]
struct Door {
    mailbox: Arc<Mailbox>,
    shard: Arc<ShardHandle>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nobody works on it yet.
    Queued,
    /// It may have ended the process: last.
    Suspect,
    /// It is being replayed.
    Taken,
}

/// What came of a recovery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Matches that go on.
    pub matches: u32,
    /// Matches that slept, and sleep on.
    pub asleep: u32,
    /// Matches that could not, and have ended.
    pub ended: u32,
    /// Ticks that were run again.
    pub ticks: u64,
    /// How long it took.
    pub took: Duration,
}

#[derive(Default)]
struct Counts {
    matches: AtomicU32,
    asleep: AtomicU32,
    ended: AtomicU32,
    ticks: AtomicU64,
}

impl Recovering {
    /// A match that waits, as others see it.
    pub(super) fn status(&self, id: &MatchId) -> Option<MatchStatus> {
        self.waiting().get(id).map(|waiting| status(&waiting.unfinished))
    }

    pub(super) fn statuses(&self) -> Vec<MatchStatus> {
        self.waiting().values().map(|waiting| status(&waiting.unfinished)).collect()
    }

    pub(super) fn contains(&self, id: &MatchId) -> bool {
        self.waiting().contains_key(id)
    }

    /// The next to be restored: whoever has players at the door, and then the shortest journal, so that as many as can
    /// be play on soon.
    fn next(&self, stage: Stage) -> Option<(Unfinished, Door)> {
        let mut waiting = self.waiting();
        let queued = waiting.values_mut().filter(|waiting| waiting.stage == stage);
        let next = queued.min_by_key(|waiting| (!waiting.door.mailbox.waits(), waiting.unfinished.bytes))?;
        next.stage = Stage::Taken;
        Some((next.unfinished.clone(), next.door.clone()))
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<MatchId, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn status(unfinished: &Unfinished) -> MatchStatus {
    MatchStatus {
        id: unfinished.id,
        game: unfinished.game.clone(),
        version: unfinished.version,
        state: MatchState::Recovering,
        incarnation: Incarnation(unfinished.incarnation),
        tick: Tick(unfinished.tick),
        seat_count: 0,
        seats: Vec::new(),
        open: false,
        label: String::new(),
    }
}

impl LocalHost {
    /// Takes up the matches of an earlier process: from now on they are known as recovering, hold their places, and what
    /// is said to them waits. Answers how many there are.
    pub fn take_up(&self) -> usize {
        let unfinished = self.shared.journals.unfinished();
        let suspects = &self.suspects;
        for unfinished in unfinished {
            let id = unfinished.id;
            let shard = Arc::clone(self.least_loaded());
            let mailbox = Arc::<Mailbox>::default();
            if !self.shared.directory.insert(id, Arc::clone(&mailbox)) {
                continue;
            }
            // Beyond the capacity as well: they had their places before.
            self.shared.matches.fetch_add(1, Ordering::Relaxed);
            shard.matches.fetch_add(1, Ordering::Relaxed);
            if let Some(damage) = &unfinished.damage {
                tracing::warn!(%id, damage, "the journal of a match is damaged: it goes on from its last whole tick");
            }
            let suspect = suspects.iter().any(|verdict| verdict.id() == id);
            let stage = if suspect { Stage::Suspect } else { Stage::Queued };
            let door = Door { mailbox, shard };
            self.recovering.waiting().insert(id, Waiting { unfinished, door, stage });
        }
        self.recovering.waiting().len()
    }

    /// Restores what was taken up, several at once, suspects last. Comes back when all is done.
    pub async fn recover(self: &Arc<LocalHost>) -> Recovered {
        let began = clock::now();
        let counts = Arc::new(Counts::default());
        let workers: Vec<_> = self.shards.iter().map(|_| self.restore(Stage::Queued, &counts)).collect();
        for worker in workers {
            join(worker).await;
        }
        join(self.restore(Stage::Suspect, &counts)).await;
        Recovered {
            matches: counts.matches.load(Ordering::Relaxed),
            asleep: counts.asleep.load(Ordering::Relaxed),
            ended: counts.ended.load(Ordering::Relaxed),
            ticks: counts.ticks.load(Ordering::Relaxed),
            took: clock::now().since(began),
        }
    }

    /// A thread that restores matches of a stage until none is left.
    fn restore(self: &Arc<LocalHost>, stage: Stage, counts: &Arc<Counts>) -> tokio::task::JoinHandle<()> {
        let (host, counts) = (Arc::clone(self), Arc::clone(counts));
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            while !host.draining.load(Ordering::Relaxed)
                && let Some((unfinished, door)) = host.recovering.next(stage)
            {
                let poisoned = stage == Stage::Suspect && host.is_poisoned(&unfinished, &runtime);
                host.restore_one(&unfinished, &door, poisoned, (&runtime, &counts));
            }
        })
    }

    fn restore_one(
        &self,
        unfinished: &Unfinished,
        door: &Door,
        poisoned: bool,
        (runtime, counts): (&tokio::runtime::Handle, &Counts),
    ) {
        let (id, began) = (unfinished.id, clock::now());
        let reopened = self.shared.journals.reopen(id, Waker::from(Arc::clone(&door.mailbox)));
        let Reopened { journal, setup, checkpoint, records } = match reopened {
            Ok(reopened) => reopened,
            Err(error) => {
                tracing::error!(%id, %error, "a match cannot be recovered");
                return self.let_go(&id, door);
            }
        };
        let mut records = records.peekable();
        if !poisoned
            && records.peek().is_none()
            && let Some(asleep) = checkpoint.as_ref().and_then(|checkpoint| asleep(id, &setup, checkpoint))
        {
            drop(journal);
            counts.asleep.fetch_add(1, Ordering::Relaxed);
            return self.sleeps_on(asleep, door);
        }
        let records = Box::new(records);
        let recalled = Recalled { setup: setup.clone(), checkpoint, records };
        let past = Past::recalled(&self.shared.journals, id, recalled);
        let mut progress = |_: u64| {
            counts.ticks.fetch_add(1, Ordering::Relaxed);
            !self.draining.load(Ordering::Relaxed)
        };
        let mut library = |version| self.version(version, runtime);
        let before = thread_cpu_ns();
        let (state, session, end) = if poisoned {
            (as_recorded(past), None, Some(EndReason::Poisoned))
        } else {
            match rebuild(past, &mut library, &mut progress) {
                Ok(Rebuilt { state, session, passed_over }) => {
                    self.shared.tell_passed_over(id, &door.mailbox, &state, &passed_over);
                    (state, Some(Box::new(session)), None)
                }
                // Its journal is whole: the next process finds it again.
                Err(RebuildError { why: Failed::Stopped, .. }) => return self.let_go(&id, door),
                Err(RebuildError { why, state }) => {
                    tracing::error!(%id, %why, "a match cannot go on");
                    (*state, None, Some(why.into()))
                }
            }
        };
        match &end {
            None => counts.matches.fetch_add(1, Ordering::Relaxed),
            Some(_) => counts.ended.fetch_add(1, Ordering::Relaxed),
        };
        let replayed = Duration::from_nanos(thread_cpu_ns().saturating_sub(before));
        let schema = session.as_ref().map(|session| session.version().description().schema_hash());
        let spec = Spec::next(id, setup, &state, schema);
        let (mailbox, tenants) = (Arc::clone(&door.mailbox), Tenants::Return);
        let job = ResumeJob { spec, state, journal, session, end, mailbox, tenants, replayed, woken: None };
        door.shard.send_internal(Command::Resume(Box::new(job)));
        // Known as recovering until its shard answers for it.
        for _ in 0..HAND_OVER_LOOKS {
            if door.mailbox.place().is_some() {
                break;
            }
            std::thread::sleep(HAND_OVER_LOOK);
        }
        self.recovering.waiting().remove(&id);
        tracing::debug!(%id, took_ms = clock::now().since(began).as_millis() as u64, "a match is back");
    }

    /// A match that slept, and need not be awake: it takes no place.
    fn sleeps_on(&self, asleep: Asleep, door: &Door) {
        let (id, mailbox) = (asleep.status.id, Arc::clone(&door.mailbox));
        mailbox.falls_asleep(Arc::clone(&self.shared.dormant), id);
        // Until now it was only known to be restored: that it has free seats is news.
        self.shared.events.publish(HostEvent::Changed(asleep.status.clone()));
        let bed = Bed { asleep, version: None, stats: MatchStats::default(), mailbox };
        self.shared.dormant.tuck_in(Box::new(bed));
        self.recovering.waiting().remove(&id);
        door.shard.matches.fetch_sub(1, Ordering::Relaxed);
        self.shared.matches.fetch_sub(1, Ordering::Relaxed);
        if door.mailbox.waits() {
            self.shared.dormant.knock(&id);
        }
    }

    /// A match that is not restored: its place is free again.
    fn let_go(&self, id: &MatchId, door: &Door) {
        self.shared.directory.remove(id);
        self.recovering.waiting().remove(id);
        door.shard.matches.fetch_sub(1, Ordering::Relaxed);
        self.shared.matches.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether a suspect has ended a process for the second time: by the file, or in a child now.
    fn is_poisoned(&self, unfinished: &Unfinished, runtime: &tokio::runtime::Handle) -> bool {
        let id = unfinished.id;
        let entered = match self.suspects.iter().find(|verdict| verdict.id() == id) {
            Some(Verdict::Try(entered)) => entered,
            Some(Verdict::Poisoned(_)) => return true,
            None => return false,
        };
        let Some(config) = &self.config.recovery else { return false };
        let case = match self.case(&id, entered, runtime) {
            Ok(case) => case,
            Err(why) => {
                tracing::error!(%id, why, "a suspect could not be tried in a child");
                return false;
            }
        };
        let tried = trial::try_in_child(&config.exe, &case);
        tracing::warn!(%id, tick = entered.tick, ?tried, "the process died in a step of this match");
        tried == Tried::Died
    }

    fn case(&self, id: &MatchId, entered: &Entered, runtime: &tokio::runtime::Handle) -> Result<Case, String> {
        let part = Past::of(&self.shared.journals, *id).and_then(Part::of).map_err(|error| error.to_string())?;
        let fetch = |id| runtime.block_on(self.versions.artifact(id)).map(|artifact| (id, artifact));
        Ok(Case {
            keys: self.versions.keys().to_bytes(),
            code: self.versions.code(),
            artifacts: part
                .versions
                .iter()
                .copied()
                .map(fetch)
                .collect::<Result<_, _>>()
                .map_err(|error| error.to_string())?,
            part,
            next: entered.input.clone(),
            plant: self.config.plant.clone(),
        })
    }

    fn version(&self, id: VersionId, runtime: &tokio::runtime::Handle) -> Result<Arc<LoadedVersion>, String> {
        let mut tries = 1;
        loop {
            match runtime.block_on(self.versions.get(id)) {
                Ok(version) => return Ok(version),
                Err(error) if tries == VERSION_TRIES => return Err(error.to_string()),
                Err(error) => tracing::warn!(version = %id, %error, "a version is not at hand"),
            }
            tries += 1;
            std::thread::sleep(VERSION_PAUSE);
        }
    }
}

/// Whether a match whose records end with this checkpoint slept.
fn asleep(id: MatchId, setup: &SetupRecord, checkpoint: &Checkpoint) -> Option<Asleep> {
    let state = HostState::from_bytes(&checkpoint.host).ok()?;
    let incarnation = Incarnation(state.incarnation);
    let spec = Spec { incarnation, ..Spec::next(id, setup.clone(), &state, None) };
    Asleep::found(spec, state, Arrival { now: clock::now(), unix_ns: clock::unix_ns() })
}

async fn join(worker: tokio::task::JoinHandle<()>) {
    if worker.await.is_err() {
        tracing::error!("a thread that restores matches panicked: what is left waits for the next start");
    }
}

#[cfg(test)]
mod tests {
    use stadion_protocol::contract::Durability;

    use super::*;
    use crate::link::{ConnId, FromPlayer};

    /// A match with so many bytes of records; somebody may be at its door.
    fn waits(recovering: &Recovering, id: u8, bytes: u64, (stage, somebody): (Stage, bool)) {
        let unfinished = Unfinished {
            id: MatchId([id; 16]),
            game: "chess".parse().unwrap(),
            version: VersionId([1; 32]),
            level: Durability::Process,
            incarnation: 1,
            tick: 1,
            bytes,
            damage: None,
        };
        let door = Door { mailbox: Arc::default(), shard: Arc::default() };
        if somebody {
            door.mailbox.post(ConnId(1), FromPlayer::Closed);
        }
        recovering.waiting().insert(unfinished.id, Waiting { unfinished, door, stage });
    }

    fn next(recovering: &Recovering, stage: Stage) -> Option<u8> {
        recovering.next(stage).map(|(unfinished, _)| unfinished.id.0[0])
    }

    #[test]
    fn matches_whose_players_wait_come_first_and_then_the_short_ones() {
        let recovering = Recovering::default();
        for (id, bytes, somebody) in
            [(1, 500, false), (2, 9_000, true), (3, 100, false), (4, 7_000, true), (5, 900_000, false)]
        {
            waits(&recovering, id, bytes, (Stage::Queued, somebody));
        }
        waits(&recovering, 6, 1, (Stage::Suspect, true));
        let order: Vec<u8> = std::iter::from_fn(|| next(&recovering, Stage::Queued)).collect();
        assert_eq!(order, [4, 2, 3, 1, 5], "a suspect is none of them, whoever waits for it");
        assert_eq!([next(&recovering, Stage::Suspect), next(&recovering, Stage::Suspect)], [Some(6), None]);
    }

    #[test]
    fn whoever_comes_to_the_door_meanwhile_is_served_next() {
        let recovering = Recovering::default();
        (1..=4).for_each(|id| waits(&recovering, id, u64::from(id), (Stage::Queued, false)));
        assert_eq!(next(&recovering, Stage::Queued), Some(1));
        let late = recovering.waiting()[&MatchId([4; 16])].door.mailbox.clone();
        late.post(ConnId(7), FromPlayer::Closed);
        assert_eq!([next(&recovering, Stage::Queued), next(&recovering, Stage::Queued)], [Some(4), Some(2)]);
    }
}

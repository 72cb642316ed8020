//! A session made again from records: every step runs, and what it asks for is compared with what it asked for then.
//!
//! Used wherever a match goes on in another session: recovery, waking up, `skip-once`, copies, upgrades. **Bounds.** One
//! record is in memory at a time; each step has its budget many times over, once; whoever waits can stop it between two
//! steps. A checkpoint that is of no use is passed over for an older one, and in the end the whole journal is played: each
//! attempt begins before the one that failed, and there are two checkpoints at most.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use stadion_protocol::contract::EndReason;
use stadion_protocol::{MatchId, VersionId};

use crate::engine::LoadedVersion;
use crate::journal::chain::{self, TickContent};
use crate::journal::{
    Begin, Checkpoint, CheckpointKind, IdleRun, JournalError, Journals, Recalled, Record, Records, SetupRecord, Swap,
    SwappedRecord, TickRecord,
};
use crate::life::{BadHostState, HostState};
use crate::model::{Setup, Stepped, TickInput, Wake};
use crate::replay::{Difference, DifferenceKind};
use crate::session::{ImageError, Saved, Session, StartFault, StepBudget};

use super::replayed::replayed;

/// How many times its budget a step may take here. It returned once within its budget; a replay on a busy or slower
/// machine must not turn that into a difference.
const PATIENCE: u32 = 50;

/// What a session is made of.
pub struct Past {
    /// What the match was derived from.
    pub setup: SetupRecord,
    /// Where to begin; `None`: at the start.
    pub checkpoint: Option<Checkpoint>,
    /// What follows.
    pub records: Records,
    /// The whole journal as a file, for a match that was replayed onto another version: that version is given the ticks
    /// from before again.
    pub file: Box<dyn Fn() -> Option<Bytes> + Send>,
    /// The same match from an older place on, for when the checkpoint is of no use.
    pub older: Box<dyn Fn(Begin) -> Result<Recalled, JournalError> + Send>,
}

impl Past {
    /// What a log has of a match now, from its newest checkpoint on. Blocks while it reads.
    pub fn of(journals: &Arc<dyn Journals>, id: MatchId) -> Result<Past, JournalError> {
        Past::since(journals, id, Begin::Newest)
    }

    /// What a log has of a match now, from there on. Blocks while it reads.
    pub fn since(journals: &Arc<dyn Journals>, id: MatchId, begin: Begin) -> Result<Past, JournalError> {
        Ok(Past::recalled(journals, id, journals.recall(id, begin)?))
    }

    /// What was read of a log.
    pub fn recalled(journals: &Arc<dyn Journals>, id: MatchId, recalled: Recalled) -> Past {
        let Recalled { setup, checkpoint, records } = recalled;
        let (files, older) = (Arc::clone(journals), Arc::clone(journals));
        Past {
            setup,
            checkpoint,
            records,
            file: Box::new(move || files.read(id)),
            older: Box::new(move |begin| older.recall(id, begin)),
        }
    }

    /// Nothing but this: there is no older checkpoint to fall back on.
    pub fn alone(recalled: Recalled, file: Box<dyn Fn() -> Option<Bytes> + Send>) -> Past {
        let Recalled { setup, checkpoint, records } = recalled;
        let older = |_| Err(JournalError::Damaged("nothing older is at hand".to_owned()));
        Past { setup, checkpoint, records, file, older: Box::new(older) }
    }

    /// The same match from a checkpoint on whose host's side can be read, or from its setup. What the guest's side is worth
    /// shows only when it is restored.
    pub(super) fn readable(mut self) -> Result<Past, JournalError> {
        while self.checkpoint.as_ref().is_some_and(is_unreadable) {
            self.go_back()?;
        }
        Ok(self)
    }

    /// Begins before the checkpoint.
    fn go_back(&mut self) -> Result<(), JournalError> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(()) };
        let Recalled { setup, checkpoint, records } = (self.older)(Begin::before(checkpoint.tick))?;
        (self.setup, self.checkpoint, self.records) = (setup, checkpoint, records);
        Ok(())
    }
}

/// A session as it was after the newest record, and what its host knows beside it.
pub struct Rebuilt {
    /// Has its usual budget again.
    pub session: Session,
    /// Where the match stands.
    pub state: HostState,
    /// Checkpoints that were of no use, newest first.
    pub passed_over: Vec<PassedOver>,
}

/// A checkpoint that reads as it was written, and that the match cannot go on from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint of tick {tick} is of no use and was passed over: {why}")]
pub struct PassedOver {
    /// The newest tick that it contains.
    pub tick: u64,
    /// What came of it.
    pub why: Failed,
}

/// Told what is run.
pub trait Watch {
    /// The tick that is run next; `false` stops.
    fn enters(&mut self, tick: u64) -> bool;

    /// What came of it; without an input, of the `start` or `load` of an instance in which the match went on. Ticks after a
    /// checkpoint that is passed over come again.
    fn left(&mut self, _input: Option<&TickInput>, _stepped: &Stepped) {}
}

impl<F: FnMut(u64) -> bool> Watch for F {
    fn enters(&mut self, tick: u64) -> bool {
        self(tick)
    }
}

/// A match that could not be made again.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct RebuildError {
    /// Why.
    pub why: Failed,
    /// Where the match stands, as far as its records say.
    pub state: Box<HostState>,
}

/// Why a match could not be made again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// It does not do what it did then.
    #[error("{0}")]
    Diverged(Difference),
    /// The records cannot be read to their end, or ticks are missing.
    #[error("{0}")]
    Journal(#[from] JournalError),
    /// This host cannot make a session of it: no code, no room.
    #[error("{0}")]
    Unusable(String),
    /// A checkpoint cannot be restored: of another build, or not what it seems.
    #[error("{0}")]
    Checkpoint(String),
    /// Whoever asked wants it no more.
    #[error("it was stopped")]
    Stopped,
}

impl Failed {
    /// Whether it may be another story from an older checkpoint on.
    fn may_be_the_checkpoint(&self) -> bool {
        matches!(self, Failed::Checkpoint(_) | Failed::Diverged(_))
    }
}

impl From<Failed> for EndReason {
    fn from(why: Failed) -> EndReason {
        match why {
            Failed::Diverged(_) => EndReason::Diverged,
            Failed::Journal(error) => EndReason::HostFailed(format!("its journal cannot be used: {error}")),
            Failed::Unusable(what) | Failed::Checkpoint(what) => {
                EndReason::HostFailed(format!("it could not be restored: {what}"))
            }
            Failed::Stopped => EndReason::HostFailed("the host was shut down".to_owned()),
        }
    }
}

/// Gives versions, loaded: a match may have run several.
pub type Library<'a> = &'a mut dyn FnMut(VersionId) -> Result<Arc<LoadedVersion>, String>;

/// Makes a session again. Blocks for about as long as the steps took.
pub fn rebuild(mut past: Past, library: Library<'_>, watch: &mut dyn Watch) -> Result<Rebuilt, RebuildError> {
    let mut passed_over = Vec::new();
    let mut differed = None;
    loop {
        let checkpoint = past.checkpoint.as_ref().map(|checkpoint| checkpoint.tick);
        let error = match attempt(&mut past, library, watch) {
            Ok((session, state)) => return Ok(Rebuilt { session, state, passed_over }),
            Err(error) => error,
        };
        let Some(tick) = checkpoint.filter(|_| error.why.may_be_the_checkpoint()) else {
            return Err(differed.unwrap_or(error));
        };
        if past.go_back().is_err() {
            return Err(differed.unwrap_or(error));
        }
        passed_over.push(PassedOver { tick, why: error.why.clone() });
        // That it differs is what its owner is told, should it not come to an older place.
        if matches!(error.why, Failed::Diverged(_)) {
            differed.get_or_insert(error);
        }
    }
}

/// From the checkpoint of the past on, or from its setup.
fn attempt(past: &mut Past, library: Library<'_>, watch: &mut dyn Watch) -> Result<(Session, HostState), RebuildError> {
    let Past { setup, checkpoint, records, file, older: _ } = past;
    let host_state = checkpoint.as_ref().and_then(|checkpoint| HostState::from_bytes(&checkpoint.host).ok());
    let mut replay = match Replay::begin(setup, checkpoint.as_ref(), library) {
        Ok(replay) => replay,
        Err(why) => return Err(failed(why, began(setup, host_state), setup, records)),
    };
    while let Some(record) = records.next() {
        let taken = match &record {
            Ok(record) => replay.take(record, (&mut *library, &**file), watch),
            Err(error) => Err(error.clone().into()),
        };
        if let Err(why) = taken {
            let mut state = replay.state;
            record.iter().for_each(|record| note(&mut state, record, setup.setup.rate));
            return Err(failed(why, state, setup, records));
        }
    }
    let usual = StepBudget::of(replay.session.version().description());
    replay.session.set_budget(usual);
    Ok((replay.session, replay.state))
}

/// Where a match stands as far as its records say: for one that must not be run again.
pub fn as_recorded(mut past: Past) -> HostState {
    while past.checkpoint.as_ref().is_some_and(is_unreadable) && past.go_back().is_ok() {}
    let Past { setup, checkpoint, records, .. } = past;
    let host_state = checkpoint.and_then(|checkpoint| HostState::from_bytes(&checkpoint.host).ok());
    let mut state = began(&setup, host_state);
    records.map_while(Result::ok).for_each(|record| note(&mut state, &record, setup.setup.rate));
    state
}

fn is_unreadable(checkpoint: &Checkpoint) -> bool {
    HostState::from_bytes(&checkpoint.host).is_err()
}

fn began(setup: &SetupRecord, checkpoint: Option<HostState>) -> HostState {
    checkpoint.unwrap_or_else(|| HostState::begun(setup, &[]))
}

/// Polls a call to its end: pending means that a slice is over, and here nobody waits for the next one.
pub(crate) fn finish<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = call.as_mut().poll(&mut context) {
            return done;
        }
        std::thread::yield_now();
    }
}

/// The rest of the records still says where the match stood when it was last heard of.
fn failed(why: Failed, mut state: HostState, setup: &SetupRecord, records: &mut Records) -> RebuildError {
    records.by_ref().map_while(Result::ok).for_each(|record| note(&mut state, &record, setup.setup.rate));
    RebuildError { why, state: Box::new(state) }
}

/// Takes a record's word for it.
pub(super) fn note(state: &mut HostState, record: &Record, rate: u16) {
    match record {
        Record::Tick(tick) => state.ticked(tick, &[]),
        Record::Idle(run) => state.idled(run, rate),
        Record::Resumed(resumed) => state.taken_over(resumed.incarnation),
        Record::Swapped(swapped) => state.swapped(swapped, &[]),
        Record::Skipped(skipped) => state.skipped_event(skipped),
        Record::Setup(_) | Record::Gap(_) | Record::End(_) => {}
    }
}

/// The session so far.
struct Replay<'a> {
    setup: &'a SetupRecord,
    session: Session,
    state: HostState,
}

impl<'a> Replay<'a> {
    fn begin(
        setup: &'a SetupRecord,
        checkpoint: Option<&Checkpoint>,
        library: Library<'_>,
    ) -> Result<Replay<'a>, Failed> {
        if let Some(checkpoint) = checkpoint {
            return Replay::from_checkpoint(setup, checkpoint, library);
        }
        let version = load(library, setup.version)?;
        let (session, stepped) =
            finish(Session::start(&version, &setup.setup, patient(&version))).map_err(|fault| fault_at(0, fault))?;
        compare(0, &stepped, setup.wake, setup.outputs)?;
        Ok(Replay { setup, session, state: HostState::begun(setup, &stepped.outputs) })
    }

    fn from_checkpoint(
        setup: &'a SetupRecord,
        checkpoint: &Checkpoint,
        library: Library<'_>,
    ) -> Result<Replay<'a>, Failed> {
        let no_use = |what: &dyn std::fmt::Display| Failed::Checkpoint(what.to_string());
        let state = HostState::from_bytes(&checkpoint.host).map_err(|BadHostState| no_use(&BadHostState))?;
        if (state.tick, state.chain) != (checkpoint.tick, checkpoint.chain) {
            return Err(no_use(&"what the host knew is of another tick"));
        }
        let version = load(library, state.version)?;
        let in_force = state.restarted.as_deref().unwrap_or(&setup.setup);
        let session = match checkpoint.kind {
            CheckpointKind::State => {
                let saved = Saved::from_bytes(&checkpoint.guest).ok_or_else(|| no_use(&"what was saved"))?;
                if !version.saves() {
                    return Err(no_use(&"its version loads nothing"));
                }
                match finish(Session::load(&version, in_force, &saved, patient(&version))) {
                    Ok((session, _)) => session,
                    Err(StartFault::Host(what)) => return Err(Failed::Unusable(what)),
                    Err(fault) => return Err(no_use(&fault)),
                }
            }
            CheckpointKind::Image => {
                match finish(Session::from_kept(&version, in_force, &checkpoint.guest, patient(&version))) {
                    Ok(session) => session,
                    Err(ImageError::Start(StartFault::Host(what))) => return Err(Failed::Unusable(what)),
                    Err(error) => return Err(no_use(&error)),
                }
            }
        };
        Ok(Replay { setup, session, state })
    }

    fn take(
        &mut self,
        record: &Record,
        (library, file): (Library<'_>, &dyn Fn() -> Option<Bytes>),
        watch: &mut dyn Watch,
    ) -> Result<(), Failed> {
        match record {
            Record::Tick(tick) => self.tick(tick, watch),
            Record::Idle(run) => self.idle(run, watch),
            Record::Swapped(swapped) => self.swap(swapped, (library, file), watch),
            Record::Resumed(_) | Record::Skipped(_) => {
                note(&mut self.state, record, self.setup.setup.rate);
                Ok(())
            }
            Record::Gap(gap) => {
                let what = format!("ticks from {} on were not kept", gap.first);
                Err(Failed::Journal(JournalError::Damaged(what)))
            }
            Record::Setup(_) | Record::End(_) => {
                let what = "a setup or an end in the middle".to_owned();
                Err(Failed::Journal(JournalError::Damaged(what)))
            }
        }
    }

    fn tick(&mut self, record: &TickRecord, watch: &mut dyn Watch) -> Result<(), Failed> {
        let input = &record.input;
        if record.previous != self.state.chain || !self.is_on_time(input) {
            return Err(differs(input.number, DifferenceKind::Chain));
        }
        let stepped = self.step(input, watch)?;
        compare(input.number, &stepped, record.wake, record.outputs)?;
        self.state.ticked(record, &stepped.outputs);
        Ok(())
    }

    /// Ticks that were folded: their chain is compared at the end of the run.
    fn idle(&mut self, run: &IdleRun, watch: &mut dyn Watch) -> Result<(), Failed> {
        let mut chain = self.state.chain;
        for number in run.first..=run.last_tick() {
            let time = self.state.time_of(self.setup.setup.rate, number, self.state.skipped);
            if number == run.first && time != run.time {
                return Err(differs(number, DifferenceKind::Chain));
            }
            let input = TickInput { number, time, skipped: 0, events: Vec::new() };
            let stepped = self.step(&input, watch)?;
            if stepped.wake != Wake::Next {
                return Err(differs(number, DifferenceKind::Wake));
            }
            let outputs = chain::outputs(&stepped.outputs);
            let content =
                TickContent { incarnation: run.incarnation, input: &input, facts: &[], wake: stepped.wake, outputs };
            chain = chain::after_tick(chain, &content);
        }
        if chain != run.last {
            let ticks = run.first..=run.last_tick();
            return Err(Failed::Diverged(Difference { ticks, kind: DifferenceKind::Outputs }));
        }
        self.state.idled(run, self.setup.setup.rate);
        Ok(())
    }

    fn swap(
        &mut self,
        record: &SwappedRecord,
        (library, file): (Library<'_>, &dyn Fn() -> Option<Bytes>),
        watch: &mut dyn Watch,
    ) -> Result<(), Failed> {
        let tick = record.tick;
        if record.previous != self.state.chain {
            return Err(differs(tick, DifferenceKind::Chain));
        }
        let version = load(library, record.version)?;
        let begun = match &record.by {
            Swap::Saved(bytes) => {
                let saved = Saved::from_bytes(bytes).ok_or_else(|| differs(tick, DifferenceKind::Saved))?;
                finish(Session::load(&version, self.setup_in_force(), &saved, patient(&version)))
            }
            Swap::Restarted(setup) => finish(Session::start(&version, setup, patient(&version))),
            Swap::Begun { setup, asked } => finish(Session::start_after(&version, setup, *asked, patient(&version))),
            Swap::Replayed { .. } => {
                let file = file().ok_or_else(|| unusable("its journal cannot be read from the start"))?;
                self.session = replayed(&file, record, &version)?;
                self.state.swapped(record, &[]);
                return Ok(());
            }
        };
        let (session, stepped) = begun.map_err(|fault| fault_at(tick, fault))?;
        compare(tick, &stepped, record.wake, record.outputs)?;
        watch.left(None, &stepped);
        self.session = session;
        self.state.swapped(record, &stepped.outputs);
        Ok(())
    }

    fn setup_in_force(&self) -> &Setup {
        self.state.restarted.as_deref().unwrap_or(&self.setup.setup)
    }

    fn step(&mut self, input: &TickInput, watch: &mut dyn Watch) -> Result<Stepped, Failed> {
        if !watch.enters(input.number) {
            return Err(Failed::Stopped);
        }
        let stepped = finish(self.session.step(input)).map_err(|fault| fault_at(input.number, fault.into()))?;
        watch.left(Some(input), &stepped);
        Ok(stepped)
    }

    /// With a rate, a tick's time is a function of its number and of what was skipped.
    fn is_on_time(&self, input: &TickInput) -> bool {
        let rate = self.setup.setup.rate;
        self.state.rate(rate) == 0
            || input.time == self.state.time_of(rate, input.number, self.state.skipped.saturating_add(input.skipped))
    }
}

fn load(library: Library<'_>, id: VersionId) -> Result<Arc<LoadedVersion>, Failed> {
    library(id).map_err(unusable)
}

fn patient(version: &LoadedVersion) -> StepBudget {
    let usual = StepBudget::of(version.description());
    StepBudget { step: usual.step * PATIENCE, start: usual.start * PATIENCE, ..usual }
}

fn compare(tick: u64, stepped: &Stepped, wake: Wake, outputs: [u8; 16]) -> Result<(), Failed> {
    if chain::outputs(&stepped.outputs) != outputs {
        return Err(differs(tick, DifferenceKind::Outputs));
    }
    if stepped.wake != wake {
        return Err(differs(tick, DifferenceKind::Wake));
    }
    Ok(())
}

fn differs(tick: u64, kind: DifferenceKind) -> Failed {
    Failed::Diverged(Difference { ticks: tick..=tick, kind })
}

/// A step that returned then does not now: it differs, unless this host is short of something.
fn fault_at(tick: u64, fault: StartFault) -> Failed {
    match fault {
        StartFault::Host(what) => Failed::Unusable(what),
        fault => differs(tick, DifferenceKind::Fault(fault.to_string())),
    }
}

fn unusable(what: impl std::fmt::Display) -> Failed {
    Failed::Unusable(what.to_string())
}

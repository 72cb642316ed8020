//! A session made again from records: every step runs, and what it asks for is compared with what it asked for then.
//!
//! Used wherever a match goes on in another session: recovery, waking up, `skip-once`, copies, upgrades. **Bounds.** One
//! record is in memory at a time; each step has its budget many times over, once; whoever waits can stop it between two
//! steps.

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
    Checkpoint, CheckpointKind, IdleRun, JournalError, Journals, Recalled, Record, Records, SetupRecord, Swap,
    SwappedRecord, TickRecord,
};
use crate::life::{BadHostState, HostState};
use crate::model::{Setup, Stepped, TickInput, Wake};
use crate::replay::{Difference, DifferenceKind};
use crate::session::{Saved, Session, StartFault, StepBudget};

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
}

impl Past {
    /// What a log has of a match now, from its newest checkpoint on. Blocks while it reads.
    pub fn of(journals: &Arc<dyn Journals>, id: MatchId) -> Result<Past, JournalError> {
        let Recalled { setup, checkpoint, records } = journals.recall(id)?;
        let journals = Arc::clone(journals);
        Ok(Past { setup, checkpoint, records, file: Box::new(move || journals.read(id)) })
    }
}

/// A session as it was after the newest record, and what its host knows beside it.
pub struct Rebuilt {
    /// Has its usual budget again.
    pub session: Session,
    /// Where the match stands.
    pub state: HostState,
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
    /// This host cannot make a session of it: no code, no room, a checkpoint that it does not know.
    #[error("{0}")]
    Unusable(String),
    /// Whoever asked wants it no more.
    #[error("it was stopped")]
    Stopped,
}

impl From<Failed> for EndReason {
    fn from(why: Failed) -> EndReason {
        match why {
            Failed::Diverged(_) => EndReason::Diverged,
            Failed::Journal(error) => EndReason::HostFailed(format!("its journal cannot be used: {error}")),
            Failed::Unusable(what) => EndReason::HostFailed(format!("it could not be restored: {what}")),
            Failed::Stopped => EndReason::HostFailed("the host was shut down".to_owned()),
        }
    }
}

/// Gives versions, loaded: a match may have run several.
pub type Library<'a> = &'a mut dyn FnMut(VersionId) -> Result<Arc<LoadedVersion>, String>;

/// Makes a session again. Blocks for about as long as the steps took. `progress` is told each tick that was run; `false`
/// stops.
pub fn rebuild(
    past: Past,
    library: Library<'_>,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<Rebuilt, RebuildError> {
    let Past { setup, checkpoint, mut records, file } = past;
    let host_state = checkpoint.as_ref().and_then(|checkpoint| HostState::from_bytes(&checkpoint.host).ok());
    let mut replay = match Replay::begin(&setup, checkpoint, library) {
        Ok(replay) => replay,
        Err(why) => return Err(failed(why, began(&setup, host_state), &setup, records)),
    };
    while let Some(record) = records.next() {
        let taken = match &record {
            Ok(record) => replay.take(record, (&mut *library, &*file), progress),
            Err(error) => Err(error.clone().into()),
        };
        if let Err(why) = taken {
            let mut state = replay.state;
            record.iter().for_each(|record| note(&mut state, record, setup.setup.rate));
            return Err(failed(why, state, &setup, records));
        }
    }
    let usual = StepBudget::of(replay.session.version().description());
    replay.session.set_budget(usual);
    Ok(Rebuilt { session: replay.session, state: replay.state })
}

/// Where a match stands as far as its records say: for one that must not be run again.
pub fn as_recorded(past: Past) -> HostState {
    let Past { setup, checkpoint, records, file: _ } = past;
    let host_state = checkpoint.and_then(|checkpoint| HostState::from_bytes(&checkpoint.host).ok());
    let mut state = began(&setup, host_state);
    records.map_while(Result::ok).for_each(|record| note(&mut state, &record, setup.setup.rate));
    state
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
fn failed(why: Failed, mut state: HostState, setup: &SetupRecord, records: Records) -> RebuildError {
    records.map_while(Result::ok).for_each(|record| note(&mut state, &record, setup.setup.rate));
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
        checkpoint: Option<Checkpoint>,
        library: Library<'_>,
    ) -> Result<Replay<'a>, Failed> {
        if let Some(checkpoint) = checkpoint {
            return Replay::from_checkpoint(setup, &checkpoint, library);
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
        let state = HostState::from_bytes(&checkpoint.host).map_err(|BadHostState| unusable(BadHostState))?;
        let version = load(library, state.version)?;
        let session = match checkpoint.kind {
            CheckpointKind::State => {
                let saved = Saved::from_bytes(&checkpoint.guest).ok_or_else(|| unusable("what was saved"))?;
                let in_force = state.restarted.as_deref().unwrap_or(&setup.setup);
                let loaded = finish(Session::load(&version, in_force, &saved, patient(&version)));
                loaded.map_err(unusable)?.0
            }
            CheckpointKind::Image => {
                let in_force = state.restarted.as_deref().unwrap_or(&setup.setup);
                finish(Session::from_kept(&version, in_force, &checkpoint.guest, patient(&version)))
                    .map_err(unusable)?
            }
        };
        Ok(Replay { setup, session, state })
    }

    fn take(
        &mut self,
        record: &Record,
        (library, file): (Library<'_>, &dyn Fn() -> Option<Bytes>),
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), Failed> {
        match record {
            Record::Tick(tick) => self.tick(tick, progress),
            Record::Idle(run) => self.idle(run, progress),
            Record::Swapped(swapped) => self.swap(swapped, library, file),
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

    fn tick(&mut self, record: &TickRecord, progress: &mut dyn FnMut(u64) -> bool) -> Result<(), Failed> {
        let input = &record.input;
        if record.previous != self.state.chain || !self.is_on_time(input) {
            return Err(differs(input.number, DifferenceKind::Chain));
        }
        let stepped = self.step(input, progress)?;
        compare(input.number, &stepped, record.wake, record.outputs)?;
        self.state.ticked(record, &stepped.outputs);
        Ok(())
    }

    /// Ticks that were folded: their chain is compared at the end of the run.
    fn idle(&mut self, run: &IdleRun, progress: &mut dyn FnMut(u64) -> bool) -> Result<(), Failed> {
        let mut chain = self.state.chain;
        for number in run.first..=run.last_tick() {
            let time = self.state.time_of(self.setup.setup.rate, number, self.state.skipped);
            if number == run.first && time != run.time {
                return Err(differs(number, DifferenceKind::Chain));
            }
            let input = TickInput { number, time, skipped: 0, events: Vec::new() };
            let stepped = self.step(&input, progress)?;
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
        library: Library<'_>,
        file: &dyn Fn() -> Option<Bytes>,
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
            Swap::Replayed { .. } => {
                let file = file().ok_or_else(|| unusable("its journal cannot be read from the start"))?;
                self.session = replayed(&file, record, &version)?;
                self.state.swapped(record, &[]);
                return Ok(());
            }
        };
        let (session, stepped) = begun.map_err(|fault| fault_at(tick, fault))?;
        compare(tick, &stepped, record.wake, record.outputs)?;
        self.session = session;
        self.state.swapped(record, &stepped.outputs);
        Ok(())
    }

    fn setup_in_force(&self) -> &Setup {
        self.state.restarted.as_deref().unwrap_or(&self.setup.setup)
    }

    fn step(&mut self, input: &TickInput, progress: &mut dyn FnMut(u64) -> bool) -> Result<Stepped, Failed> {
        if !progress(input.number) {
            return Err(Failed::Stopped);
        }
        finish(self.session.step(input)).map_err(|fault| fault_at(input.number, fault.into()))
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

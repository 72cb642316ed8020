//! A session that plays a journal again, record by record, and compares what it asks for with what was asked for then.
//!
//! ```text
//!   begin (start, load) ──▶ Follower ──tick, idle──▶ Follower ──▶ into_session: goes on as the match
//!                              │ asked for something else, trapped
//!                              ▼
//!                          Difference
//! ```

use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::engine::LoadedVersion;
use crate::image::ImageArena;
use crate::journal::chain::{self, TickContent};
use crate::journal::{EndRecord, IdleRun, Link, Record, TickRecord};
use crate::life::exact_time;
use crate::model::{Asked, Output, Setup, Stepped, TickInput, Wake};
use crate::session::{ImageError, Saved, Session, StartFault, StepBudget, StepFault};
use stadion_protocol::VersionId;

use super::{Difference, DifferenceKind, ReplayError};

/// How many times its budget a step may take here. It returned once within its budget; a replay on a busy or slower
/// machine must not turn that into a difference.
const PATIENCE: u32 = 50;

/// Shows a tick and what the guest asked for. `None` as the input is `start` or `load`.
pub(crate) type Observe<'a> = dyn FnMut(Option<&TickInput>, &Stepped) + 'a;

/// How an instance came to be.
#[derive(Clone, Debug)]
pub(crate) enum Beginning {
    /// `start`, in a match that has asked for this before.
    Start(Asked),
    /// `load` of these bytes.
    Load(Box<Saved>),
}

/// Where a journal has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The chain after everything so far.
    pub(crate) chain: Link,
    /// The newest tick.
    pub(crate) tick: u64,
    /// The tick before match time 0: a restart begins time anew, and numbers ticks on.
    pub(crate) origin: u64,
    /// Periods skipped since match time 0.
    pub(crate) skipped: u64,
    /// Match time of the newest tick.
    pub(crate) time: u64,
    /// What the guest answered last, as the journal has it.
    pub(crate) wake: Wake,
}

/// What happens at the first tick that asks for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    /// The follower stops there.
    Strictly,
    /// It goes on: see [`Follower::noted`].
    AndNote,
}

/// See the module's documentation.
pub(crate) struct Follower {
    session: Session,
    setup: Setup,
    place: Place,
    compare: Compare,
    /// Ticks of another version, which asked for other things: they are played and not compared.
    foreign: Vec<RangeInclusive<u64>>,
    noted: Option<Difference>,
    /// Ticks that were played, `start` and `load` not counted.
    played: u64,
    /// See [`Follower::answered`].
    answered: Wake,
}

impl Place {
    /// Where a match stands after its `start`.
    pub(crate) fn started(chain: Link, wake: Wake) -> Place {
        Place { chain, tick: 0, origin: 0, skipped: 0, time: 0, wake }
    }

    /// Goes past a record without playing it.
    pub(crate) fn pass(&mut self, rate: u16, record: &Record) -> Result<(), ReplayError> {
        match record {
            Record::Tick(tick) => self.ticked(tick),
            Record::Idle(run) => {
                self.time = self.time_of(rate, run.last_tick(), self.skipped);
                (self.chain, self.tick, self.wake) = (run.last, run.last_tick(), Wake::Next);
            }
            Record::Swapped(swap) => (self.chain, self.wake) = (swap.link(), swap.wake),
            Record::Gap(gap) => return Err(ReplayError::Missing { first: gap.first }),
            Record::End(end) => self.chain = end.link(),
            Record::Setup(_) | Record::Resumed(_) | Record::Skipped(_) => {}
        }
        Ok(())
    }

    fn ticked(&mut self, record: &TickRecord) {
        self.skipped = self.skipped.saturating_add(record.input.skipped);
        self.chain = record.link();
        (self.tick, self.time, self.wake) = (record.input.number, record.input.time, record.wake);
    }

    /// With a rate, a tick's time is a function of its number and of what was skipped.
    fn is_on_time(&self, rate: u16, input: &TickInput) -> bool {
        let skipped = self.skipped.saturating_add(input.skipped);
        rate == 0 || input.time == self.time_of(rate, input.number, skipped)
    }

    fn time_of(&self, rate: u16, number: u64, skipped: u64) -> u64 {
        exact_time(rate, number.saturating_sub(self.origin), skipped)
    }
}

impl Follower {
    /// An instance at the place where it begins, and what `start` or `load` asked for. Nothing is compared yet.
    ///
    /// # Errors
    /// It trapped, refused, or the host has no room.
    pub(crate) fn begin(
        version: &Arc<LoadedVersion>,
        setup: &Setup,
        beginning: &Beginning,
        place: Place,
        compare: Compare,
    ) -> Result<(Follower, Stepped), StartFault> {
        Follower::begin_within(patient(version), version, setup, (beginning, place, compare))
    }

    /// The same for what was never done before: it has the budget that it would have in a match.
    ///
    /// # Errors
    /// As [`Follower::begin`].
    pub(crate) fn begin_anew(
        version: &Arc<LoadedVersion>,
        setup: &Setup,
        beginning: &Beginning,
        place: Place,
    ) -> Result<(Follower, Stepped), StartFault> {
        let usual = StepBudget::of(version.description());
        let (mut follower, stepped) =
            Follower::begin_within(usual, version, setup, (beginning, place, Compare::Strictly))?;
        follower.session.set_budget(patient(version));
        Ok((follower, stepped))
    }

    fn begin_within(
        budget: StepBudget,
        version: &Arc<LoadedVersion>,
        setup: &Setup,
        (beginning, place, compare): (&Beginning, Place, Compare),
    ) -> Result<(Follower, Stepped), StartFault> {
        let (session, stepped) = match beginning {
            Beginning::Start(asked) => to_end(Session::start_after(version, setup, *asked, budget)),
            Beginning::Load(saved) => to_end(Session::load(version, setup, saved, budget)),
        }?;
        let follower = Follower { answered: stepped.wake, ..Follower::of(session, setup.clone(), place, compare) };
        Ok((follower, stepped))
    }

    /// A session that stands at this place already.
    pub(crate) fn of(session: Session, setup: Setup, place: Place, compare: Compare) -> Follower {
        Follower { session, setup, place, compare, foreign: Vec::new(), noted: None, played: 0, answered: place.wake }
    }

    /// Says which ticks were another version's and asked for other things.
    pub(crate) fn set_foreign(&mut self, ticks: Vec<RangeInclusive<u64>>) {
        self.foreign = ticks;
    }

    /// Compares what `start` or `load` asked for.
    pub(crate) fn compare_beginning(
        &mut self,
        stepped: &Stepped,
        outputs: [u8; 16],
        wake: Wake,
    ) -> Result<(), Difference> {
        let tick = self.place.tick;
        self.judge(tick, same(tick, stepped, wake, outputs))
    }

    /// Plays a tick of the journal.
    pub(crate) fn tick(&mut self, record: &TickRecord, observe: &mut Observe<'_>) -> Result<(), Difference> {
        let input = &record.input;
        if record.previous != self.place.chain || !self.place.is_on_time(self.setup.rate, input) {
            return Err(at(input.number, DifferenceKind::Chain));
        }
        let stepped = self.step(input, observe)?;
        let judgement = same(input.number, &stepped, record.wake, record.outputs);
        self.judge(input.number, judgement)?;
        self.place.ticked(record);
        Ok(())
    }

    /// Gives the guest a tick, whatever it asks for. The follower is still where it was.
    pub(crate) fn try_step(&mut self, input: &TickInput) -> Result<Stepped, StepFault> {
        to_end(self.session.step(input))
    }

    /// Plays ticks that were folded: their chain is compared at the end of the run.
    pub(crate) fn idle(&mut self, run: IdleRun, observe: &mut Observe<'_>) -> Result<(), Difference> {
        let (mut link, mut woke) = (self.place.chain, None);
        let (rate, skipped) = (self.setup.rate, self.place.skipped);
        for number in run.first..=run.last_tick() {
            let time = self.place.time_of(rate, number, skipped);
            if number == run.first && time != run.time {
                return Err(at(number, DifferenceKind::Chain));
            }
            let input = TickInput { number, time, skipped: 0, events: Vec::new() };
            let stepped = self.step(&input, observe)?;
            if stepped.wake != Wake::Next && woke.is_none() {
                woke = Some(at(number, DifferenceKind::Wake));
                self.judge(number, woke.clone().map_or(Ok(()), Err))?;
            }
            let content = TickContent {
                incarnation: run.incarnation,
                input: &input,
                facts: &[],
                wake: stepped.wake,
                outputs: chain::outputs(&stepped.outputs),
            };
            link = chain::after_tick(link, &content);
            self.place.time = time;
        }
        if link != run.last && woke.is_none() {
            let whole_run = Difference { ticks: run.first..=run.last_tick(), kind: DifferenceKind::Outputs };
            self.judge(run.first, Err(whole_run))?;
        }
        (self.place.chain, self.place.tick, self.place.wake) = (run.last, run.last_tick(), Wake::Next);
        Ok(())
    }

    /// Plays the first ticks of a run that were folded, up to this one. What they ask for is known for the whole run only,
    /// and the follower stands within it: it cannot play on.
    pub(crate) fn part_of_idle(
        &mut self,
        run: IdleRun,
        until: u64,
        observe: &mut Observe<'_>,
    ) -> Result<(), Difference> {
        for number in run.first..=until.min(run.last_tick()) {
            let time = self.place.time_of(self.setup.rate, number, self.place.skipped);
            self.step(&TickInput { number, time, skipped: 0, events: Vec::new() }, observe)?;
            (self.place.tick, self.place.time) = (number, time);
        }
        Ok(())
    }

    /// The session, as [`Follower::restore`] takes it.
    pub(crate) fn keep(&mut self, arena: &mut ImageArena) -> Result<Vec<u8>, ImageError> {
        self.session.keep(arena)
    }

    /// A follower that stands where another one did when its session was kept.
    pub(crate) fn restore(
        version: &Arc<LoadedVersion>,
        kept: &[u8],
        setup: &Setup,
        place: Place,
    ) -> Result<Follower, ReplayError> {
        let session = to_end(Session::from_kept(version, setup, kept, patient(version)))
            .map_err(|error| ReplayError::Image(error.to_string()))?;
        Ok(Follower::of(session, setup.clone(), place, Compare::Strictly))
    }

    /// The code that it runs.
    pub(crate) fn version(&self) -> VersionId {
        self.session.version().id()
    }

    /// Checks that an end follows on what was played.
    pub(crate) fn end(&mut self, end: &EndRecord) -> Result<(), Difference> {
        if end.previous != self.place.chain {
            return Err(at(end.tick, DifferenceKind::Chain));
        }
        self.place.chain = end.link();
        Ok(())
    }

    /// Takes note of a record that is in the chain and gives the guest nothing.
    pub(crate) fn pass(&mut self, previous: Link, after: Link, wake: Wake) -> Result<(), Difference> {
        if previous != self.place.chain {
            return Err(at(self.place.tick, DifferenceKind::Chain));
        }
        (self.place.chain, self.place.wake) = (after, wake);
        Ok(())
    }

    /// Where it has come to.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// The first difference that was not stopped at.
    pub(crate) fn noted(&self) -> Option<&Difference> {
        self.noted.as_ref()
    }

    /// Ticks that were played, `start` and `load` not counted.
    pub(crate) fn played(&self) -> u64 {
        self.played
    }

    /// What the newest step, or `start` or `load`, answered.
    pub(crate) fn answered(&self) -> Wake {
        self.answered
    }

    /// Asks the guest for its state.
    pub(crate) fn save(&mut self) -> Result<Saved, StartFault> {
        // What it saves now it has never saved before: it is as patient with it as a match is.
        self.session.set_budget(StepBudget::of(self.session.version().description()));
        Ok(to_end(self.session.save())?)
    }

    /// The session, with the budgets of a match that is played.
    pub(crate) fn into_session(mut self) -> Session {
        let budget = StepBudget::of(self.session.version().description());
        self.session.set_budget(budget);
        self.session
    }

    fn step(&mut self, input: &TickInput, observe: &mut Observe<'_>) -> Result<Stepped, Difference> {
        let stepped = to_end(self.session.step(input))
            .map_err(|fault| at(input.number, DifferenceKind::Fault(fault.to_string())))?;
        observe(Some(input), &stepped);
        // The match went on, so only another version can have finished: it knows no way on from there.
        if self.compare == Compare::AndNote
            && stepped.outputs.iter().any(|output| matches!(output, Output::Finish { .. }))
        {
            return Err(at(input.number, DifferenceKind::Fault("it finishes the match here".to_owned())));
        }
        (self.played, self.answered) = (self.played + 1, stepped.wake);
        Ok(stepped)
    }

    /// What a comparison means here.
    fn judge(&mut self, tick: u64, judgement: Result<(), Difference>) -> Result<(), Difference> {
        match judgement {
            Err(_) if self.foreign.iter().any(|ticks| ticks.contains(&tick)) => Ok(()),
            Err(difference) if self.compare == Compare::AndNote => {
                self.noted.get_or_insert(difference);
                Ok(())
            }
            judgement => judgement,
        }
    }
}

fn patient(version: &LoadedVersion) -> StepBudget {
    let usual = StepBudget::of(version.description());
    StepBudget { step: usual.step * PATIENCE, start: usual.start * PATIENCE, ..usual }
}

fn same(tick: u64, stepped: &Stepped, wake: Wake, outputs: [u8; 16]) -> Result<(), Difference> {
    if chain::outputs(&stepped.outputs) != outputs {
        return Err(at(tick, DifferenceKind::Outputs));
    }
    if stepped.wake != wake {
        return Err(at(tick, DifferenceKind::Wake));
    }
    Ok(())
}

pub(super) fn at(tick: u64, kind: DifferenceKind) -> Difference {
    Difference { ticks: tick..=tick, kind }
}

/// Polls a call to its end: pending means that a slice is over, and here nobody waits for the next one.
fn to_end<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = call.as_mut().poll(&mut context) {
            return done;
        }
        std::thread::yield_now();
    }
}

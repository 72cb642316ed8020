//! The replay itself.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::engine::LoadedVersion;
use crate::journal::chain::{self, TickContent};
use crate::journal::{EndRecord, IdleRun, Link, Reader, Record, SetupRecord, TickRecord};
use crate::life::exact_time;
use crate::model::{Setup, Stepped, TickInput, Wake};
use crate::session::{Session, StepBudget};

use super::{Coverage, Difference, DifferenceKind, ReplayError, Report};

/// How many times its budget a step may take here. It returned once within its budget; a replay on a busy or slower
/// machine must not turn that into a difference.
const PATIENCE: u32 = 50;

/// What went before, and the session that has seen it.
struct Replay<'a> {
    session: Session,
    setup: Setup,
    chain: Link,
    ticks: u64,
    skipped: u64,
    observe: &'a mut dyn FnMut(Option<&TickInput>, &Stepped),
}

/// Where a replay stops before the journal does.
type Stop = Difference;

pub(super) fn replay(
    version: &Arc<LoadedVersion>,
    mut reader: Reader<'_>,
    observe: &mut dyn FnMut(Option<&TickInput>, &Stepped),
) -> Result<Report, ReplayError> {
    let Some(first) = reader.next() else { return Err(ReplayError::Empty) };
    let Record::Setup(setup) = first? else { return Err(ReplayError::Empty) };
    if setup.version != version.id() {
        return Err(ReplayError::OtherVersion { journal: setup.version, given: version.id() });
    }
    let mut replay = match Replay::start(version, &setup, observe) {
        Ok(replay) => replay,
        Err(difference) => {
            let chain = setup.link();
            return Ok(Report { ticks: 0, chain, first_difference: Some(difference), coverage: Coverage::Running });
        }
    };
    let mut coverage = Coverage::Running;
    for record in reader {
        let same = match record? {
            Record::Setup(_) => Ok(()),
            Record::Tick(tick) => replay.tick(&tick),
            Record::Idle(run) => replay.idle(run),
            Record::Gap(gap) => {
                coverage = Coverage::Prefix { first: gap.first, end: None };
                Ok(())
            }
            // Neither was given to the guest: what followed was.
            Record::Resumed(_) | Record::Skipped(_) => Ok(()),
            Record::Swapped(swap) => Err(at(swap.tick, DifferenceKind::Swapped)),
            Record::End(end) => replay.end(*end, &mut coverage),
        };
        if let Err(difference) = same {
            return Ok(replay.report(coverage, Some(difference)));
        }
    }
    Ok(replay.report(coverage, None))
}

impl<'a> Replay<'a> {
    fn start(
        version: &Arc<LoadedVersion>,
        record: &SetupRecord,
        observe: &'a mut dyn FnMut(Option<&TickInput>, &Stepped),
    ) -> Result<Replay<'a>, Stop> {
        let usual = StepBudget::of(version.description());
        let budget = StepBudget { step: usual.step * PATIENCE, start: usual.start * PATIENCE, ..usual };
        let (session, stepped) = finish(Session::start(version, &record.setup, budget))
            .map_err(|fault| at(0, DifferenceKind::Fault(fault.to_string())))?;
        observe(None, &stepped);
        compare(0, &stepped, record.wake, record.outputs)?;
        Ok(Replay { session, setup: record.setup.clone(), chain: record.link(), ticks: 0, skipped: 0, observe })
    }

    fn tick(&mut self, record: &TickRecord) -> Result<(), Stop> {
        let number = record.input.number;
        self.skipped = self.skipped.saturating_add(record.input.skipped);
        if record.previous != self.chain || !self.is_on_time(&record.input) {
            return Err(at(number, DifferenceKind::Chain));
        }
        let stepped = self.step(&record.input)?;
        compare(number, &stepped, record.wake, record.outputs)?;
        self.chain = record.link();
        self.ticks = number;
        Ok(())
    }

    /// Ticks that were folded: their chain is compared at the end of the run.
    fn idle(&mut self, run: IdleRun) -> Result<(), Stop> {
        let whole_run = |kind| Difference { ticks: run.first..=run.last_tick(), kind };
        let mut chain = self.chain;
        for number in run.first..=run.last_tick() {
            let time = exact_time(self.setup.rate, number, self.skipped);
            if number == run.first && time != run.time {
                return Err(at(number, DifferenceKind::Chain));
            }
            let input = TickInput { number, time, skipped: 0, events: Vec::new() };
            let stepped = self.step(&input)?;
            if stepped.wake != Wake::Next {
                return Err(at(number, DifferenceKind::Wake));
            }
            let outputs = chain::outputs(&stepped.outputs);
            let content =
                TickContent { incarnation: run.incarnation, input: &input, facts: &[], wake: stepped.wake, outputs };
            chain = chain::after_tick(chain, &content);
        }
        if chain != run.last {
            return Err(whole_run(DifferenceKind::Outputs));
        }
        self.chain = chain;
        self.ticks = run.last_tick();
        Ok(())
    }

    fn end(&mut self, end: EndRecord, coverage: &mut Coverage) -> Result<(), Stop> {
        match coverage {
            Coverage::Prefix { end: ended, .. } => *ended = Some(end.reason),
            _ if end.previous != self.chain => return Err(at(end.tick, DifferenceKind::Chain)),
            _ => {
                self.chain = end.link();
                *coverage = Coverage::Whole(end.reason);
            }
        }
        Ok(())
    }

    fn step(&mut self, input: &TickInput) -> Result<Stepped, Stop> {
        let stepped = finish(self.session.step(input))
            .map_err(|fault| at(input.number, DifferenceKind::Fault(fault.to_string())))?;
        (self.observe)(Some(input), &stepped);
        Ok(stepped)
    }

    /// With a rate, a tick's time is a function of its number and of what was skipped.
    fn is_on_time(&self, input: &TickInput) -> bool {
        self.setup.rate == 0 || input.time == exact_time(self.setup.rate, input.number, self.skipped)
    }

    fn report(self, coverage: Coverage, first_difference: Option<Difference>) -> Report {
        Report { ticks: self.ticks, chain: self.chain, first_difference, coverage }
    }
}

fn compare(tick: u64, stepped: &Stepped, wake: Wake, outputs: [u8; 16]) -> Result<(), Stop> {
    if chain::outputs(&stepped.outputs) != outputs {
        return Err(at(tick, DifferenceKind::Outputs));
    }
    if stepped.wake != wake {
        return Err(at(tick, DifferenceKind::Wake));
    }
    Ok(())
}

fn at(tick: u64, kind: DifferenceKind) -> Difference {
    Difference { ticks: tick..=tick, kind }
}

/// Polls a call to its end: pending means that a slice is over, and here nobody waits for the next one.
fn finish<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = call.as_mut().poll(&mut context) {
            return done;
        }
        std::thread::yield_now();
    }
}

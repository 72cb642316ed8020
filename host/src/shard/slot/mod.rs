//! One match on its shard: the session, the life and the journal, and how they are made to meet.
//!
//! Here: what wakes a match and where its session is. `starting`: until `start` has returned. `living`: life and journal.
//! `resuming`: one that an earlier session began. `rescuing`: a tick that trapped is run again. `transit`: on its way into
//! another session. `moving`: leaving for another shard. `settle`: carrying out what the life wants done. `counting`: what
//! is counted. `checkpoint`: what bringing it back would cost, and keeping that small. `sleeping`: leaving memory.

mod checkpoint;
mod counting;
mod living;
mod moving;
mod reporting;
mod rescuing;
mod resuming;
mod settle;
mod sleeping;
mod starting;
mod transit;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stadion_protocol::contract::{CreateError, EndReason};
use stadion_protocol::{MatchId, Moment};

use crate::engine::{LoadedVersion, Manners};
use crate::journal::Journal;
use crate::life::Life;
use crate::model::TickInput;
use crate::recovery::recorder::RecorderSlot;
use crate::session::{StepBudget, StepFault, thread_cpu_ns};

use super::command::CreateJob;
use super::mailbox::{Key, Mailbox};
use super::slow::SlowJob;
use super::stats::MatchStats;
use super::task::{Outcome, Slice, Task, Work};
use super::{ShardHandle, Shared};

use checkpoint::Debt;
use living::{Living, secret};
use reporting::ReportAllowance;
use sleeping::Dozing;
use starting::{START_WITHIN, Starting, create_error};
use transit::Transit;

/// Slices on the shard before a step goes on in the slow lane.
const SLICES_HERE: u32 = 2;

/// What every slot may use.
pub(super) struct Around<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) handle: &'a Arc<ShardHandle>,
    /// Who is being run, for whoever finds the process dead.
    pub(super) recorder: Option<&'a RecorderSlot>,
}

/// One match.
pub(crate) struct Slot {
    key: Key,
    mailbox: Arc<Mailbox>,
    stage: Stage,
    /// What it runs; `None`: nothing any more.
    version: Option<Arc<LoadedVersion>>,
    session: Whereabouts,
    /// Of its version.
    manners: Arc<Manners>,
    /// Slices that the call in flight has used up here.
    slices: u32,
    given_at: Moment,
    players: u32,
    stats: MatchStats,
    /// On its way into another session.
    transit: Option<Box<Transit>>,
    /// What bringing it back would cost.
    debt: Debt,
    /// On its way out of memory.
    dozing: Dozing,
    /// Since when it is on this shard, and what it had done before.
    here_since: Moment,
    worked_before: Duration,
    ticks_before: u64,
    /// What it may still report.
    reports: ReportAllowance,
}

enum Stage {
    Starting(Box<Starting>),
    Living(Box<Living>),
    /// Nothing is left to do.
    Gone,
}

/// Where the session is.
enum Whereabouts {
    Here(Task),
    /// In the slow lane. The flag says that it is not wanted back.
    Away(Arc<AtomicBool>),
    Gone,
}

/// What the shard is to do with a match next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Look again at its deadline.
    Wait,
    /// Its step wants another slice.
    Slice,
    /// It leaves memory.
    Sleep,
    /// It leaves this process, for the next one.
    Leave,
    /// It is over and gone from here.
    Forget,
}

impl Slot {
    /// A match that starts with its first slice.
    pub(super) fn new(key: Key, job: CreateJob, now: Moment) -> Slot {
        let budget = StepBudget::of(job.version.description());
        let manners = Arc::clone(job.version.manners());
        let version = Some(Arc::clone(&job.version));
        let task = Task::new(job.version, job.spec.setup.clone(), budget);
        let starting = Starting { spec: job.spec, reservations: job.reservations, reply: job.reply, began: now };
        Slot {
            key,
            mailbox: job.mailbox,
            stage: Stage::Starting(Box::new(starting)),
            version,
            session: Whereabouts::Here(task),
            manners,
            slices: 0,
            given_at: now,
            players: 0,
            stats: MatchStats::default(),
            transit: None,
            debt: Debt::default(),
            dozing: Dozing::default(),
            here_since: now,
            worked_before: Duration::ZERO,
            ticks_before: 0,
            reports: ReportAllowance::new(now),
        }
    }

    pub(super) fn key(&self) -> Key {
        self.key
    }

    /// Which match it is, once it lives.
    pub(super) fn id(&self) -> Option<MatchId> {
        match &self.stage {
            Stage::Living(living) => Some(living.life.spec().id),
            Stage::Starting(_) | Stage::Gone => None,
        }
    }

    pub(super) fn life(&mut self) -> Option<&mut Life> {
        match &mut self.stage {
            Stage::Living(living) => Some(&mut living.life),
            Stage::Starting(_) | Stage::Gone => None,
        }
    }

    pub(super) fn journal(&self) -> Option<&dyn Journal> {
        match &self.stage {
            Stage::Living(living) => Some(&*living.journal),
            Stage::Starting(_) | Stage::Gone => None,
        }
    }

    pub(super) fn stats(&self) -> MatchStats {
        let journal_bytes = self.journal().map_or(0, Journal::bytes);
        MatchStats { replay_debt: self.debt.cpu(), journal_bytes, ..self.stats }
    }

    /// When to look at this match again.
    pub(super) fn deadline(&self, now: Moment) -> Option<Moment> {
        let Stage::Living(living) = &self.stage else { return None };
        if self.debt.is_being_paid() && matches!(self.session, Whereabouts::Away(_)) {
            // It is looked at again when the image is there.
            return None;
        }
        if let Some(until) = self.held_until() {
            return Some(until);
        }
        if self.dozes_through(now) {
            return self.dozing.keeping();
        }
        if living.life.wants_input_now() && living.life.has_room() && self.mailbox.waits() {
            return Some(now);
        }
        [living.life.deadline(), self.dozes_at(now)].into_iter().flatten().min()
    }

    /// Hears what was said, looks at the time, and begins the next tick if it is due. `scheduled` is the deadline for
    /// which the shard came, if it came for one.
    pub(super) fn visit(&mut self, around: &Around<'_>, now: Moment, scheduled: Option<Moment>) -> Next {
        let held = self.held_until();
        let stands_still = self.dozing.leaves() || self.dozes_through(now);
        let Stage::Living(living) = &mut self.stage else { return Next::Wait };
        self.mailbox.looked_at();
        living.sync(now);
        living.hear_answers(now, &self.mailbox);
        while living.life.has_room()
            && let Some((conn, word)) = self.mailbox.take()
        {
            counting::count_in(&mut self.stats, &word);
            living.life.hear(now, conn, word, &mut secret);
        }
        living.life.turn(now);
        let sealed = match &mut self.session {
            Whereabouts::Here(_) if self.debt.is_being_paid() || stands_still => None,
            Whereabouts::Here(_) if held.is_some_and(|until| now < until) => None,
            Whereabouts::Here(task) => living.life.seal(now).inspect(|input| task.give(Work::Tick(Arc::clone(input)))),
            Whereabouts::Away(_) | Whereabouts::Gone => None,
        };
        if self.settle(around, now) == Next::Forget {
            return Next::Forget;
        }
        let Some(input) = sealed else { return self.doze(around, now) };
        self.count_tick(around, now, scheduled, input.skipped);
        (self.slices, self.given_at) = (0, now);
        self.run(around, Some(&input))
    }

    /// Lets the call in flight run for a slice.
    pub(super) fn slice(&mut self, around: &Around<'_>, now: Moment) -> Next {
        if let Stage::Starting(starting) = &self.stage
            && now.since(starting.began) > START_WITHIN
        {
            return self.start_failed(around, CreateError::Failed("start took too long".to_owned()));
        }
        self.run(around, None)
    }

    /// One slice of the call in flight, which begins with this input or goes on.
    fn run(&mut self, around: &Around<'_>, input: Option<&TickInput>) -> Next {
        if self.slices == 0 && self.manners.is_rude(self.given_at) {
            return self.send_away(around);
        }
        let Whereabouts::Here(task) = &mut self.session else { return Next::Wait };
        if let Stage::Living(living) = &self.stage {
            let (spec, tick) = (living.life.spec(), living.life.tick_in_flight());
            around.recorder.iter().for_each(|recorder| recorder.enter(&spec.id, tick, input));
            around.shared.plant.iter().for_each(|plant| plant.strike(&spec.setup.parameters, tick));
        }
        let slice = measured_slice(&self.manners, task);
        around.recorder.iter().for_each(|recorder| recorder.leave());
        match slice {
            Slice::Done(outcome) => self.returned(around, outcome),
            Slice::UsedUp => {
                self.slices += 1;
                self.stats.slices += 1;
                around.handle.stats.slices.fetch_add(1, Ordering::Relaxed);
                if self.slices < SLICES_HERE {
                    return Next::Slice;
                }
                self.send_away(around)
            }
        }
    }

    /// A step comes back from the slow lane.
    pub(super) fn back(&mut self, around: &Around<'_>, task: Task, outcome: Outcome) -> Next {
        if matches!(self.session, Whereabouts::Away(_)) {
            self.session = Whereabouts::Here(task);
            return self.returned(around, outcome);
        }
        Next::Wait
    }

    /// Ends it, whatever it is doing; or has it leave, if the next process finds it again.
    pub(super) fn shut_down(&mut self, around: &Around<'_>, now: Moment, reason: EndReason) -> Next {
        let outlives = match &self.stage {
            Stage::Living(living) => {
                living.life.is_running()
                    && around.shared.journals.outlives_process(living.life.spec().settings.durability)
            }
            Stage::Starting(_) | Stage::Gone => false,
        };
        if outlives { self.leave_process(around, now) } else { self.end(around, now, reason) }
    }

    /// Ends it, whatever it is doing.
    pub(super) fn end(&mut self, around: &Around<'_>, now: Moment, reason: EndReason) -> Next {
        match &mut self.stage {
            Stage::Living(living) => living.life.end(now, reason),
            Stage::Starting(_) => return self.start_failed(around, CreateError::Full("it is shutting down")),
            Stage::Gone => {}
        }
        self.settle(around, now)
    }

    fn returned(&mut self, around: &Around<'_>, outcome: Outcome) -> Next {
        let now = crate::clock::now();
        match outcome {
            Outcome::Started(Ok(stepped), usage) => self.started(around, now, stepped, usage),
            Outcome::Started(Err(fault), _) => self.start_failed(around, create_error(fault)),
            Outcome::Stepped(result, usage) => {
                self.count_step(around, now, usage);
                self.debt.step(usage.cpu);
                if let Err(fault) = &result
                    && self.rescue(around, fault)
                {
                    return Next::Wait;
                }
                let Stage::Living(living) = &mut self.stage else { return Next::Wait };
                match result {
                    Ok(stepped) => living.life.stepped(now, stepped),
                    Err(fault) => living.life.failed(now, end_reason(fault)),
                }
                match self.settle(around, now) {
                    Next::Wait => self.pay_if_due(around, now),
                    next => next,
                }
            }
            Outcome::Imaged(image) => self.imaged(around, now, image),
        }
    }

    /// Lets the call in flight go on in the slow lane, or here if there is none.
    fn send_away(&mut self, around: &Around<'_>) -> Next {
        let unwanted = Arc::new(AtomicBool::new(false));
        let away = Whereabouts::Away(Arc::clone(&unwanted));
        let task = match std::mem::replace(&mut self.session, away) {
            Whereabouts::Here(task) => task,
            other => {
                self.session = other;
                return Next::Wait;
            }
        };
        let (of, give_up_at) = match &self.stage {
            Stage::Starting(starting) => (None, Some(starting.began + START_WITHIN)),
            Stage::Living(living) => (Some((living.life.spec().id, living.life.tick_in_flight())), None),
            Stage::Gone => (None, None),
        };
        let home = Arc::clone(around.handle);
        if let Err(task) = around.shared.slow.take(SlowJob { key: self.key, of, task, home, give_up_at, unwanted }) {
            self.session = Whereabouts::Here(task);
            self.slices = self.slices.max(1);
            return Next::Slice;
        }
        around.handle.stats.slow.fetch_add(1, Ordering::Relaxed);
        self.stats.slow += 1;
        Next::Wait
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Whereabouts::Away(unwanted) = &self.session {
            unwanted.store(true, Ordering::Relaxed);
        }
    }
}

/// Lets a task run for a slice, and notes whether it gave way.
fn measured_slice(manners: &Manners, task: &mut Task) -> Slice {
    let cpu_before = manners.is_suspect().then(thread_cpu_ns);
    let before = crate::clock::now();
    let slice = task.slice();
    let after = crate::clock::now();
    let cpu = cpu_before.map(|before| Duration::from_nanos(thread_cpu_ns().saturating_sub(before)));
    manners.slice_took(after, after.since(before), cpu);
    slice
}

fn end_reason(fault: StepFault) -> EndReason {
    match fault {
        StepFault::Trap(report) => EndReason::Trapped(report.text),
        StepFault::OverBudget => EndReason::OverBudget,
        StepFault::OverQuota(quota) => EndReason::OverQuota(quota),
        StepFault::Host(what) => EndReason::HostFailed(what),
    }
}

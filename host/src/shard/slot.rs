//! One match on its shard: the session, the life and the journal, and how they are made to meet.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::time::Duration;

use stadion_protocol::Moment;
use stadion_protocol::contract::{CreateError, EndReason, HostEvent, Reservation};

use crate::journal::{Journal, Position, Record};
use crate::life::{Effect, Life, Mark, Spec};
use crate::model::{LogLevel, Stepped};
use crate::session::{StartFault, StepBudget, StepFault, Usage};

use super::command::{CreateJob, Created};
use super::directory::Archived;
use super::mailbox::{Key, Mailbox};
use super::slow::SlowJob;
use super::stats::MatchStats;
use super::task::{Outcome, Slice, Task};
use super::{ShardHandle, Shared};

/// Slices on the shard before a step goes on in the slow lane.
const SLICES_HERE: u32 = 2;

/// How long a creation may take in all. Its CPU budget is shorter; this holds on a machine that has no CPU to give. The
/// caller is answered within a second.
const START_WITHIN: Duration = Duration::from_millis(900);

/// What every slot may use.
pub(super) struct Around<'a> {
    pub(super) shared: &'a Shared,
    pub(super) handle: &'a Arc<ShardHandle>,
}

/// One match.
pub(super) struct Slot {
    key: Key,
    mailbox: Arc<Mailbox>,
    stage: Stage,
    session: Whereabouts,
    /// Slices that the call in flight has used up here.
    slices: u32,
    given_at: Moment,
    players: u32,
    stats: MatchStats,
}

enum Stage {
    Starting(Box<Starting>),
    Living(Box<Living>),
    /// Nothing is left to do.
    Gone,
}

struct Starting {
    spec: Spec,
    reservations: Vec<Reservation>,
    reply: tokio::sync::oneshot::Sender<Result<Created, CreateError>>,
    began: Moment,
}

struct Living {
    life: Life,
    journal: Box<dyn Journal>,
    /// Appended, not known to be durable.
    unsynced: VecDeque<(Position, Mark)>,
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
    /// It is over and gone.
    Forget,
}

impl Slot {
    /// A match that starts with its first slice.
    pub(super) fn new(key: Key, job: CreateJob, now: Moment) -> Slot {
        job.mailbox.set_key(key);
        let budget = StepBudget::of(job.version.description());
        let task = Task::new(job.version, job.spec.setup.clone(), budget);
        let starting = Starting { spec: job.spec, reservations: job.reservations, reply: job.reply, began: now };
        Slot {
            key,
            mailbox: job.mailbox,
            stage: Stage::Starting(Box::new(starting)),
            session: Whereabouts::Here(task),
            slices: 0,
            given_at: now,
            players: 0,
            stats: MatchStats::default(),
        }
    }

    pub(super) fn key(&self) -> Key {
        self.key
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
        self.stats
    }

    /// When to look at this match again.
    pub(super) fn deadline(&self, now: Moment) -> Option<Moment> {
        let Stage::Living(living) = &self.stage else { return None };
        if living.life.wants_input_now() && living.life.has_room() && self.mailbox.waits() {
            return Some(now);
        }
        living.life.deadline()
    }

    /// Hears what was said, looks at the time, and begins the next tick if it is due. `scheduled` is the deadline for
    /// which the shard came, if it came for one.
    pub(super) fn visit(&mut self, around: &Around<'_>, now: Moment, scheduled: Option<Moment>) -> Next {
        let Stage::Living(living) = &mut self.stage else { return Next::Wait };
        self.mailbox.looked_at();
        living.sync(now);
        while living.life.has_room()
            && let Some((conn, word)) = self.mailbox.take()
        {
            living.life.hear(now, conn, word, &mut secret);
        }
        living.life.turn(now);
        let sealed = match &mut self.session {
            Whereabouts::Here(task) => living.life.seal(now).map(|input| task.give(input)).is_some(),
            Whereabouts::Away(_) | Whereabouts::Gone => false,
        };
        if self.settle(around, now) == Next::Forget {
            return Next::Forget;
        }
        if !sealed {
            return Next::Wait;
        }
        self.count_tick(around, now, scheduled);
        (self.slices, self.given_at) = (0, now);
        self.slice(around, now)
    }

    /// Lets the call in flight run for a slice.
    pub(super) fn slice(&mut self, around: &Around<'_>, now: Moment) -> Next {
        if let Stage::Starting(starting) = &self.stage
            && now.since(starting.began) > START_WITHIN
        {
            return self.start_failed(around, CreateError::Failed("start took too long".to_owned()));
        }
        let Whereabouts::Here(task) = &mut self.session else { return Next::Wait };
        match task.slice() {
            Slice::Done(outcome) => self.returned(around, outcome),
            Slice::UsedUp => {
                self.slices += 1;
                self.stats.slices += 1;
                around.handle.stats.slices.fetch_add(1, Ordering::Relaxed);
                if self.slices < SLICES_HERE {
                    return Next::Slice;
                }
                self.send_away(around);
                Next::Wait
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

    /// The slow lane gave it up: only starts are.
    pub(super) fn gave_up(&mut self, around: &Around<'_>) -> Next {
        self.session = Whereabouts::Gone;
        self.start_failed(around, CreateError::Failed("start took too long".to_owned()))
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

    /// Carries out what the life wants done.
    pub(super) fn settle(&mut self, around: &Around<'_>, now: Moment) -> Next {
        let Stage::Living(living) = &mut self.stage else { return Next::Wait };
        while let Some(effect) = living.life.poll_effect() {
            match effect {
                Effect::Append { mark, record } => living.append(now, mark, &record),
                Effect::Post(conn, word) => {
                    if let Some(outbox) = around.shared.outbox.get() {
                        outbox.post(conn, word);
                    }
                }
                Effect::Changed => around.shared.events.publish(HostEvent::Changed(living.life.status())),
                Effect::Log { level, text } => log(living.life.spec(), level, &text),
                Effect::Report { kind, json } => {
                    let id = living.life.spec().id;
                    around.shared.events.publish(HostEvent::Report { id, kind, json });
                }
                Effect::DropSession => {
                    if let Whereabouts::Away(unwanted) = std::mem::replace(&mut self.session, Whereabouts::Gone) {
                        unwanted.store(true, Ordering::Relaxed);
                    }
                }
                Effect::Ended(ended) => {
                    let journal = living.journal.to_file();
                    let status = living.life.status();
                    let archived = Archived { status, ended: *ended, journal };
                    self.forget(around, archived);
                    return Next::Forget;
                }
            }
        }
        self.mailbox.set_eager(living.life.wants_input_now());
        let players = u32::try_from(living.life.players()).unwrap_or(u32::MAX);
        self.count_players(around, players);
        Next::Wait
    }

    fn returned(&mut self, around: &Around<'_>, outcome: Outcome) -> Next {
        let now = crate::clock::now();
        match outcome {
            Outcome::Started(Ok(stepped), usage) => self.started(around, now, stepped, usage),
            Outcome::Started(Err(fault), _) => self.start_failed(around, create_error(fault)),
            Outcome::Stepped(result, usage) => {
                self.count_step(around, now, usage);
                let Stage::Living(living) = &mut self.stage else { return Next::Wait };
                match result {
                    Ok(stepped) => living.life.stepped(now, stepped),
                    Err(fault) => living.life.failed(now, end_reason(fault)),
                }
                self.settle(around, now)
            }
        }
    }

    fn started(&mut self, around: &Around<'_>, now: Moment, stepped: Stepped, usage: Usage) -> Next {
        let Stage::Starting(starting) = std::mem::replace(&mut self.stage, Stage::Gone) else { return Next::Wait };
        self.stats.memory_bytes = usage.memory_bytes;
        let Starting { spec, reservations, reply, began } = *starting;
        let id = spec.id;
        let advanced = Waker::from(Arc::clone(&self.mailbox));
        let journal = match around.shared.journals.open(id, spec.settings.durability, advanced) {
            Ok(journal) => journal,
            Err(error) => {
                tracing::error!(%id, %error, "no journal");
                return self.refuse(around, id, reply, CreateError::Full("it cannot keep another journal"));
            }
        };
        let (life, seats) = match Life::started(spec, &reservations, stepped, now) {
            Ok(started) => started,
            Err(error) => return self.refuse(around, id, reply, CreateError::Invalid(error.to_string())),
        };
        self.stage = Stage::Living(Box::new(Living { life, journal, unsynced: VecDeque::new() }));
        let next = self.settle(around, now);
        // The caller may have gone: the match lives by its own rules.
        let _ = reply.send(Ok(Created { seats, started_in: now.since(began) }));
        next
    }

    fn start_failed(&mut self, around: &Around<'_>, error: CreateError) -> Next {
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Starting(starting) => self.refuse(around, starting.spec.id, starting.reply, error),
            other => {
                self.stage = other;
                Next::Wait
            }
        }
    }

    fn refuse(
        &mut self,
        around: &Around<'_>,
        id: stadion_protocol::MatchId,
        reply: tokio::sync::oneshot::Sender<Result<Created, CreateError>>,
        error: CreateError,
    ) -> Next {
        if let Whereabouts::Away(unwanted) = std::mem::replace(&mut self.session, Whereabouts::Gone) {
            unwanted.store(true, Ordering::Relaxed);
        }
        self.stage = Stage::Gone;
        around.shared.directory.remove(&id);
        let _ = reply.send(Err(error));
        Next::Forget
    }

    /// The match is over: what is kept of it moves to the archive before it can no longer be found here.
    fn forget(&mut self, around: &Around<'_>, archived: Archived) {
        let id = archived.status.id;
        self.count_players(around, 0);
        around.shared.archive.put(archived.clone());
        around.shared.directory.remove(&id);
        let Archived { status, ended, journal } = archived;
        around.shared.events.publish(HostEvent::Ended { status, ended, journal });
        self.stage = Stage::Gone;
    }

    fn send_away(&mut self, around: &Around<'_>) {
        let unwanted = Arc::new(AtomicBool::new(false));
        let give_up_at = match &self.stage {
            Stage::Starting(starting) => Some(starting.began + START_WITHIN),
            Stage::Living(_) | Stage::Gone => None,
        };
        if let Whereabouts::Here(task) = std::mem::replace(&mut self.session, Whereabouts::Away(Arc::clone(&unwanted)))
        {
            around.handle.stats.slow.fetch_add(1, Ordering::Relaxed);
            let home = Arc::clone(around.handle);
            around.shared.slow.take(SlowJob { key: self.key, task, home, give_up_at, unwanted });
        }
    }

    fn count_tick(&mut self, around: &Around<'_>, now: Moment, scheduled: Option<Moment>) {
        self.stats.ticks += 1;
        let Some(scheduled) = scheduled else { return };
        let late = now.since(scheduled);
        self.stats.worst_lateness = self.stats.worst_lateness.max(late);
        self.stats.total_lateness += late;
        around.handle.stats.lateness.record(late);
    }

    fn count_step(&mut self, around: &Around<'_>, now: Moment, usage: Usage) {
        let took = now.since(self.given_at);
        self.stats.worst_step = self.stats.worst_step.max(took);
        self.stats.total_step += took;
        (self.stats.memory_bytes, self.stats.step_cpu) = (usage.memory_bytes, usage.cpu);
        around.handle.stats.step.record(took);
    }

    fn count_players(&mut self, around: &Around<'_>, players: u32) {
        if players != self.players {
            around.handle.players.fetch_add(players.wrapping_sub(self.players), Ordering::Relaxed);
            self.players = players;
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Whereabouts::Away(unwanted) = &self.session {
            unwanted.store(true, Ordering::Relaxed);
        }
    }
}

impl Living {
    fn append(&mut self, now: Moment, mark: Mark, record: &Record) {
        match self.journal.append(record) {
            Ok(position) => {
                self.unsynced.push_back((position, mark));
                self.sync(now);
            }
            Err(error) => {
                tracing::error!(id = %self.life.spec().id, %error, "the journal failed");
                self.life.journal_failed(now, &error.to_string());
            }
        }
    }

    /// Tells the life what has become durable.
    fn sync(&mut self, now: Moment) {
        if self.unsynced.is_empty() {
            return;
        }
        let durable = self.journal.durable();
        let mut newest = None;
        while let Some((_, mark)) = self.unsynced.pop_front_if(|(position, _)| *position <= durable) {
            newest = Some(mark);
        }
        if let Some(mark) = newest {
            self.life.durable(now, mark);
        }
    }
}

/// A resume token's secret.
fn secret() -> [u8; 16] {
    let mut secret = [0; 16];
    getrandom::fill(&mut secret).expect("the operating system gives random bytes");
    secret
}

fn create_error(fault: StartFault) -> CreateError {
    match fault {
        StartFault::Refused(why) => CreateError::Refused(why),
        StartFault::Trap(report) => CreateError::Failed(report.text),
        StartFault::OverBudget => CreateError::Failed("start ran past its CPU budget".to_owned()),
        StartFault::OverQuota(quota) => CreateError::Failed(format!("over quota: {quota}")),
        StartFault::Host(what) => {
            tracing::warn!(%what, "a session could not be made");
            CreateError::Full("it has no room for another session")
        }
    }
}

fn end_reason(fault: StepFault) -> EndReason {
    match fault {
        StepFault::Trap(report) => EndReason::Trapped(report.text),
        StepFault::OverBudget => EndReason::OverBudget,
        StepFault::OverQuota(quota) => EndReason::OverQuota(quota),
        StepFault::Host(what) => EndReason::HostFailed(what),
    }
}

/// A line of a match's log, as the session escaped and limited it.
fn log(spec: &Spec, level: LogLevel, text: &str) {
    let (id, game) = (spec.id, &spec.game);
    match level {
        LogLevel::Debug => tracing::debug!(target: "stadion::game", %id, %game, "{text}"),
        LogLevel::Info => tracing::info!(target: "stadion::game", %id, %game, "{text}"),
        LogLevel::Warn => tracing::warn!(target: "stadion::game", %id, %game, "{text}"),
        LogLevel::Error => tracing::error!(target: "stadion::game", %id, %game, "{text}"),
    }
}

//! The loop of a shard. Each turn: what was asked, ticks that are due (earliest deadline first), matches that were woken,
//! and one slice of one unfinished step, so that a due tick never waits for more than a slice.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use stadion_protocol::Moment;
use stadion_protocol::contract::EndReason;

use crate::clock;
use crate::engine::Alarm;
use crate::recovery::recorder::RecorderSlot;

use super::command::{Command, CreateJob, ResumeJob, ShardHandle};
use super::mailbox::Key;
use super::moving::Moved;
use super::slot::{Around, Next, Slot};
use super::{Shared, task};

/// Outdated deadlines that may lie in the heap for each match before it is swept.
const OUTDATED_PER_MATCH: usize = 8;

/// One shard's matches and queues. Every queue is bounded by the matches of the host.
pub(super) struct Worker {
    pub(super) handle: Arc<ShardHandle>,
    pub(super) shared: Arc<Shared>,
    recorder: Option<RecorderSlot>,
    pub(super) places: Vec<Place>,
    free: Vec<u32>,
    /// Deadlines, earliest first. An entry counts only if it is its match's newest.
    due: BinaryHeap<Reverse<(Moment, Key)>>,
    woken: VecDeque<Key>,
    /// When to look at what bringing the matches back would cost.
    pub(super) audit_at: Moment,
    unfinished: VecDeque<Key>,
    commands: Vec<Command>,
    pub(super) moved: Moved,
}

/// Where a match can be.
#[derive(Default)]
pub(super) struct Place {
    pub(super) slot: Option<Box<Slot>>,
    pub(super) generation: u32,
    /// The newest entry in `due`.
    scheduled: Option<Moment>,
}

/// What the thread does after a turn.
enum After {
    Again,
    Park(Option<Moment>),
    Stop,
}

impl Worker {
    pub(super) fn new(handle: Arc<ShardHandle>, shared: Arc<Shared>, recorder: Option<RecorderSlot>) -> Worker {
        Worker {
            handle,
            shared,
            recorder,
            places: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
            woken: VecDeque::new(),
            audit_at: Moment(0),
            unfinished: VecDeque::new(),
            commands: Vec::new(),
            moved: Moved::default(),
        }
    }

    pub(super) fn run(mut self, alarm: &Alarm) {
        loop {
            alarm.work_begins();
            let began = clock::now();
            let after = self.turn(began);
            let worked = u64::try_from(clock::now().since(began).as_nanos()).unwrap_or(u64::MAX);
            self.handle.stats.busy_ns.fetch_add(worked, Ordering::Relaxed);
            match after {
                After::Again => {}
                After::Park(None) => {
                    alarm.rest_begins();
                    std::thread::park();
                }
                After::Park(Some(until)) => {
                    let wait = until.since(clock::now());
                    if !wait.is_zero() {
                        alarm.rest_begins();
                        std::thread::park_timeout(wait);
                    }
                }
                After::Stop => return,
            }
        }
    }

    fn turn(&mut self, now: Moment) -> After {
        self.handle.stats.turns.fetch_add(1, Ordering::Relaxed);
        if !self.obey(now) {
            return After::Stop;
        }
        self.run_due(now);
        self.audit(now);
        for _ in 0..self.woken.len() {
            let Some(key) = self.woken.pop_front() else { break };
            self.visit(key, clock::now(), None);
        }
        if let Some(key) = self.unfinished.pop_front() {
            self.with(key, |slot, around| slot.slice(around, clock::now()));
        }
        if self.unfinished.is_empty() && self.woken.is_empty() {
            After::Park(self.due.peek().map(|Reverse((at, _))| *at))
        } else {
            After::Again
        }
    }

    /// Carries out what was asked. `false`: leave.
    fn obey(&mut self, now: Moment) -> bool {
        let mut commands = std::mem::take(&mut self.commands);
        self.handle.take(&mut commands);
        for command in commands.drain(..) {
            match command {
                Command::Create(job) => self.create(*job, now),
                Command::Resume(job) => self.resume(*job),
                Command::Poke(key) => self.woken.push_back(key),
                Command::Back(key, task, outcome) => self.back(key, task, outcome),
                Command::Rescued(key, rescued, why) => {
                    self.with(key, |slot, around| slot.rescued(around, clock::now(), (rescued, why)));
                }
                Command::GaveUp(key) => self.with(key, Slot::gave_up),
                Command::ShutDown(reason) => self.shut_down(&reason),
                Command::Stop => return false,
                Command::Give { to, share } => self.give(&to, share, now),
                Command::TakeIn(slot) => self.take_in(slot, now),
                Command::Forwarded(mailbox, question) => self.ask_again(&mailbox, *question, now),
                question => self.answer(question, now),
            }
        }
        self.commands = commands;
        true
    }

    /// Questions about one match. Whoever asked about a match that is gone sees its channel closed.
    pub(super) fn answer(&mut self, question: Command, now: Moment) {
        let Some(question) = self.still_here(question) else { return };
        match question {
            Command::Reserve(key, wanted, reply) => self.with(key, |slot, around| {
                let Some(life) = slot.life() else { return Next::Wait };
                let _ = reply.send(life.reserve(now, &wanted));
                life.turn(now);
                slot.settle(around, now)
            }),
            Command::End(key, reason, reply) => self.with(key, |slot, around| {
                let next = slot.end(around, now, reason);
                let _ = reply.send(());
                next
            }),
            Command::Status(key, reply) => self.with(key, |slot, _| {
                if let Some(life) = slot.life() {
                    let _ = reply.send(life.status());
                }
                Next::Wait
            }),
            Command::Pace(key, pace, reply) => self.with(key, |slot, around| {
                let Some(life) = slot.life() else { return Next::Wait };
                life.pace(now, pace);
                let _ = reply.send(());
                slot.settle(around, now)
            }),
            Command::Wake(key, reply) => self.with(key, |slot, _| {
                slot.stay_up(now);
                let _ = reply.send(());
                Next::Wait
            }),
            Command::Saved(key, saved) => self.with(key, |slot, around| slot.saved(around, now, saved)),
            Command::Order(key, order) => self.with(key, |slot, around| slot.obey(around, now, order)),
            Command::Stats(key, reply) => self.with(key, |slot, _| {
                let _ = reply.send(slot.stats());
                Next::Wait
            }),
            _ => {}
        }
    }

    /// Ticks and timeouts whose time has come by `now`; those that come due meanwhile wait for the next turn.
    fn run_due(&mut self, now: Moment) {
        while let Some(&Reverse((at, key))) = self.due.peek()
            && at <= now
        {
            self.due.pop();
            let Some(place) = self.places.get_mut(key.slot as usize) else { continue };
            if place.generation == key.generation && place.scheduled == Some(at) {
                place.scheduled = None;
                self.visit(key, clock::now(), Some(at));
            }
        }
    }

    pub(super) fn visit(&mut self, key: Key, now: Moment, scheduled: Option<Moment>) {
        self.with(key, |slot, around| slot.visit(around, now, scheduled));
    }

    fn create(&mut self, job: CreateJob, now: Moment) {
        let key = self.free_place();
        job.mailbox.moves_in(Arc::clone(&self.handle), key);
        self.places[key.slot as usize].slot = Some(Box::new(Slot::new(key, job, now)));
        self.unfinished.push_back(key);
    }

    fn resume(&mut self, job: ResumeJob) {
        let now = clock::now();
        let key = self.free_place();
        let (id, slept, mailbox) = (job.spec.id, job.woken.is_some(), Arc::clone(&job.mailbox));
        self.places[key.slot as usize].slot = Some(Box::new(Slot::resumed(key, job, now)));
        mailbox.moves_in(Arc::clone(&self.handle), key);
        // Out of bed before it does anything: it may go to bed again at once.
        let questions = if slept { self.shared.dormant.leave(&id) } else { Vec::new() };
        self.with(key, |slot, around| slot.begin_again(around, now));
        questions.into_iter().for_each(|question| self.ask_again(&mailbox, question, now));
    }

    /// A place for one more match.
    pub(super) fn free_place(&mut self) -> Key {
        let at = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            u32::try_from(self.places.len() - 1).expect("the capacity of a host is a u32")
        });
        Key { slot: at, generation: self.places[at as usize].generation }
    }

    fn back(&mut self, key: Key, task: task::Task, outcome: task::Outcome) {
        self.with(key, |slot, around| slot.back(around, task, outcome));
    }

    fn shut_down(&mut self, reason: &EndReason) {
        let keys: Vec<Key> =
            self.places.iter().filter_map(|place| place.slot.as_ref()).map(|slot| slot.key()).collect();
        for key in keys {
            let now = clock::now();
            self.with(key, |slot, around| slot.shut_down(around, now, reason.clone()));
        }
    }

    /// Does something with a match, if it is still there, and then what it wants done next.
    pub(super) fn with(&mut self, key: Key, act: impl FnOnce(&mut Slot, &Around<'_>) -> Next) {
        let Some(place) = self.places.get_mut(key.slot as usize) else { return };
        if place.generation != key.generation {
            return;
        }
        let Some(slot) = &mut place.slot else { return };
        let around = Around { shared: &self.shared, handle: &self.handle, recorder: self.recorder.as_ref() };
        match act(slot, &around) {
            Next::Forget => return self.forget(key),
            Next::Sleep => return self.put_to_bed(key, clock::now()),
            Next::Leave => return self.let_go(key),
            Next::Slice => self.unfinished.push_back(key),
            Next::Wait => {}
        }
        let deadline = slot.deadline(clock::now());
        if deadline != place.scheduled {
            place.scheduled = deadline;
            self.due.extend(deadline.map(|at| Reverse((at, key))));
            self.sweep();
        }
    }

    /// Deadlines that moved leave entries behind until their time comes, hours later perhaps: not too many of them.
    fn sweep(&mut self) {
        if self.due.len() <= (self.places.len() + 1) * OUTDATED_PER_MATCH {
            return;
        }
        let places = &self.places;
        self.due.retain(|Reverse((at, key))| {
            let place = places.get(key.slot as usize);
            place.is_some_and(|place| place.generation == key.generation && place.scheduled == Some(*at))
        });
    }

    fn forget(&mut self, key: Key) {
        drop(self.vacate(key));
        self.handle.matches.fetch_sub(1, Ordering::Relaxed);
    }

    /// A match leaves for the next process.
    fn let_go(&mut self, key: Key) {
        let Some(place) = self.places.get(key.slot as usize) else { return };
        if let Some(id) = place.slot.as_ref().and_then(|slot| slot.id()) {
            self.shared.directory.remove(&id);
        }
        self.forget(key);
        self.shared.matches.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes a match out of its place, for the next one to have.
    pub(super) fn vacate(&mut self, key: Key) -> Option<Box<Slot>> {
        let place = &mut self.places[key.slot as usize];
        let next = Place { generation: place.generation.wrapping_add(1), ..Place::default() };
        let left = std::mem::replace(place, next);
        self.free.push(key.slot);
        left.slot
    }
}

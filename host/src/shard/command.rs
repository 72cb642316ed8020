//! What others ask of a shard.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use stadion_protocol::Seat;
use stadion_protocol::contract::{CreateError, EndReason, MatchStatus, Pace, Reservation, ReserveError, UpgradeError};
use tokio::sync::oneshot;

use crate::dormant::Woken;
use crate::engine::LoadedVersion;
use crate::journal::Journal;
use crate::life::{HostState, Spec, Tenants};
use crate::session::Session;
use crate::transition::order::Order;

use super::mailbox::{Key, Mailbox};
use super::rescue::Rescued;
use super::slot::Slot;
use super::stats::{MatchStats, ShardStats};
use super::task::{Outcome, Task};

/// Questions that may wait for one shard. They are answered every turn: more than this means that nobody should ask more.
const MAX_COMMANDS: usize = 65_536;

/// One thing for a shard to do.
pub(crate) enum Command {
    /// Start a match.
    Create(Box<CreateJob>),
    /// Go on with a match that another session began.
    Resume(Box<ResumeJob>),
    /// Keep a seat.
    Reserve(Key, Box<Reservation>, oneshot::Sender<Result<Seat, ReserveError>>),
    /// End a match.
    End(Key, EndReason, oneshot::Sender<()>),
    /// How it stands.
    Status(Key, oneshot::Sender<MatchStatus>),
    /// How its time passes.
    Pace(Key, Pace, oneshot::Sender<()>),
    /// Its counters.
    Stats(Key, oneshot::Sender<MatchStats>),
    /// Nothing: whoever is asked is awake.
    Wake(Key, oneshot::Sender<()>),
    /// Its transition wants something.
    Order(Key, Order),
    /// Something waits for this match.
    Poke(Key),
    /// A step comes back from the slow lane.
    Back(Key, Task, Outcome),
    /// A tick that trapped comes back, and how it had trapped.
    Rescued(Key, Option<Box<Rescued>>, String),
    /// It was saved, and goes on in another session; or why not.
    Saved(Key, Result<(), UpgradeError>),
    /// A step in the slow lane was given up.
    GaveUp(Key),
    /// Give matches that take this share of the shard's time to another shard.
    Give { to: Arc<ShardHandle>, share: f64 },
    /// Take in a match that another shard gave.
    TakeIn(Box<Slot>),
    /// A question that came too late to the shard that a match has left.
    Forwarded(Arc<Mailbox>, Box<Command>),
    /// End every match, for this reason; those that the next process finds again leave for it.
    ShutDown(EndReason),
    /// Leave at once.
    Stop,
}

impl Command {
    /// The match that is asked, for questions that are answered wherever it is now.
    pub(super) fn asked(&mut self) -> Option<&mut Key> {
        match self {
            Command::Reserve(key, ..)
            | Command::End(key, ..)
            | Command::Status(key, ..)
            | Command::Pace(key, ..)
            | Command::Stats(key, ..)
            | Command::Wake(key, ..)
            | Command::Saved(key, ..)
            | Command::Order(key, ..) => Some(key),
            // A match that arrives is looked at anyway, and leaves only with its session at home.
            Command::Poke(_) | Command::Back(..) | Command::Rescued(..) | Command::GaveUp(_) => None,
            Command::Create(_)
            | Command::Resume(_)
            | Command::Give { .. }
            | Command::TakeIn(_)
            | Command::Forwarded(..)
            | Command::ShutDown(_)
            | Command::Stop => None,
        }
    }

    /// Whether a match that sleeps is brought back for this; other questions are answered from what is known of it.
    pub(super) fn wakes(&self) -> bool {
        matches!(
            self,
            Command::Reserve(..) | Command::End(..) | Command::Pace(..) | Command::Wake(..) | Command::Order(..)
        )
    }
}

/// A match to start.
pub(crate) struct CreateJob {
    pub(crate) spec: Spec,
    pub(crate) version: Arc<LoadedVersion>,
    pub(crate) reservations: Vec<Reservation>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) reply: oneshot::Sender<Result<Created, CreateError>>,
}

/// A match to go on with.
pub(crate) struct ResumeJob {
    pub(crate) spec: Spec,
    pub(crate) state: HostState,
    pub(crate) journal: Box<dyn Journal>,
    /// `None`: it cannot go on, and ends.
    pub(crate) session: Option<Box<Session>>,
    /// It is to end at once, for this reason.
    pub(crate) end: Option<EndReason>,
    pub(crate) mailbox: Arc<Mailbox>,
    /// Who may have the seats of players who are not there.
    pub(crate) tenants: Tenants,
    /// CPU time that making its session again took: it takes so long once more, until there is a checkpoint.
    pub(crate) replayed: Duration,
    /// It slept: nothing has changed for its game.
    pub(crate) woken: Option<Box<Woken>>,
}

/// A match that was started.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) seats: Vec<Seat>,
    pub(crate) started_in: Duration,
}

/// What others hold of a shard.
#[derive(Default)]
pub(crate) struct ShardHandle {
    commands: Mutex<Vec<Command>>,
    thread: OnceLock<Thread>,
    /// Matches given to this shard, for placement.
    pub(crate) matches: AtomicU32,
    /// Players connected to its matches.
    pub(crate) players: AtomicU32,
    /// Counters.
    pub(crate) stats: ShardStats,
}

impl ShardHandle {
    /// Queues a question. `false`: too many wait.
    pub(crate) fn send(&self, command: Command) -> bool {
        {
            let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
            if commands.len() >= MAX_COMMANDS {
                return false;
            }
            commands.push(command);
        }
        self.unpark();
        true
    }

    /// Queues what is bounded by the number of matches itself, and must not be lost.
    pub(crate) fn send_internal(&self, command: Command) {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).push(command);
        self.unpark();
    }

    /// Asks the shard to leave.
    pub(crate) fn stop(&self) {
        self.send_internal(Command::Stop);
    }

    pub(super) fn take(&self, into: &mut Vec<Command>) {
        std::mem::swap(&mut *self.commands.lock().unwrap_or_else(PoisonError::into_inner), into);
    }

    pub(super) fn set_thread(&self, thread: Thread) {
        // A shard that starts before this is set does not park before its first look at the commands, and whoever
        // queues one earlier than this unparks nobody; hence the one here.
        let _ = self.thread.set(thread);
        self.unpark();
    }

    /// How many matches it has.
    pub(crate) fn match_count(&self) -> u32 {
        self.matches.load(Ordering::Relaxed)
    }

    fn unpark(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

//! Shards: threads that run matches, one for each core. A match belongs to one shard at a time, which alone
//! touches it; everyone else holds handles that only queue.
//!
//! ```text
//!   gateway ──▶ mailbox of the match ─┐                      ┌─▶ outbox (gateway), host events
//!   host API ─▶ commands of the shard ┴▶ turn: due ticks ────┤
//!                                        then woken matches  └─▶ journal
//!                                        then one slice of an unfinished step ──▶ slow lane after two slices
//! ```
//!
//! A session is a boxed future that is polled by hand with a waker that does nothing: pending means exactly that its
//! slice is used up. There is no async runtime here and nothing waits but the shard itself, exactly until the next
//! deadline or until it is woken.
//!
//! - [`directory`]: which match is where; the mailboxes.
//! - `worker`: the loop. `slot`: one match in it. `task`: its session as a future. `slow`: the slow lane.
//! - `moving`: matches go from shard to shard. `balance`: which shard gives matches to which. `balancer`: the thread that asks it.
//! - `rescue`, `saving`: threads beside the shards, for what takes replays.
//! - `logbook`: what a match says to its author. `farewell`: matches that are over are put away, beside the shards.
//! - [`stats`]: counters for benches and operators.
//!
//! **Invariants.** Input of a match with a rate wakes nobody: it is read when the tick is due. No policy of a match is
//! decided here: that is `life`'s.

mod audit;
mod balance;
mod balancer;
mod command;
pub mod directory;
mod farewell;
mod logbook;
mod mailbox;
mod moving;
mod plant;
mod rescue;
mod saving;
mod slot;
mod slow;
pub mod stats;
mod task;
mod worker;

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use stadion_protocol::contract::{HostEvent, HostEvents, LogLevel};
use stadion_protocol::{Incarnation, MatchId, Tick};

use crate::dormant::Dormant;
use crate::engine::Engine;
use crate::journal::Journals;
use crate::life::HostState;
use crate::link::Outbox;
use crate::os;
use crate::recovery::PassedOver;
use crate::recovery::recorder::RecorderSlot;
use crate::requests::RequestLane;

pub(crate) use balancer::{Balancer, BalancerStop};
pub(crate) use command::{Command, CreateJob, Created, ResumeJob, ShardHandle};
pub use directory::{Archive, ArchiveLimits, Archived, Directory};
pub(crate) use farewell::FarewellLane;
pub(crate) use logbook::LogBytes;
pub(crate) use mailbox::{Key, Mailbox};
pub use plant::Plant;
pub(crate) use rescue::RescueLane;
pub(crate) use saving::SaveLane;
pub(crate) use slow::SlowLane;
pub use stats::{Histogram, MatchStats, ShardStats, Spread};

/// What all shards of a host use.
pub(crate) struct Shared {
    /// Which match is where.
    pub(crate) directory: Directory,
    /// Matches that are over.
    pub(crate) archive: Archive,
    /// Where words for players go; without one they are dropped.
    pub(crate) outbox: OnceLock<Arc<dyn Outbox>>,
    /// Who is told what happens.
    pub(crate) events: Arc<dyn HostEvents>,
    /// Where journals are opened.
    pub(crate) journals: Arc<dyn Journals>,
    /// Bytes of all matches' logs.
    pub(crate) logs: Arc<LogBytes>,
    /// Where long steps finish.
    pub(crate) slow: SlowLane,
    /// Where ticks that trapped are run again.
    pub(crate) rescue: RescueLane,
    /// Where matches that are over are put away.
    pub(crate) farewell: FarewellLane,
    /// Where matches of versions without images are saved.
    pub(crate) saving: SaveLane,
    /// Where what matches ask of the world outside is carried out.
    pub(crate) requests: RequestLane,
    /// Matches that are out of memory.
    pub(crate) dormant: Arc<Dormant>,
    /// Matches that hold a place: starting, running, lingering or being put away.
    pub(crate) matches: std::sync::atomic::AtomicU32,
    /// For tests of recovery.
    pub(crate) plant: Option<Plant>,
}

impl Shared {
    /// Takes room for one more match, unless there are this many.
    pub(crate) fn take_place(&self, capacity: u32) -> bool {
        let more = |matches| (matches < capacity).then_some(matches + 1);
        self.matches.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Tells the owner of a match that is brought back which checkpoints it did not come back from.
    pub(crate) fn tell_passed_over(
        &self,
        id: MatchId,
        mailbox: &Mailbox,
        state: &HostState,
        passed_over: &[PassedOver],
    ) {
        mailbox.log.begin(Incarnation(state.incarnation.saturating_add(1)));
        for one in passed_over {
            let text = one.to_string();
            tracing::error!(%id, text, "a match comes back from further behind");
            let said = logbook::Said { tick: Tick(state.tick), level: LogLevel::Warn, text: &text };
            mailbox.log.write(&self.logs, crate::clock::now(), said);
            let json = serde_json::json!({ "tick": one.tick, "why": one.why.to_string() }).to_string();
            self.events.publish(HostEvent::Report { id, kind: "stadion.checkpoint-passed-over".to_owned(), json });
        }
    }
}

/// A running shard.
pub(crate) struct Shard {
    /// For queueing.
    pub(crate) handle: Arc<ShardHandle>,
    /// To wait for its end.
    pub(crate) thread: JoinHandle<()>,
}

impl Shard {
    /// Starts the thread of shard `number`, for sessions of this engine.
    pub(crate) fn start(
        number: usize,
        engine: &Engine,
        shared: Arc<Shared>,
        recorder: Option<RecorderSlot>,
    ) -> std::io::Result<Shard> {
        let handle = Arc::new(ShardHandle::default());
        let (own, engine) = (Arc::clone(&handle), engine.clone());
        let thread = std::thread::Builder::new().name(format!("shard-{number}")).spawn(move || {
            os::exact_timers();
            os::turns_of(os::TICK_TURN);
            let alarm = engine.alarm();
            drop(engine);
            worker::Worker::new(own, shared, recorder).run(&alarm);
        })?;
        handle.set_thread(thread.thread().clone());
        Ok(Shard { handle, thread })
    }
}

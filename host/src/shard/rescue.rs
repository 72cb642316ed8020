//! Where a tick that trapped is run again without the event that made it trap: one thread, since it takes replays, each
//! from the newest checkpoint on.
//!
//! Which event it was is found by halving: the tick is run with its events up to some message, each time in a session
//! made again from the journal, and the shortest tick that traps ends with the culprit. A tick of 4,096 events takes 13
//! replays; one with a single message takes one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use stadion_protocol::{MatchId, VersionId};

use crate::engine::LoadedVersion;
use crate::journal::Journals;
use crate::life::{candidates, without};
use crate::model::{Stepped, TickInput};
use crate::recovery::{Past, Rebuilt, rebuild, rebuild::finish};
use crate::session::{Session, StepFault};

use super::command::{Command, ShardHandle};
use super::mailbox::Key;

/// Looks for a record that is on its way into the log.
const LOOKS: u32 = 200;

/// Between two of them.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A handle; the thread ends with the last one.
#[derive(Clone)]
pub(crate) struct RescueLane {
    // Bounded by the matches of the host: each has one tick in flight at most.
    jobs: Sender<RescueJob>,
}

/// A tick that trapped.
pub(super) struct RescueJob {
    pub(super) key: Key,
    pub(super) home: Arc<ShardHandle>,
    pub(super) id: MatchId,
    pub(super) version: Arc<LoadedVersion>,
    pub(super) journals: Arc<dyn Journals>,
    pub(super) input: Arc<TickInput>,
    /// How it trapped.
    pub(super) why: String,
    /// Nobody wants the result any more.
    pub(super) unwanted: Arc<AtomicBool>,
}

/// A session that has returned from the tick without one of its events.
pub(crate) struct Rescued {
    pub(crate) session: Session,
    pub(crate) event: u16,
    pub(crate) stepped: Stepped,
}

impl RescueLane {
    /// Starts the thread.
    pub(crate) fn start() -> std::io::Result<RescueLane> {
        let (jobs, incoming) = channel::<RescueJob>();
        std::thread::Builder::new().name("rescue-lane".to_owned()).spawn(move || {
            while let Ok(job) = incoming.recv() {
                let rescued = rescue(&job);
                job.home.send_internal(Command::Rescued(job.key, rescued.map(Box::new), job.why));
            }
        })?;
        Ok(RescueLane { jobs })
    }

    /// Takes a tick over. If the thread is gone the process is going down, and the match with it.
    pub(super) fn take(&self, job: RescueJob) {
        let _ = self.jobs.send(job);
    }
}

fn rescue(job: &RescueJob) -> Option<Rescued> {
    let event = culprit(job)?;
    let mut session = again(job)?;
    let stepped = finish(session.step(&without(&job.input, event))).ok()?;
    Some(Rescued { session, event, stepped })
}

/// The message without which the tick may return.
fn culprit(job: &RescueJob) -> Option<u16> {
    let candidates: Vec<u16> = candidates(&job.input).collect();
    // The culprit is one of `candidates[low..=high]`.
    let (mut low, mut high) = (0, candidates.len().checked_sub(1)?);
    while low < high {
        let middle = low + (high - low) / 2;
        if traps(job, candidates[middle])? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(candidates[low])
}

/// Whether the tick traps with its events up to this one. `None`: it cannot be found out.
fn traps(job: &RescueJob, last: u16) -> Option<bool> {
    let mut session = again(job)?;
    let mut input = (*job.input).clone();
    input.events.truncate(usize::from(last) + 1);
    match finish(session.step(&input)) {
        Ok(_) => Some(false),
        Err(StepFault::Trap(_)) => Some(true),
        Err(_) => None,
    }
}

/// A session as it was before the tick.
fn again(job: &RescueJob) -> Option<Session> {
    for _ in 0..LOOKS {
        if job.unwanted.load(Ordering::Relaxed) {
            return None;
        }
        let rebuilt = rebuilt(job)?;
        if rebuilt.state.tick + 1 == job.input.number {
            return Some(rebuilt.session);
        }
        // The tick before is recorded, and not written yet.
        std::thread::sleep(LOOK_EVERY);
    }
    None
}

fn rebuilt(job: &RescueJob) -> Option<Rebuilt> {
    let unread = |error: &_| tracing::warn!(id = %job.id, %error, "a tick that trapped cannot be run again");
    let past = Past::of(&job.journals, job.id).inspect_err(unread).ok()?;
    let mut library = |id: VersionId| {
        let known = (id == job.version.id()).then(|| Arc::clone(&job.version));
        known.ok_or_else(|| format!("version {id} is not at hand"))
    };
    let mut wanted = |_: u64| !job.unwanted.load(Ordering::Relaxed);
    match rebuild(past, &mut library, &mut wanted) {
        Ok(rebuilt) => Some(rebuilt),
        Err(error) => {
            tracing::warn!(id = %job.id, %error, "a tick that trapped cannot be run again");
            None
        }
    }
}

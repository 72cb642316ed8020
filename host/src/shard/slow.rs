//! The slow lane: one thread at the lowest priority, where steps that used up their slices go on, one slice each in
//! turn, until they return, fail or are not wanted any more. What is slow here is slow for itself alone. Sessions with much
//! memory end here, too: giving 64 MiB back to the system takes milliseconds.
//!
//! ```text
//!   take, end ──▶ jobs ──▶ thread: one slice each in turn ──▶ nothing for LINGER ──▶ ends
//!                  └── starts it, if there is none ──┘
//! ```
//!
//! The thread lives only as long as there is something to do. A process is gone when its last thread is, and on a machine
//! without an idle core one of this priority is given hardly any time to die in: players of a killed host waited for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stadion_protocol::{MatchId, Moment};

use crate::recovery::recorder::RecorderSlot;
use crate::{clock, os};

use super::command::{Command, ShardHandle};
use super::mailbox::Key;
use super::task::{Slice, Task};

/// How long the thread waits for more: two ticks of a game whose every step comes here, so that it does not start a thread
/// with each.
const LINGER: Duration = Duration::from_millis(100);

/// A handle; what is left to do ends with it.
pub(crate) struct SlowLane {
    lane: Arc<Lane>,
}

/// What the handle and the thread share.
struct Lane {
    state: Mutex<State>,
    bell: Condvar,
}

struct State {
    // Bounded by the matches of the host: each has one step in flight at most, or a session that is over.
    jobs: VecDeque<Job>,
    /// There is a thread, and it takes the jobs.
    running: bool,
    /// The handle is gone.
    closed: bool,
    /// With the thread while there is one.
    recorder: Option<RecorderSlot>,
}

/// What is to be done here.
enum Job {
    Step(SlowJob),
    /// The session is over.
    End(Task),
}

/// A step that takes long.
pub(super) struct SlowJob {
    pub(super) key: Key,
    /// Which match and tick, unless it is starting.
    pub(super) of: Option<(MatchId, u64)>,
    pub(super) task: Task,
    pub(super) home: Arc<ShardHandle>,
    /// When its shard stops waiting for it.
    pub(super) give_up_at: Option<Moment>,
    /// Nobody wants the result any more.
    pub(super) unwanted: Arc<AtomicBool>,
}

impl SlowLane {
    /// A lane in which nothing is to be done yet.
    pub(crate) fn new(recorder: Option<RecorderSlot>) -> SlowLane {
        let state = State { jobs: VecDeque::new(), running: false, closed: false, recorder };
        SlowLane { lane: Arc::new(Lane { state: Mutex::new(state), bell: Condvar::new() }) }
    }

    /// Takes a step over.
    ///
    /// # Errors
    /// Gives it back if the system has no thread for it: then it can only go on where it was.
    pub(super) fn take(&self, job: SlowJob) -> Result<(), Task> {
        match self.queue(Job::Step(job)) {
            None => Ok(()),
            Some(Job::Step(SlowJob { task, .. }) | Job::End(task)) => Err(task),
        }
    }

    /// Ends a session, here and now if the system has no thread for it.
    pub(super) fn end(&self, task: Task) {
        drop(self.queue(Job::End(task)));
    }

    /// Leaves a job for the thread. Answers it if there is none and none can be had.
    fn queue(&self, job: Job) -> Option<Job> {
        let mut state = self.lane.state();
        if !state.running {
            let lane = Arc::clone(&self.lane);
            let thread = std::thread::Builder::new().name("slow-lane".to_owned()).spawn(move || {
                os::low_priority();
                lane.run();
            });
            if let Err(error) = thread {
                tracing::error!(%error, "no thread for the slow lane: long steps hold others up");
                return Some(job);
            }
            state.running = true;
        }
        state.jobs.push_back(job);
        drop(state);
        self.lane.bell.notify_one();
        None
    }
}

impl Drop for SlowLane {
    fn drop(&mut self) {
        self.lane.state().closed = true;
        self.lane.bell.notify_one();
    }
}

impl Lane {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: until there has been nothing to do for a while.
    fn run(&self) {
        let mut recorder = self.state().recorder.take();
        while let Some(job) = self.next(&mut recorder) {
            if let Some(more) = some_of(job, recorder.as_ref()) {
                self.state().jobs.push_back(more);
            }
        }
    }

    /// The next job. `None`: there was none for a while, and the thread is not counted on any more.
    fn next(&self, recorder: &mut Option<RecorderSlot>) -> Option<Job> {
        let idle = |state: &mut State| state.jobs.is_empty() && !state.closed;
        let waited = self.bell.wait_timeout_while(self.state(), LINGER, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let job = if state.closed { None } else { state.jobs.pop_front() };
        if job.is_none() {
            // Under the same lock as the look at the jobs: whoever comes now starts the next thread.
            state.running = false;
            state.recorder = recorder.take();
        }
        job
    }
}

/// Does a job: a step for one slice, which comes back if there is more to do.
fn some_of(job: Job, recorder: Option<&RecorderSlot>) -> Option<Job> {
    match job {
        Job::Step(step) => one_slice(step, recorder).map(Job::Step),
        Job::End(task) => {
            drop(task);
            None
        }
    }
}

/// Runs a step for a slice; it comes back if there is more to do.
fn one_slice(mut job: SlowJob, recorder: Option<&RecorderSlot>) -> Option<SlowJob> {
    if job.unwanted.load(Ordering::Relaxed) {
        return None;
    }
    if job.give_up_at.is_some_and(|at| clock::now() >= at) {
        job.home.send_internal(Command::GaveUp(job.key));
        return None;
    }
    if let (Some(recorder), Some((id, tick))) = (recorder, &job.of) {
        recorder.enter(id, *tick, None);
    }
    let slice = job.task.slice();
    recorder.iter().for_each(|recorder| recorder.leave());
    match slice {
        Slice::UsedUp => Some(job),
        Slice::Done(outcome) => {
            job.home.send_internal(Command::Back(job.key, job.task, outcome));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl SlowLane {
        fn is_running(&self) -> bool {
            self.lane.state().running
        }
    }

    /// Waits for a condition, for half a minute at most.
    fn wait_for(what: &str, mut come: impl FnMut() -> bool) {
        for _ in 0..30_000 {
            if come() {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("{what}");
    }

    #[test]
    fn the_thread_is_there_for_as_long_as_there_is_something_to_do() {
        let lane = SlowLane::new(None);
        assert!(!lane.is_running(), "nothing to do yet");
        for _ in 0..2 {
            let ended = Arc::new(AtomicBool::new(false));
            lane.end(Task::ending(Arc::clone(&ended)));
            assert!(ended.load(Ordering::Relaxed) || lane.is_running());
            wait_for("the session is not ended", || ended.load(Ordering::Relaxed));
            wait_for("the thread stays", || !lane.is_running());
        }
    }

    #[test]
    fn the_thread_ends_with_the_lane() {
        let lane = SlowLane::new(None);
        lane.end(Task::ending(Arc::default()));
        let shared = Arc::downgrade(&lane.lane);
        drop(lane);
        wait_for("the thread stays", || shared.strong_count() == 0);
    }
}

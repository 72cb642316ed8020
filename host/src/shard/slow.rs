//! The slow lane: one thread at the lowest priority, where steps that used up their slices go on, one slice each in
//! turn, until they return, fail or are not wanted any more. What is slow here is slow for itself alone. Sessions with much
//! memory end here, too: giving 64 MiB back to the system takes milliseconds.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use stadion_protocol::{MatchId, Moment};

use crate::clock;
use crate::recovery::recorder::RecorderSlot;

use super::command::{Command, ShardHandle};
use super::mailbox::Key;
use super::os;
use super::task::{Slice, Task};

/// A handle; the thread ends with the last one.
#[derive(Clone)]
pub(crate) struct SlowLane {
    // Bounded by the matches of the host: each has one step in flight at most, or a session that is over.
    jobs: Sender<Job>,
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
    /// Starts the thread.
    pub(crate) fn start(recorder: Option<RecorderSlot>) -> std::io::Result<SlowLane> {
        let (jobs, incoming) = channel();
        std::thread::Builder::new().name("slow-lane".to_owned()).spawn(move || {
            os::low_priority();
            run(&incoming, recorder.as_ref());
        })?;
        Ok(SlowLane { jobs })
    }

    /// Takes a step over. If the thread is gone the process is going down, and the step with it.
    pub(super) fn take(&self, job: SlowJob) {
        let _ = self.jobs.send(Job::Step(job));
    }

    /// Ends a session. If the thread is gone the process is going down, and the session with it.
    pub(super) fn end(&self, task: Task) {
        let _ = self.jobs.send(Job::End(task));
    }
}

fn run(incoming: &Receiver<Job>, recorder: Option<&RecorderSlot>) {
    let mut jobs: VecDeque<SlowJob> = VecDeque::new();
    loop {
        if jobs.is_empty() {
            let Ok(job) = incoming.recv() else { return };
            jobs.extend(step_of(job));
        }
        loop {
            match incoming.try_recv() {
                Ok(job) => jobs.extend(step_of(job)),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        if let Some(job) = jobs.pop_front() {
            jobs.extend(one_slice(job, recorder));
        }
    }
}

/// The step that a job asks for; a session that is over is ended here and now.
fn step_of(job: Job) -> Option<SlowJob> {
    match job {
        Job::Step(step) => Some(step),
        Job::End(task) => {
            drop(task);
            None
        }
    }
}

/// Runs a job for a slice; it comes back if there is more to do.
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

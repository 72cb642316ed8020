//! A session as a future that is polled by hand: start, then take a tick, step, hand over, for ever.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::engine::LoadedVersion;
use crate::image::ImageArena;
use crate::model::{Asked, Setup, Stepped, TickInput};
use crate::session::{ImageError, Session, StartFault, StepBudget, StepFault, Usage};

thread_local! {
    /// Where images are taken, one for each thread that runs sessions: large, and used again.
    static ARENA: RefCell<ImageArena> = RefCell::new(ImageArena::new());
}

/// A session and the desk over which it is given ticks. `Send`: it finishes long steps on another thread.
pub(crate) struct Task {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    desk: Arc<Desk>,
}

/// What a session is to do next.
#[derive(Debug)]
pub(crate) enum Work {
    /// One step.
    Tick(Arc<TickInput>),
    /// An image of itself, for a checkpoint.
    Image,
}

/// What a call into the guest gave.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Of `start`.
    Started(Result<Stepped, StartFault>, Usage),
    /// Of a tick.
    Stepped(Result<Stepped, StepFault>, Usage),
    /// Of an image.
    Imaged(Result<Vec<u8>, ImageError>),
}

/// What became of a slice.
pub(super) enum Slice {
    /// It is used up and the call goes on.
    UsedUp,
    /// The call returned or failed.
    Done(Outcome),
}

/// One tick in, one outcome out. Only one side is ever at it: the lock is never waited for.
#[derive(Default)]
struct Desk(Mutex<Slots>);

#[derive(Default)]
struct Slots {
    work: Option<Work>,
    outcome: Option<Outcome>,
    asked: Asked,
}

impl Task {
    /// A session that begins with `start` when it is first given a slice.
    pub(super) fn new(version: Arc<LoadedVersion>, setup: Setup, budget: StepBudget) -> Task {
        let desk = Arc::new(Desk::default());
        let future = Box::pin(live(Arc::clone(&desk), version, setup, budget));
        Task { future, desk }
    }

    /// A session that has begun elsewhere and waits for its next tick.
    pub(super) fn of(session: Session) -> Task {
        let desk = Arc::new(Desk::default());
        desk.slots().asked = session.asked();
        let future = Box::pin(steps(Arc::clone(&desk), session));
        Task { future, desk }
    }

    /// What its match had asked of the world outside after the newest call.
    pub(super) fn asked(&self) -> Asked {
        self.desk.slots().asked
    }

    /// Hands in what is to be done next. Only after the outcome of what was done before.
    pub(super) fn give(&mut self, work: Work) {
        self.desk.slots().work = Some(work);
    }

    /// Lets the guest run for one slice.
    pub(super) fn slice(&mut self) -> Slice {
        let mut context = Context::from_waker(Waker::noop());
        let poll = self.future.as_mut().poll(&mut context);
        match (self.desk.slots().outcome.take(), poll) {
            (Some(outcome), _) => Slice::Done(outcome),
            (None, Poll::Pending) => Slice::UsedUp,
            (None, Poll::Ready(())) => {
                let fault = StepFault::Host("a session that is over was given a tick".to_owned());
                Slice::Done(Outcome::Stepped(Err(fault), Usage::default()))
            }
        }
    }
}

#[cfg(test)]
impl Task {
    /// A session that says when it has ended, and can do nothing else.
    pub(super) fn ending(ended: Arc<std::sync::atomic::AtomicBool>) -> Task {
        struct Says(Arc<std::sync::atomic::AtomicBool>);
        impl Drop for Says {
            fn drop(&mut self) {
                self.0.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
        let says = Says(ended);
        let future = Box::pin(async move {
            let _says = says;
            std::future::pending::<()>().await;
        });
        Task { future, desk: Arc::default() }
    }
}

impl Desk {
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be done next, once it is there.
    async fn next(&self) -> Work {
        poll_fn(|_| self.slots().work.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    fn put(&self, outcome: Outcome) {
        self.slots().outcome = Some(outcome);
    }
}

async fn live(desk: Arc<Desk>, version: Arc<LoadedVersion>, setup: Setup, budget: StepBudget) {
    let session = match Session::start(&version, &setup, budget).await {
        Ok((session, stepped)) => {
            desk.slots().asked = session.asked();
            desk.put(Outcome::Started(Ok(stepped), session.usage()));
            session
        }
        Err(fault) => return desk.put(Outcome::Started(Err(fault), Usage::default())),
    };
    drop((version, setup));
    steps(desk, session).await;
}

async fn steps(desk: Arc<Desk>, mut session: Session) {
    loop {
        let input = match desk.next().await {
            Work::Tick(input) => input,
            Work::Image => {
                desk.put(Outcome::Imaged(ARENA.with_borrow_mut(|arena| session.keep(arena))));
                continue;
            }
        };
        let stepped = session.step(&input).await;
        drop(input);
        let failed = stepped.is_err();
        desk.slots().asked = session.asked();
        desk.put(Outcome::Stepped(stepped, session.usage()));
        if failed {
            return;
        }
    }
}

//! What matches ask of the world outside, on its way there and back.
//!
//! ```text
//!   shard ──ask──▶ desk (fair to games, bounded) ──▶ Requests::carry_out, some at once ──▶ mailbox of the match
//!                    └── waited too long, too many: `unavailable` ──────────────────────────────▲
//! ```
//!
//! One thread for a host, beside the shards: they hand over and go on. Documents and calls have a desk each, so that a slow
//! backend holds up no document. Whatever happens, each request that was handed over is answered, once.

mod desk;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use stadion_protocol::contract::{GameRequest, RequestError, RequestOutcome, Requests, Wanted};
use stadion_protocol::{GameName, Moment};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::clock;
use crate::shard::Mailbox;

use desk::{Desk, Entry, Id, Limits, Taken};

/// A document is a few milliseconds of a database. More at once would take its connections from everybody else.
const DOCUMENTS: Limits = Limits {
    at_once: 8,
    at_once_of_game: 4,
    at_once_of_match: 1,
    waiting_of_game: 4_096,
    bytes_of_game: 16 << 20,
    waiting: 65_536,
    within: Duration::from_secs(5),
};

/// A backend answers in its own time, and waiting for it costs little.
const CALLS: Limits = Limits {
    at_once: 128,
    at_once_of_game: 16,
    at_once_of_match: 4,
    waiting_of_game: 1_024,
    bytes_of_game: 8 << 20,
    waiting: 16_384,
    within: Duration::from_secs(15),
};

/// A handle; the thread ends with the last one.
pub(crate) struct RequestLane {
    // Bounded by what the matches of the host may have open.
    jobs: mpsc::UnboundedSender<Job>,
    doer: watch::Sender<Option<Arc<dyn Requests>>>,
}

/// A request, and where its answer goes.
struct Job {
    request: Box<GameRequest>,
    mailbox: Arc<Mailbox>,
}

/// Which desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Document,
    Call,
}

/// A request that was carried out or given up.
type Done = (Kind, GameName, Id);

impl RequestLane {
    /// Starts the thread.
    pub(crate) fn start() -> std::io::Result<RequestLane> {
        let (jobs, incoming) = mpsc::unbounded_channel();
        let (doer, doing) = watch::channel(None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new()
            .name("requests".to_owned())
            .spawn(move || runtime.block_on(Lane::new(doing).run(incoming)))?;
        Ok(RequestLane { jobs, doer })
    }

    /// Says who carries requests out. Those that were asked before wait for it, as long as they may.
    pub(crate) fn connect(&self, doer: Arc<dyn Requests>) {
        self.doer.send_replace(Some(doer));
    }

    /// Has a request carried out; the answer goes to this mailbox.
    pub(crate) fn ask(&self, request: Box<GameRequest>, mailbox: &Arc<Mailbox>) {
        let job = Job { request, mailbox: Arc::clone(mailbox) };
        if let Err(mpsc::error::SendError(job)) = self.jobs.send(job) {
            job.answer(Err(RequestError::Unavailable));
        }
    }
}

impl Job {
    fn kind(&self) -> Kind {
        match *self.request.wanted {
            Wanted::Document { .. } => Kind::Document,
            Wanted::Call { .. } => Kind::Call,
        }
    }

    fn id(&self) -> Id {
        Id { match_id: self.request.match_id, key: self.request.key }
    }

    fn answer(self, outcome: RequestOutcome) {
        self.mailbox.answer(self.request.key, outcome);
    }
}

/// The thread's own.
struct Lane {
    documents: Desk<Job>,
    calls: Desk<Job>,
    doing: watch::Receiver<Option<Arc<dyn Requests>>>,
    working: JoinSet<Done>,
}

impl Lane {
    fn new(doing: watch::Receiver<Option<Arc<dyn Requests>>>) -> Lane {
        Lane { documents: Desk::new(DOCUMENTS), calls: Desk::new(CALLS), doing, working: JoinSet::new() }
    }

    async fn run(mut self, mut incoming: mpsc::UnboundedReceiver<Job>) {
        loop {
            self.begin();
            let expires = [self.documents.expires(), self.calls.expires()].into_iter().flatten().min();
            tokio::select! {
                job = incoming.recv() => match job {
                    Some(job) => self.take(job),
                    None => return,
                },
                Some(done) = self.working.join_next() => {
                    let (kind, game, id) = done.expect("it catches what panics, and nobody ends it");
                    self.desk(kind).done(&game, id);
                }
                () = until(expires) => self.expire(),
            }
        }
    }

    fn desk(&mut self, kind: Kind) -> &mut Desk<Job> {
        match kind {
            Kind::Document => &mut self.documents,
            Kind::Call => &mut self.calls,
        }
    }

    fn take(&mut self, job: Job) {
        let (id, game, weight) = (job.id(), job.request.game.clone(), job.request.wanted.weight());
        if let Taken::Full(job) = self.desk(job.kind()).take(clock::now(), (id, &game), weight, job) {
            tracing::debug!(id = %id.match_id, %game, "too many requests wait: one is refused");
            job.answer(Err(RequestError::Unavailable));
        }
    }

    /// Whatever there is room for.
    fn begin(&mut self) {
        for kind in [Kind::Document, Kind::Call] {
            while let Some(entry) = self.desk(kind).next() {
                self.working.spawn(carry_out(kind, entry, self.doing.clone()));
            }
        }
    }

    fn expire(&mut self) {
        let now = clock::now();
        for kind in [Kind::Document, Kind::Call] {
            while let Some(entry) = self.desk(kind).expire(now) {
                entry.job.answer(Err(RequestError::Unavailable));
            }
        }
    }
}

async fn carry_out(kind: Kind, entry: Entry<Job>, mut doing: watch::Receiver<Option<Arc<dyn Requests>>>) -> Done {
    let Entry { id, game, until, job, .. } = entry;
    let request = (*job.request).clone();
    let work = async move {
        let doer = match doing.wait_for(Option::is_some).await {
            Ok(doer) => doer.clone(),
            Err(_) => None,
        };
        match doer {
            Some(doer) => doer.carry_out(request).await,
            None => Err(RequestError::Unavailable),
        }
    };
    let left = until.since(clock::now());
    let outcome = match tokio::time::timeout(left, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => {
            tracing::error!(id = %id.match_id, "carrying out a request panicked");
            Err(RequestError::Unavailable)
        }
        Err(_) => {
            tracing::warn!(id = %id.match_id, %game, "a request was not answered in time");
            Err(RequestError::Unavailable)
        }
    };
    job.answer(outcome);
    (kind, game, id)
}

async fn until(moment: Option<Moment>) {
    match moment {
        Some(moment) => tokio::time::sleep(moment.since(clock::now())).await,
        None => std::future::pending().await,
    }
}

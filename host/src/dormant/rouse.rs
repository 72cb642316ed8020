//! The threads that bring matches back: a place, the journal, the newest checkpoint and what follows it, and over to a shard.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

use stadion_protocol::VersionId;
use stadion_protocol::contract::EndReason;

use super::{Called, Dormant};
use crate::engine::LoadedVersion;
use crate::journal::{JournalError, Recalled, Reopened};
use crate::life::{Spec, Tenants};
use crate::recovery::{Failed, Past, RebuildError, Rebuilt, rebuild};
use crate::session::thread_cpu_ns;
use crate::shard::{Command, ResumeJob, ShardHandle, Shared};

/// Matches that are brought back at a time, but no more than there are shards: players wait for them, but others play.
pub(super) const AT_ONCE: usize = 4;

/// When the host is full: before it is looked again whether there is room.
const ROOM_LOOK: Duration = Duration::from_millis(50);

/// When this host cannot make a session now, or has not the code at hand: before the second try. Each pause is twice the one
/// before, up to [`LONGEST_PAUSE`]. Nothing is lost meanwhile, so that no match ends for want of something that may come.
const PAUSE: Duration = Duration::from_millis(250);

/// See [`PAUSE`].
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

/// Gives versions, loaded. Blocks.
pub(crate) type Library = dyn Fn(VersionId) -> Result<Arc<LoadedVersion>, String> + Send + Sync;

/// What the threads share.
pub(crate) struct Rousing {
    pub(crate) shared: Arc<Shared>,
    pub(crate) shards: Vec<Arc<ShardHandle>>,
    /// The most matches that may be awake.
    pub(crate) capacity: u32,
    pub(crate) library: Box<Library>,
}

impl Rousing {
    /// Starts the threads. They end when [`Dormant::close`] is called.
    pub(crate) fn start(self) -> std::io::Result<Vec<std::thread::JoinHandle<()>>> {
        let this = Arc::new(self);
        let start = |n| {
            let own = Arc::clone(&this);
            std::thread::Builder::new().name(format!("rouse-{n}")).spawn(move || own.run())
        };
        (0..this.shards.len().min(AT_ONCE)).map(start).collect()
    }

    fn run(&self) {
        while let Some(called) = self.dormant().next() {
            self.rouse(called);
        }
    }

    fn rouse(&self, called: Called) {
        let (id, tries) = (called.id, called.tries);
        if !self.shared.take_place(self.capacity) {
            return self.dormant().again(&id, ROOM_LOOK, tries);
        }
        let why = match self.bring_back(called) {
            Ok(job) => return self.hand_over(job),
            Err(why) => why,
        };
        self.shared.matches.fetch_sub(1, Ordering::Relaxed);
        match why {
            NotBack::Now(why) => {
                tracing::warn!(%id, why, "a match that sleeps could not be brought back, and will be tried again");
                let pause = (PAUSE * (1 << tries.min(7))).min(LONGEST_PAUSE);
                self.dormant().again(&id, pause, tries + 1);
            }
            NotBack::Ever(error) => {
                tracing::error!(%id, %error, "a match that slept cannot be brought back");
                self.shared.directory.remove(&id);
                drop(self.dormant().leave(&id));
            }
        }
    }

    fn bring_back(&self, called: Called) -> Result<ResumeJob, NotBack> {
        let Called { id, mailbox, version, woken, tries: _ } = called;
        let reopened = self.shared.journals.reopen(id, Waker::from(Arc::clone(&mailbox)));
        let Reopened { journal, setup, checkpoint, records } = reopened.map_err(NotBack::Ever)?;
        let recalled = Recalled { setup: setup.clone(), checkpoint, records };
        let past = Past::recalled(&self.shared.journals, id, recalled);
        let mut library = |wanted: VersionId| match &version {
            Some(version) if version.id() == wanted => Ok(Arc::clone(version)),
            _ => (self.library)(wanted),
        };
        let before = thread_cpu_ns();
        let (state, session, end) = match rebuild(past, &mut library, &mut |_: u64| true) {
            Ok(Rebuilt { state, session, passed_over }) => {
                self.shared.tell_passed_over(id, &mailbox, &state, &passed_over);
                (state, Some(Box::new(session)), None)
            }
            Err(RebuildError { why: Failed::Unusable(why), .. }) => return Err(NotBack::Now(why)),
            Err(RebuildError { why, state }) => {
                tracing::error!(%id, %why, "a match that slept cannot go on");
                (*state, None, Some(EndReason::from(why)))
            }
        };
        let replayed = Duration::from_nanos(thread_cpu_ns().saturating_sub(before));
        let schema = session.as_ref().map(|session| session.version().description().schema_hash());
        let spec = Spec::next(id, setup, &state, schema);
        let (tenants, woken) = (Tenants::Return, Some(Box::new(woken)));
        Ok(ResumeJob { spec, state, journal, session, end, mailbox, tenants, replayed, woken })
    }

    fn hand_over(&self, job: ResumeJob) {
        let shard = self.shards.iter().min_by_key(|shard| shard.match_count()).expect("a host has at least one shard");
        shard.matches.fetch_add(1, Ordering::Relaxed);
        shard.send_internal(Command::Resume(Box::new(job)));
    }

    fn dormant(&self) -> &Dormant {
        &self.shared.dormant
    }
}

/// Why a match is not back.
enum NotBack {
    /// This host is short of something.
    Now(String),
    /// Its journal is lost.
    Ever(JournalError),
}

//! Where matches that are over are put away: their journals are read back from the log, which takes as long as a disk
//! does, and a shard waits for no disk.
//!
//! From its end on a match is in the archive, and keeps its place in the host until its results, its journal with them,
//! are told.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SendError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use stadion_protocol::contract::HostEvent;

use crate::journal::Journal;

use super::Shared;
use super::directory::Archived;
use super::logbook::LAST_LINES;

/// Journals that are read back at once: a long one holds up the next one only behind another long one.
const THREADS: usize = 2;

/// A handle; the threads end with the last one.
#[derive(Clone)]
pub(crate) struct FarewellLane {
    // Bounded by the matches of the host: one that is put away has a place still.
    jobs: Sender<Farewell>,
}

/// A match that is over.
pub(super) struct Farewell {
    pub(super) shared: Arc<Shared>,
    /// Closed when it has been read.
    pub(super) journal: Box<dyn Journal>,
    /// As it is in the archive, without its journal.
    pub(super) archived: Archived,
}

impl FarewellLane {
    /// Starts the threads.
    pub(crate) fn start() -> std::io::Result<FarewellLane> {
        let (jobs, incoming) = channel();
        let incoming = Arc::new(Mutex::new(incoming));
        for number in 0..THREADS {
            let incoming = Arc::clone(&incoming);
            std::thread::Builder::new().name(format!("farewell-{number}")).spawn(move || {
                while let Some(job) = next(&incoming) {
                    job.say();
                }
            })?;
        }
        Ok(FarewellLane { jobs })
    }

    /// Puts a match away, here if nobody else is left to do it.
    pub(super) fn take(&self, job: Farewell) {
        if let Err(SendError(job)) = self.jobs.send(job) {
            job.say();
        }
    }
}

fn next(incoming: &Mutex<Receiver<Farewell>>) -> Option<Farewell> {
    incoming.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

impl Farewell {
    fn say(self) {
        let Farewell { shared, journal, mut archived } = self;
        // The log has said why, if it could not be read.
        let file = shared.journals.read(archived.status.id).unwrap_or_default();
        archived.journal = Some(file.clone());
        shared.archive.put(archived.clone());
        drop(journal);
        let Archived { status, ended, usage, log, journal: _ } = archived;
        let last_log = log.last(LAST_LINES);
        let usage = Box::new(usage);
        shared.events.publish(HostEvent::Ended { status, ended, journal: file, usage, last_log });
        shared.matches.fetch_sub(1, Ordering::Relaxed);
    }
}

//! Where matches of versions without images are saved: one thread, since it takes replays.
//!
//! `save` may leave traces in the guest, so the match itself is never asked: its ticks since it was loaded last are played again
//! beside it, what that session saves is loaded into a fresh one, and the match goes on there. The swap is one journaled record
//! between two ticks, which a verification from tick 0 repeats; what was saved is the checkpoint.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use stadion_protocol::MatchId;
use stadion_protocol::contract::{UpgradeError, UpgradeWay};

use crate::engine::LoadedVersion;
use crate::journal::Journals;
use crate::transition::Upgrade;

use super::command::Command;
use super::mailbox::{Key, Mailbox};

/// A handle; the thread ends with the last one.
#[derive(Clone)]
pub(crate) struct SaveLane {
    // Bounded by the matches of the host: each asks once at a time.
    jobs: Sender<SaveJob>,
}

/// A match that owes too much.
pub(super) struct SaveJob {
    pub(super) id: MatchId,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) version: Arc<LoadedVersion>,
    pub(super) journals: Arc<dyn Journals>,
}

impl SaveLane {
    /// Starts the thread.
    pub(crate) fn start() -> std::io::Result<SaveLane> {
        let (jobs, incoming) = channel::<SaveJob>();
        std::thread::Builder::new().name("save-lane".to_owned()).spawn(move || {
            crate::os::background_priority();
            while let Ok(job) = incoming.recv() {
                let mailbox = Arc::clone(&job.mailbox);
                let saved = save(job);
                // A match that is gone needs no answer.
                mailbox.ask(Command::Saved(Key::UNKNOWN, saved));
            }
        })?;
        Ok(SaveLane { jobs })
    }

    /// Takes a match in hand. If the thread is gone the process is going down, and the match with it.
    pub(super) fn take(&self, job: SaveJob) {
        let _ = self.jobs.send(job);
    }
}

fn save(job: SaveJob) -> Result<(), UpgradeError> {
    let SaveJob { id, mailbox, version, journals } = job;
    let way = UpgradeWay::Carry;
    Upgrade { id, mailbox, journals, from: Arc::clone(&version), to: version, way }.run().map(drop)
}

//! Matches that sleep when their host goes down and that the next process will not find: durability `none`, or journals
//! in memory. They are ended like those that are awake, so that whoever asks for them hears of an end and not nothing.
//!
//! No session is made for that: what a match stands on is in its journal, and its end is one more record.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

use stadion_protocol::MatchId;
use stadion_protocol::contract::EndReason;

use crate::dormant::Woken;
use crate::journal::{JournalError, Recalled, Reopened};
use crate::life::{Spec, Tenants};
use crate::recovery::{Past, as_recorded};
use crate::shard::{Command, ResumeJob, ShardHandle, Shared};

/// Ends every match that sleeps and that nobody would find again. Blocks while it reads. How many there were.
pub(super) fn end_sleepers(shared: &Arc<Shared>, shards: &[Arc<ShardHandle>], reason: &EndReason) -> usize {
    let lost = shared.journals.unfinished();
    let lost = lost.iter().filter(|one| !shared.journals.outlives_process(one.level)).map(|one| one.id);
    let mut ended = 0;
    for (id, shard) in lost.zip(shards.iter().cycle()) {
        // One that is being brought back is ended awake.
        let Some(woken) = shared.dormant.call_last(&id) else { continue };
        match ending(shared, id, woken, reason) {
            Ok(job) => {
                shared.matches.fetch_add(1, Ordering::Relaxed);
                shard.matches.fetch_add(1, Ordering::Relaxed);
                shard.send_internal(Command::Resume(Box::new(job)));
                ended += 1;
            }
            Err(error) => tracing::error!(%id, %error, "a match that sleeps is lost, and its end cannot be written"),
        }
    }
    ended
}

fn ending(shared: &Arc<Shared>, id: MatchId, woken: Woken, reason: &EndReason) -> Result<ResumeJob, JournalError> {
    let mailbox = shared.directory.get(&id).ok_or(JournalError::NotThere(id))?;
    let reopened = shared.journals.reopen(id, Waker::from(Arc::clone(&mailbox)))?;
    let Reopened { journal, setup, checkpoint, records } = reopened;
    let recalled = Recalled { setup: setup.clone(), checkpoint, records };
    let state = as_recorded(Past::recalled(&shared.journals, id, recalled));
    Ok(ResumeJob {
        spec: Spec::next(id, setup, &state, None),
        state,
        journal,
        session: None,
        end: Some(reason.clone()),
        mailbox,
        tenants: Tenants::Return,
        replayed: Duration::ZERO,
        woken: Some(Box::new(woken)),
    })
}

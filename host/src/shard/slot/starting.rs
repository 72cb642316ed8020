//! A match that starts: from its first slice to the answer of whoever created it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

use stadion_protocol::contract::{CreateError, Reservation};
use stadion_protocol::{MatchId, Moment};
use tokio::sync::oneshot;

use crate::life::{Life, Spec};
use crate::model::Stepped;
use crate::session::{StartFault, Usage};

use super::super::command::Created;
use super::living::Living;
use super::{Around, Next, Slot, Stage, Whereabouts};

/// How long a creation may take in all. Its CPU budget is shorter; this holds on a machine that has no CPU to give. The
/// caller is answered within a second.
pub(super) const START_WITHIN: Duration = Duration::from_millis(900);

pub(super) struct Starting {
    pub(super) spec: Spec,
    pub(super) reservations: Vec<Reservation>,
    pub(super) reply: oneshot::Sender<Result<Created, CreateError>>,
    pub(super) began: Moment,
}

impl Slot {
    /// The slow lane gave it up: only starts are.
    pub(in crate::shard) fn gave_up(&mut self, around: &Around<'_>) -> Next {
        self.session = Whereabouts::Gone;
        self.start_failed(around, CreateError::Failed("start took too long".to_owned()))
    }

    pub(super) fn started(&mut self, around: &Around<'_>, now: Moment, stepped: Stepped, usage: Usage) -> Next {
        let Stage::Starting(starting) = std::mem::replace(&mut self.stage, Stage::Gone) else { return Next::Wait };
        self.count_call(usage);
        let Starting { spec, reservations, reply, began } = *starting;
        let id = spec.id;
        let advanced = Waker::from(Arc::clone(&self.mailbox));
        let journal = match around.shared.journals.open(id, spec.settings.durability, advanced) {
            Ok(journal) => journal,
            Err(error) => {
                tracing::error!(%id, %error, "no journal");
                return self.refuse(around, id, reply, CreateError::Full("it cannot keep another journal"));
            }
        };
        let (life, seats) = match Life::started(spec, &reservations, stepped, now) {
            Ok(started) => started,
            Err(error) => return self.refuse(around, id, reply, CreateError::Invalid(error.to_string())),
        };
        self.stage = Stage::Living(Box::new(Living { life, journal, unsynced: VecDeque::new() }));
        let next = self.settle(around, now);
        // The caller may have gone: the match lives by its own rules.
        let _ = reply.send(Ok(Created { seats, started_in: now.since(began) }));
        next
    }

    pub(super) fn start_failed(&mut self, around: &Around<'_>, error: CreateError) -> Next {
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Starting(starting) => self.refuse(around, starting.spec.id, starting.reply, error),
            other => {
                self.stage = other;
                Next::Wait
            }
        }
    }

    fn refuse(
        &mut self,
        around: &Around<'_>,
        id: MatchId,
        reply: oneshot::Sender<Result<Created, CreateError>>,
        error: CreateError,
    ) -> Next {
        if let Whereabouts::Away(unwanted) = std::mem::replace(&mut self.session, Whereabouts::Gone) {
            unwanted.store(true, Ordering::Relaxed);
        }
        self.stage = Stage::Gone;
        around.shared.directory.remove(&id);
        let _ = reply.send(Err(error));
        around.shared.matches.fetch_sub(1, Ordering::Relaxed);
        Next::Forget
    }
}

pub(super) fn create_error(fault: StartFault) -> CreateError {
    match fault {
        StartFault::Refused(why) => CreateError::Refused(why),
        StartFault::Trap(report) => CreateError::Failed(report.text),
        StartFault::OverBudget => CreateError::Failed("start ran past its CPU budget".to_owned()),
        StartFault::OverQuota(quota) => CreateError::Failed(format!("over quota: {quota}")),
        StartFault::Host(what) => {
            tracing::warn!(%what, "a session could not be made");
            CreateError::Full("it has no room for another session")
        }
    }
}

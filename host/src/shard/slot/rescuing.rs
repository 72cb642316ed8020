//! A tick that trapped, in a match that may go on without one of its events.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use stadion_protocol::Moment;
use stadion_protocol::contract::EndReason;

use crate::session::StepFault;

use super::super::rescue::{RescueJob, Rescued};
use super::super::task::Task;
use super::{Around, Next, Slot, Stage, Whereabouts};

impl Slot {
    /// Sends the tick away to be run again, if that is its match's policy. `false`: the match is to end.
    pub(super) fn rescue(&mut self, around: &Around<'_>, fault: &StepFault) -> bool {
        let (StepFault::Trap(report), Stage::Living(living)) = (fault, &self.stage) else { return false };
        let (Some(input), Some(version)) = (living.life.skippable(), &self.version) else { return false };
        let unwanted = Arc::new(AtomicBool::new(false));
        let job = RescueJob {
            key: self.key,
            home: Arc::clone(around.handle),
            id: living.life.spec().id,
            version: Arc::clone(version),
            journals: Arc::clone(&around.shared.journals),
            input,
            why: report.text.clone(),
            unwanted: Arc::clone(&unwanted),
        };
        self.session = Whereabouts::Away(unwanted);
        around.shared.rescue.take(job);
        true
    }

    /// It comes back: it has returned without an event, or nothing helps.
    pub(in crate::shard) fn rescued(
        &mut self,
        around: &Around<'_>,
        now: Moment,
        (rescued, why): (Option<Box<Rescued>>, String),
    ) -> Next {
        let (Stage::Living(living), Whereabouts::Away(_)) = (&mut self.stage, &self.session) else {
            return Next::Wait;
        };
        match rescued {
            Some(rescued) => {
                let Rescued { session, event, stepped } = *rescued;
                self.session = Whereabouts::Here(Task::of(session));
                living.life.stepped_without(now, event, &why, stepped);
            }
            None => living.life.failed(now, EndReason::Trapped(why)),
        }
        self.settle(around, now)
    }
}

//! A match that goes on where an earlier session left it.

use std::collections::VecDeque;

use stadion_protocol::Moment;

use crate::life::{Arrival, Life, Tenants};

use super::super::command::ResumeJob;
use super::super::stats::MatchStats;
use super::super::task::Task;
use super::living::Living;
use super::{Around, Key, Next, Slot, Stage, Whereabouts};

impl Slot {
    /// A match that goes on, or comes to its end, now.
    pub(in crate::shard) fn resumed(key: Key, job: ResumeJob, now: Moment) -> Slot {
        let ResumeJob { spec, state, journal, session, end, mailbox, tenants } = job;
        mailbox.set_key(key);
        let mut life = Life::resume(spec, state, Arrival { now, unix_ns: crate::clock::unix_ns() });
        if tenants == Tenants::StandIns {
            life.take_stand_ins();
        }
        if let Some(reason) = end {
            life.end(now, reason);
        }
        let version = session.as_ref().map(|session| std::sync::Arc::clone(session.version()));
        let manners = version.as_ref().map(|version| std::sync::Arc::clone(version.manners())).unwrap_or_default();
        let session = session.map_or(Whereabouts::Gone, |session| Whereabouts::Here(Task::of(*session)));
        Slot {
            key,
            mailbox,
            stage: Stage::Living(Box::new(Living { life, journal, unsynced: VecDeque::new() })),
            version,
            session,
            manners,
            slices: 0,
            given_at: now,
            players: 0,
            stats: MatchStats::default(),
            transit: None,
            debt: super::checkpoint::Debt::default(),
            here_since: now,
            worked_before: std::time::Duration::ZERO,
            ticks_before: 0,
        }
    }

    /// What it wants done first: above all, to write down that it goes on.
    pub(in crate::shard) fn begin_again(&mut self, around: &Around<'_>, now: Moment) -> Next {
        match self.settle(around, now) {
            Next::Forget => Next::Forget,
            _ => self.visit(around, now, None),
        }
    }
}

//! A match that goes on where an earlier session left it.

use std::collections::VecDeque;

use stadion_protocol::Moment;

use crate::life::{Arrival, Life, Tenants};

use super::super::command::ResumeJob;
use super::super::task::Task;
use super::checkpoint::Debt;
use super::living::Living;
use super::reporting::ReportAllowance;
use super::sleeping::Dozing;
use super::{Around, Key, Next, Slot, Stage, Whereabouts};

impl Slot {
    /// A match that goes on, or comes to its end, now.
    pub(in crate::shard) fn resumed(key: Key, job: ResumeJob, now: Moment) -> Slot {
        let ResumeJob { spec, state, journal, session, end, mailbox, tenants, replayed, woken } = job;
        mailbox.log.begin(spec.incarnation);
        let arrival = Arrival { now, unix_ns: crate::clock::unix_ns() };
        let mut life = match &woken {
            Some(woken) => Life::wake(spec, state, &woken.rest, arrival),
            None => Life::resume(spec, state, arrival),
        };
        let (stats, called) = woken.map_or_else(Default::default, |woken| (woken.stats, woken.called));
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
            transit: None,
            debt: Debt::of(replayed),
            // Whoever called it wants something of it.
            dozing: Dozing::after(called.then_some(now)),
            here_since: now,
            worked_before: stats.total_step,
            ticks_before: stats.ticks,
            stats,
            reports: ReportAllowance::new(now),
        }
    }

    /// What it wants done first: above all, to write down that it goes on.
    pub(in crate::shard) fn begin_again(&mut self, around: &Around<'_>, now: Moment) -> Next {
        if let Stage::Living(living) = &mut self.stage {
            // What was answered while it slept is not asked again.
            living.hear_all_answers(now, &self.mailbox);
        }
        match self.settle(around, now) {
            Next::Forget => Next::Forget,
            _ => self.visit(around, now, None),
        }
    }
}

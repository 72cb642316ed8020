//! A match that leaves memory: its time for that has come, a checkpoint of its newest tick is kept, and it goes.
//!
//! ```text
//!   awake ──nobody there for long──▶ image ──kept as durably as its records──▶ asleep (see `dormant`)
//!     ▲                                │ somebody comes, its time comes: the checkpoint is good for something all the same
//!     └────────────────────────────────┘
//! ```
//!
//! A version without images is replayed, as long as that takes no longer than a match may owe; past that it is saved, if it saves
//! itself; else it stays awake, and its author is told why.

use std::sync::Arc;
use std::time::Duration;

use stadion_protocol::Moment;
use stadion_protocol::contract::HostEvent;

use crate::dormant::Bed;
use crate::journal::Standing;
use crate::model::LogLevel;

use super::super::Shared;
use super::super::logbook::Said;
use super::settle::ENDED_HERE;
use super::{Around, Next, Slot, Stage, Whereabouts};

/// How long an image may take to be kept before another is taken.
const KEPT_WITHIN: Duration = Duration::from_secs(10);

/// After somebody woke it, or nothing came of an attempt: before the next one.
const STAYS_UP: Duration = Duration::from_secs(2);

/// Where a match is on its way to bed.
#[derive(Debug, Default)]
pub(super) struct Dozing {
    /// Not before this.
    not_before: Option<Moment>,
    /// An image of its newest tick is on its way to be kept; until when that is waited for.
    keeping: Option<Moment>,
    /// It cannot sleep, and its author was told.
    refused: bool,
    /// Its host is going down: no tick is sealed any more.
    leaves: bool,
}

impl Dozing {
    /// Of a match that somebody called at this moment: it stays up for a while.
    pub(super) fn after(called: Option<Moment>) -> Dozing {
        Dozing { not_before: called.map(|at| at + STAYS_UP), ..Dozing::default() }
    }

    /// Until when a checkpoint is waited for.
    pub(super) fn keeping(&self) -> Option<Moment> {
        self.keeping
    }

    /// It plays no more in this process.
    pub(super) fn leaves(&self) -> bool {
        self.leaves
    }

    /// It sleeps as soon as the journal has kept a checkpoint.
    pub(super) fn is_under_way(&self) -> bool {
        self.keeping.is_some()
    }

    /// The checkpoint that it was waiting for is not to be had now.
    pub(super) fn failed(&mut self, now: Moment) {
        if self.keeping.take().is_some() {
            self.not_before = Some(now + STAYS_UP);
        }
    }
}

/// Whether a match can go to sleep as it stands.
enum Ready {
    Yes,
    NeedsImage,
    NeedsSaving,
    Later,
    Never(&'static str),
}

impl Slot {
    /// When it wants to go to sleep, or to look whether it can.
    pub(super) fn dozes_at(&self, now: Moment) -> Option<Moment> {
        let Stage::Living(living) = &self.stage else { return None };
        if self.dozing.refused || self.transit.is_some() {
            return None;
        }
        let at = living.life.sleeps_at(now)?;
        Some(at.max(self.dozing.not_before.unwrap_or(at)).max(self.dozing.keeping.unwrap_or(at)))
    }

    /// Somebody wants something of it: it stays up for a while.
    pub(in crate::shard) fn stay_up(&mut self, now: Moment) {
        self.dozing = Dozing { refused: self.dozing.refused, ..Dozing::after(Some(now)) };
    }

    /// Whether it stands still until its checkpoint is kept: ticks in which nobody is there can wait, and are slept through.
    pub(super) fn dozes_through(&self, now: Moment) -> bool {
        let Stage::Living(living) = &self.stage else { return false };
        self.dozing.keeping.is_some_and(|until| now < until)
            && living.life.sleeps_at(now).is_some_and(|at| at <= now)
            && !self.mailbox.waits()
    }

    /// Goes to sleep, if it is time and everything about it is kept.
    pub(super) fn doze(&mut self, around: &Around<'_>, now: Moment) -> Next {
        if self.dozing.leaves {
            return self.leave_process(around, now);
        }
        let Stage::Living(living) = &self.stage else { return Next::Wait };
        let free = matches!(self.session, Whereabouts::Here(_)) && !self.debt.is_being_paid();
        let early = self.dozing.not_before.is_some_and(|at| now < at);
        let time = living.life.sleeps_at(now).is_some_and(|at| at <= now);
        if self.dozing.refused || self.transit.is_some() || !free || early || !time || self.mailbox.waits() {
            self.dozing.keeping = None;
            return Next::Wait;
        }
        match self.ready() {
            Ready::Yes => Next::Sleep,
            Ready::NeedsImage if self.dozing.keeping.is_some_and(|until| now < until) => Next::Wait,
            // The log is slow, or fails.
            Ready::NeedsImage | Ready::Later if self.dozing.keeping.is_some() => {
                self.dozing.failed(now);
                Next::Wait
            }
            Ready::Later => {
                self.dozing.not_before = Some(now + STAYS_UP);
                Next::Wait
            }
            Ready::NeedsImage => {
                self.dozing.keeping = Some(now + KEPT_WITHIN);
                self.take_image(around, now)
            }
            Ready::NeedsSaving => {
                self.dozing.not_before = Some(now + STAYS_UP);
                self.have_saved(around);
                Next::Wait
            }
            Ready::Never(why) => {
                self.refuse_to_sleep(around, now, why);
                Next::Wait
            }
        }
    }

    /// Stands still after the step in flight, and leaves once an image of it is kept, or none can be had: the next process
    /// brings it back. Its players' connections end with the host. Asked for again and again until it is gone.
    pub(super) fn leave_process(&mut self, around: &Around<'_>, now: Moment) -> Next {
        self.dozing.leaves = true;
        let Stage::Living(living) = &self.stage else { return Next::Wait };
        let free = matches!(self.session, Whereabouts::Here(_)) && !self.debt.is_being_paid();
        if living.life.is_in_flight() || !free {
            return Next::Wait;
        }
        let may =
            self.has_images() && living.journal.standing() == Standing::Keeping && living.life.host_state().is_some();
        if !may || self.is_kept() {
            return Next::Leave;
        }
        if self.dozing.keeping.is_some() {
            return Next::Wait;
        }
        self.transit = None;
        self.dozing.keeping = Some(now + KEPT_WITHIN);
        self.take_image(around, now)
    }

    /// What is left of it goes to bed. Its journal is closed by then: it may be opened again at once.
    pub(in crate::shard) fn lie_down(mut self, shared: &Shared) {
        let Stage::Living(living) = &self.stage else { return };
        let Some(asleep) = living.life.asleep() else { return };
        let (stats, mailbox) = (self.stats(), Arc::clone(&self.mailbox));
        let (status, version) = (asleep.status.clone(), self.version.clone());
        if let Whereabouts::Here(task) = std::mem::replace(&mut self.session, Whereabouts::Gone)
            && stats.memory_bytes > ENDED_HERE
        {
            shared.slow.end(task);
        }
        drop(self);
        let id = status.id;
        mailbox.falls_asleep(Arc::clone(&shared.dormant), id);
        shared.events.publish(HostEvent::Changed(status));
        let bed = Bed { asleep, version, stats, mailbox: Arc::clone(&mailbox) };
        shared.dormant.tuck_in(Box::new(bed));
        if mailbox.waits() {
            shared.dormant.knock(&id);
        }
    }

    fn is_kept(&self) -> bool {
        let Stage::Living(living) = &self.stage else { return false };
        self.debt.is_nothing() && living.journal.checkpointed() == Some(living.life.tick().0)
    }

    fn ready(&self) -> Ready {
        let Stage::Living(living) = &self.stage else { return Ready::Never("it is over") };
        if living.journal.standing() != Standing::Keeping {
            return Ready::Later;
        }
        if self.is_kept() {
            return Ready::Yes;
        }
        if self.has_images() {
            return Ready::NeedsImage;
        }
        if self.debt.is_small() {
            return Ready::Yes;
        }
        if self.debt.can_be_saved() && self.version.as_ref().is_some_and(|version| version.saves()) {
            return Ready::NeedsSaving;
        }
        Ready::Never("this version has no checkpoints, and replaying the match would take too long")
    }

    fn refuse_to_sleep(&mut self, around: &Around<'_>, now: Moment, why: &str) {
        self.dozing.refused = true;
        let Stage::Living(living) = &self.stage else { return };
        tracing::info!(id = %living.life.spec().id, why, "a match does not hibernate");
        let text = format!("this match does not hibernate: {why}");
        let said = Said { tick: living.life.tick(), level: LogLevel::Info, text: &text };
        self.mailbox.log.write(&around.shared.logs, now, said);
    }
}

//! A match on its way into another session: followed, held between two ticks, swapped.
//!
//! ```text
//!   Follow ──▶ tapped ──Hold──▶ waits for its step and its log ──▶ held ──Swap──▶ goes on in the new session
//!                 ▲                         └── its time is over ──┘
//!                 └─────────────────────────────────┘  Release, or the transition is gone: as if nothing had been
//! ```

use std::sync::Arc;
use std::time::Duration;

use stadion_protocol::Moment;
use tokio::sync::oneshot;

use crate::journal::{Checkpoint, CheckpointKind, Position, Swap, SwappedRecord};
use crate::life::{self, HostState};
use crate::model::{Asked, Output};
use crate::transition::order::{Held, Order, Successor, Swapped, Tap};

use super::super::task::Task;
use super::living::Living;
use super::{Around, Next, Slot, Stage, Whereabouts};

/// What a transition wants of this match.
#[derive(Default)]
pub(super) struct Transit {
    tap: Option<Arc<Tap>>,
    /// To be told when everything up to here is durable.
    following: Option<(Position, oneshot::Sender<Arc<Tap>>)>,
    hold: Hold,
}

#[derive(Default)]
enum Hold {
    #[default]
    No,
    /// No tick is sealed; a step may be in flight.
    Wanted { until: Moment, reply: oneshot::Sender<Held> },
    /// It stands still.
    Yes { until: Moment },
}

impl Transit {
    pub(super) fn tap(&self) -> Option<&Tap> {
        self.tap.as_deref()
    }

    /// Until when no tick may be sealed.
    pub(super) fn held_until(&self) -> Option<Moment> {
        match self.hold {
            Hold::No => None,
            Hold::Wanted { until, .. } | Hold::Yes { until } => Some(until),
        }
    }

    /// Answers what can be answered now. `asked` is of the session; none: it is elsewhere, and comes back.
    pub(super) fn look(&mut self, living: &Living, asked: Option<Asked>, now: Moment) {
        if let Some((position, _)) = self.following
            && living.journal.durable() >= position
            && let Some((_, reply)) = self.following.take()
            && let Some(tap) = &self.tap
            && reply.send(Arc::clone(tap)).is_err()
        {
            *self = Transit::default();
        }
        if self.held_until().is_some_and(|until| until <= now) {
            self.hold = Hold::No;
        }
        if let Hold::Wanted { until, .. } = self.hold
            && let Some(held) = asked.and_then(|asked| held(&living.life, asked))
            && let Hold::Wanted { reply, .. } = std::mem::replace(&mut self.hold, Hold::Yes { until })
            && reply.send(held).is_err()
        {
            self.hold = Hold::No;
        }
    }
}

impl Slot {
    /// Until when no tick may be sealed.
    pub(super) fn held_until(&self) -> Option<Moment> {
        self.transit.as_ref().and_then(|transit| transit.held_until())
    }

    /// Does what a transition asks.
    pub(in crate::shard) fn obey(&mut self, around: &Around<'_>, now: Moment, order: Order) -> Next {
        match order {
            Order::Follow(reply) => self.follow(reply),
            Order::Hold(length, reply) => self.hold(now, length, reply),
            Order::Swap(successor, reply) => {
                let swapped = self.swap(now, successor);
                // The record of the swap goes before the checkpoint that follows it.
                let next = self.settle(around, now);
                let _ = reply.send(swapped.map(|(swapped, checkpoint)| {
                    checkpoint.into_iter().for_each(|checkpoint| self.keep_saved(now, checkpoint));
                    swapped
                }));
                if next != Next::Wait {
                    return next;
                }
            }
            Order::Release => self.transit = None,
        }
        self.settle(around, now)
    }

    fn follow(&mut self, reply: oneshot::Sender<Arc<Tap>>) {
        let Stage::Living(living) = &self.stage else { return };
        // One at a time: whoever asks while another is under way sees its channel closed.
        if self.transit.is_none() && living.life.is_running() {
            let position = living.newest();
            let transit =
                Transit { tap: Some(Arc::default()), following: Some((position, reply)), hold: Hold::default() };
            self.transit = Some(Box::new(transit));
        }
    }

    fn hold(&mut self, now: Moment, length: Duration, reply: oneshot::Sender<Held>) {
        let Stage::Living(living) = &self.stage else { return };
        if living.life.is_running() {
            self.transit.get_or_insert_default().hold = Hold::Wanted { until: now + length, reply };
        }
    }

    fn swap(
        &mut self,
        now: Moment,
        successor: Box<Successor>,
    ) -> Result<(Swapped, Option<Checkpoint>), Box<Successor>> {
        let Stage::Living(living) = &mut self.stage else { return Err(successor) };
        let held = self.transit.as_ref().is_some_and(|transit| matches!(transit.hold, Hold::Yes { .. }));
        if !held || !living.life.rests() || living.life.status().tick.0 != successor.tick {
            return Err(successor);
        }
        let Successor { tick: _, session, schema, by, stepped } = *successor;
        self.version = Some(Arc::clone(session.version()));
        let version = session.version().id();
        let (before, outputs) = (living.life.host_state(), stepped.outputs.clone());
        let (record, outdated) = living.life.swap(now, life::Successor { version, schema, by, stepped });
        let checkpoint = before.and_then(|before| saved(before, &record, &outputs));
        let incarnation = living.life.spec().incarnation;
        let old = std::mem::replace(&mut self.session, Whereabouts::Here(Task::of(session)));
        self.transit = None;
        // What was kept is of the instance before: the new one is kept as soon as may be.
        self.debt.begin_anew();
        Ok((Swapped { incarnation, outdated, _old: Box::new(old) }, checkpoint))
    }
}

/// What was loaded is a checkpoint of the match after the swap.
fn saved(mut state: HostState, record: &SwappedRecord, outputs: &[Output]) -> Option<Checkpoint> {
    let Swap::Saved(guest) = &record.by else { return None };
    state.swapped(record, outputs);
    Some(Checkpoint {
        incarnation: state.incarnation,
        tick: state.tick,
        chain: state.chain,
        kind: CheckpointKind::State,
        host: state.to_bytes(),
        guest: guest.clone(),
    })
}

/// What is to be known of a match that stands still; `None` while it does not.
fn held(life: &life::Life, asked: Asked) -> Option<Held> {
    let setup = || life.spec().setup.clone();
    life.rests().then(|| Held { tick: life.status().tick.0, time: life.time(), setup: setup(), asked })
}

//! Checkpoints of a match that runs, so that bringing it back never costs more than a moment of replay.
//!
//! ```text
//!   replay debt grows ──over a bound, or the shard's largest──▶ image of the session, between two ticks
//!        ▲                                                          │ here, or in the slow lane if it is large
//!        └────────── 0 ◀── kept beside the journal ◀── with what the life stands on ──┘
//! ```
//!
//! A version without images relies on replay, or on being saved by its owner's upgrades.

use std::time::Duration;

use stadion_protocol::Moment;
use stadion_protocol::contract::EndReason;

use crate::journal::{Checkpoint, CheckpointKind};
use crate::life::HostState;
use crate::session::ImageError;

use super::super::task::Work;
use super::{Around, Next, Slot, Stage, Whereabouts};

/// CPU time of steps since the newest checkpoint that one match may owe.
pub(super) const DEBT_OF_MATCH: Duration = Duration::from_millis(250);

/// Bytes of records since the newest checkpoint that one match may owe.
const LOG_OF_MATCH: u64 = 8 << 20;

/// Guests with more memory than this are copied in the slow lane: 4 MiB take about 0.2 ms.
const IMAGE_HERE: u64 = 4 << 20;

/// Between two checkpoints of one match, however much it owes.
const PAUSE: Duration = Duration::from_secs(1);

/// What bringing a match back would cost, beside its newest checkpoint.
#[derive(Debug, Default)]
pub(super) struct Debt {
    cpu: Duration,
    bytes: u64,
    /// It cannot be paid: the version has no images.
    unpayable: bool,
    not_before: Option<Moment>,
    /// What the life stood on when the image was asked for.
    taking: Option<Box<HostState>>,
}

impl Debt {
    pub(super) fn step(&mut self, cpu: Duration) {
        self.cpu += cpu;
    }

    pub(super) fn record(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    /// CPU time of the steps since the newest checkpoint.
    pub(super) fn cpu(&self) -> Duration {
        self.cpu
    }

    /// The session is another one: nothing is kept of it yet.
    pub(super) fn begin_anew(&mut self) {
        *self = Debt { cpu: DEBT_OF_MATCH + Duration::from_millis(1), ..Debt::default() };
    }

    /// An image is being taken: the match stands between two ticks.
    pub(super) fn is_being_paid(&self) -> bool {
        self.taking.is_some()
    }

    fn is_due(&self, now: Moment) -> bool {
        (self.cpu > DEBT_OF_MATCH || self.bytes > LOG_OF_MATCH) && self.may_be_paid(now)
    }

    fn may_be_paid(&self, now: Moment) -> bool {
        !self.unpayable && self.taking.is_none() && self.not_before.is_none_or(|at| at <= now)
    }
}

impl Slot {
    /// CPU time that replaying since the newest checkpoint takes, as far as a checkpoint could spare it.
    pub(in crate::shard) fn payable_debt(&self, now: Moment) -> Duration {
        if self.debt.may_be_paid(now) { self.debt.cpu } else { Duration::ZERO }
    }

    /// Takes a checkpoint if the match owes too much.
    pub(super) fn pay_if_due(&mut self, around: &Around<'_>, now: Moment) -> Next {
        if self.debt.is_due(now) { self.pay(around, now) } else { Next::Wait }
    }

    /// Takes a checkpoint, if the match stands between two ticks and its version has images.
    pub(in crate::shard) fn pay(&mut self, around: &Around<'_>, now: Moment) -> Next {
        if !self.debt.may_be_paid(now) || self.transit.is_some() {
            return Next::Wait;
        }
        let (Stage::Living(living), Whereabouts::Here(task)) = (&self.stage, &mut self.session) else {
            return Next::Wait;
        };
        let Some(state) = living.life.host_state() else { return Next::Wait };
        self.debt.taking = Some(Box::new(state));
        task.give(Work::Image);
        (self.slices, self.given_at) = (0, now);
        if self.stats.memory_bytes > IMAGE_HERE {
            self.send_away(around);
            return Next::Wait;
        }
        self.run(around, None)
    }

    /// The image is there, or there is none.
    pub(super) fn imaged(&mut self, around: &Around<'_>, now: Moment, image: Result<Vec<u8>, ImageError>) -> Next {
        let (Stage::Living(living), Some(state)) = (&mut self.stage, self.debt.taking.take()) else {
            return Next::Wait;
        };
        match image {
            Ok(guest) => {
                let checkpoint = Checkpoint {
                    incarnation: state.incarnation,
                    tick: state.tick,
                    chain: state.chain,
                    kind: CheckpointKind::Image,
                    host: state.to_bytes(),
                    guest,
                };
                match living.journal.keep_checkpoint(checkpoint) {
                    Ok(()) => self.stats.checkpoints += 1,
                    Err(error) => tracing::warn!(id = %living.life.spec().id, %error, "a checkpoint was not kept"),
                }
                self.debt = Debt { not_before: Some(now + PAUSE), ..Debt::default() };
            }
            Err(ImageError::NotOffered) => self.debt.unpayable = true,
            Err(error) => living.life.failed(now, EndReason::HostFailed(format!("its image: {error}"))),
        }
        self.settle(around, now)
    }
}

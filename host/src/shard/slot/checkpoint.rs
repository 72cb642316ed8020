//! Checkpoints of a match that runs, so that bringing it back never costs more than a moment of replay.
//!
//! ```text
//!   replay debt grows ──over a bound, or the shard's largest──▶ image of the session, between two ticks
//!        ▲                                                          │ here, or in the slow lane if it is large
//!        └────────── 0 ◀── kept beside the journal ◀── with what the life stands on ──┘
//! ```
//!
//! A version without images that saves itself is saved beside the match and loaded, see `shard::saving`: that costs as much as
//! replaying what it owes, so it is done less often. One that does neither relies on replay.

use std::sync::Arc;
use std::time::Duration;

use stadion_protocol::Moment;
use stadion_protocol::contract::{EndReason, UpgradeError};

use crate::journal::{Checkpoint, CheckpointKind, JournalError};
use crate::life::HostState;
use crate::model::LogLevel;
use crate::session::ImageError;

use super::super::logbook::Said;
use super::super::saving::SaveJob;
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

/// What one match's images may take of the disk, bytes a second: who writes to 64 MiB in every tick is kept every fourth
/// second, and leaves the disk to others.
const IMAGE_BYTES_A_SECOND: u64 = 16 << 20;

/// After an image that was too large to be kept: before the next one.
const TOO_LARGE_PAUSE: Duration = Duration::from_secs(60);

/// Between two times that a match is saved: each replays beside it what it has played since the last, so that a match that owes
/// too much all the time pays a tenth more, not twice as much.
const SAVE_PAUSE: Duration = Duration::from_secs(10);

/// A match that could not be saved so often in a row is not asked again.
const MOST_FAILED_SAVES: u32 = 3;

/// What bringing a match back would cost, beside its newest checkpoint.
#[derive(Debug, Default)]
pub(super) struct Debt {
    cpu: Duration,
    bytes: u64,
    /// It cannot be paid: the version has no images, and does not save itself.
    unpayable: bool,
    /// The match is being saved, beside it.
    pub(super) saving: bool,
    /// Attempts at that in a row that came to nothing.
    failed: u32,
    not_before: Option<Moment>,
    /// What the life stood on when the image was asked for.
    taking: Option<Box<HostState>>,
}

impl Debt {
    /// Of a session that was made again in so much CPU time.
    pub(super) fn of(replayed: Duration) -> Debt {
        Debt { cpu: replayed, ..Debt::default() }
    }

    /// Nothing has happened since the newest checkpoint.
    pub(super) fn is_nothing(&self) -> bool {
        self.cpu.is_zero() && self.bytes == 0
    }

    /// No more is owed than a match may owe.
    pub(super) fn is_small(&self) -> bool {
        self.cpu <= DEBT_OF_MATCH && self.bytes <= LOG_OF_MATCH
    }

    /// Being saved may still help.
    pub(super) fn can_be_saved(&self) -> bool {
        !self.unpayable
    }

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
        !self.is_small() && self.may_be_paid(now)
    }

    fn may_be_paid(&self, now: Moment) -> bool {
        !self.unpayable && !self.saving && self.taking.is_none() && self.not_before.is_none_or(|at| at <= now)
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
        if !self.debt.may_be_paid(now) {
            return Next::Wait;
        }
        if self.has_images() {
            return self.take_image(around, now);
        }
        self.have_saved(around);
        Next::Wait
    }

    /// Whether its version has image checkpoints.
    pub(super) fn has_images(&self) -> bool {
        self.version.as_ref().is_some_and(|version| version.images().is_some())
    }

    /// Has the match saved beside itself, if its version saves itself.
    pub(super) fn have_saved(&mut self, around: &Around<'_>) {
        let Stage::Living(living) = &self.stage else { return };
        let Some(version) = self.version.as_ref().filter(|version| version.saves()) else {
            self.debt.unpayable = true;
            return;
        };
        if self.transit.is_some() || std::mem::replace(&mut self.debt.saving, true) {
            return;
        }
        around.shared.saving.take(SaveJob {
            id: living.life.spec().id,
            mailbox: Arc::clone(&self.mailbox),
            version: Arc::clone(version),
            journals: Arc::clone(&around.shared.journals),
        });
    }

    /// It was saved and goes on in another session; or it was not, and plays on as it was.
    pub(in crate::shard) fn saved(
        &mut self,
        around: &Around<'_>,
        now: Moment,
        saved: Result<(), UpgradeError>,
    ) -> Next {
        self.debt.saving = false;
        self.debt.not_before = Some(now + SAVE_PAUSE);
        if let (Err(error), Stage::Living(living)) = (saved, &self.stage) {
            self.debt.failed += 1;
            self.debt.unpayable = self.debt.failed >= MOST_FAILED_SAVES;
            tracing::warn!(id = %living.life.spec().id, %error, "a match could not be saved for a checkpoint");
            let ever = if self.debt.unpayable { "is not saved for checkpoints any more" } else { "could not be saved" };
            let text = format!("this match {ever}: {error}");
            let said = Said { tick: living.life.tick(), level: LogLevel::Warn, text: &text };
            self.mailbox.log.write(&around.shared.logs, now, said);
        }
        self.settle(around, now)
    }

    /// Keeps what was saved, of the session that the match has just gone on in.
    pub(super) fn keep_saved(&mut self, now: Moment, checkpoint: Checkpoint) {
        let Stage::Living(living) = &mut self.stage else { return };
        match living.journal.keep_checkpoint(checkpoint) {
            Ok(()) => {
                self.stats.checkpoints += 1;
                self.debt = Debt { saving: self.debt.saving, not_before: Some(now + SAVE_PAUSE), ..Debt::default() };
            }
            Err(error) => tracing::warn!(id = %living.life.spec().id, %error, "a checkpoint was not kept"),
        }
    }

    /// Takes an image, if the match stands between two ticks.
    pub(super) fn take_image(&mut self, around: &Around<'_>, now: Moment) -> Next {
        if self.debt.is_being_paid() || self.transit.is_some() {
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
            return self.send_away(around);
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
                let bytes = checkpoint.size() as u64;
                match living.journal.keep_checkpoint(checkpoint) {
                    Ok(()) => {
                        self.stats.checkpoints += 1;
                        let pause = PAUSE.max(Duration::from_millis(bytes * 1_000 / IMAGE_BYTES_A_SECOND));
                        self.debt = Debt { not_before: Some(now + pause), ..Debt::default() };
                    }
                    Err(error) => {
                        tracing::warn!(id = %living.life.spec().id, %error, "a checkpoint was not kept");
                        let too_large = matches!(error, JournalError::CheckpointTooLarge { .. });
                        self.debt.not_before = Some(now + if too_large { TOO_LARGE_PAUSE } else { PAUSE });
                        self.dozing.failed(now);
                        if too_large {
                            let text = format!("this match has no newer checkpoint: {error}");
                            let said = Said { tick: living.life.tick(), level: LogLevel::Warn, text: &text };
                            self.mailbox.log.write(&around.shared.logs, now, said);
                        }
                    }
                }
            }
            Err(ImageError::NotOffered) => self.debt.unpayable = true,
            // The host is full, and what images are compared with could not be made: the session was not touched.
            Err(ImageError::Start(fault)) => {
                tracing::warn!(id = %living.life.spec().id, %fault, "an image could not be taken now");
                self.debt.not_before = Some(now + PAUSE);
                self.dozing.failed(now);
            }
            Err(error) => living.life.failed(now, EndReason::HostFailed(format!("its image: {error}"))),
        }
        match self.settle(around, now) {
            Next::Wait if self.dozing.is_under_way() => self.doze(around, now),
            next => next,
        }
    }
}

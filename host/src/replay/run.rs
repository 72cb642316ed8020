//! The replay itself: records in order, and a new follower wherever the match went on in another instance.
//!
//! An *epoch* begins where an instance knows nothing but what it was given there: at `start`, at a `load`, at a restart.
//! A version that a match was replayed onto is played from the beginning of the epoch again.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::engine::LoadedVersion;
use crate::journal::{EndRecord, Reader, Record, SetupRecord, Swap, SwappedRecord};
use crate::model::{Asked, Setup};
use crate::session::{Saved, StartFault};
use stadion_protocol::VersionId;

use super::follow::{Beginning, Compare, Follower, Observe, Place, at};
use super::{Coverage, Difference, DifferenceKind, FindVersion, ReplayError, Report};

/// Where an instance began, and everything that came after.
#[derive(Clone)]
pub(crate) struct Epoch<'a> {
    /// At the first record after the beginning.
    pub(crate) reader: Reader<'a>,
    pub(crate) setup: Setup,
    pub(crate) beginning: Beginning,
    /// After the beginning.
    pub(crate) place: Place,
    /// Hash of what `start` or `load` asked for.
    pub(crate) outputs: [u8; 16],
    /// See [`Follower::set_foreign`].
    pub(crate) foreign: Vec<RangeInclusive<u64>>,
}

/// Why a replay does not go on.
pub(crate) enum Stop {
    /// Something differs.
    Differs(Difference),
    /// It cannot be done here.
    Cannot(ReplayError),
}

impl From<Difference> for Stop {
    fn from(difference: Difference) -> Stop {
        Stop::Differs(difference)
    }
}

impl From<ReplayError> for Stop {
    fn from(error: ReplayError) -> Stop {
        Stop::Cannot(error)
    }
}

/// A replay under way.
pub(super) struct Replay<'a> {
    pub(super) epoch: Epoch<'a>,
    pub(super) follower: Follower,
    coverage: Coverage,
}

pub(super) fn replay(
    find: &mut FindVersion<'_>,
    mut reader: Reader<'_>,
    observe: &mut Observe<'_>,
) -> Result<Report, ReplayError> {
    let setup = first(&mut reader)?;
    let epoch = Epoch::of_setup(&setup, reader.clone());
    let begun = epoch.begin(&find(setup.version)?, observe, Compare::Strictly);
    let follower = match begun {
        Ok(follower) => follower,
        Err(Stop::Cannot(error)) => return Err(error),
        Err(Stop::Differs(difference)) => {
            let chain = setup.link();
            return Ok(Report { ticks: 0, chain, first_difference: Some(difference), coverage: Coverage::Running });
        }
    };
    let mut replay = Replay::of(epoch, follower);
    while let Some(record) = reader.next() {
        match replay.record(record.map_err(ReplayError::from)?, &reader, find, observe) {
            Ok(()) => {}
            Err(Stop::Cannot(error)) => return Err(error),
            Err(Stop::Differs(difference)) => return Ok(replay.report(Some(difference))),
        }
    }
    Ok(replay.report(None))
}

/// The setup, with which every journal begins.
pub(crate) fn first(reader: &mut Reader<'_>) -> Result<Box<SetupRecord>, ReplayError> {
    match reader.next() {
        None => Err(ReplayError::Empty),
        Some(record) => match record? {
            Record::Setup(setup) => Ok(setup),
            _ => Err(ReplayError::Empty),
        },
    }
}

/// The epoch in which a match is now, and the version that it runs. Nothing is played.
pub(crate) fn last_epoch(mut reader: Reader<'_>) -> Result<(Epoch<'_>, VersionId), ReplayError> {
    let setup = first(&mut reader)?;
    let mut epoch = Epoch::of_setup(&setup, reader.clone());
    let (mut place, mut version) = (epoch.place, setup.version);
    while let Some(record) = reader.next() {
        let record = record?;
        if let Record::Swapped(swap) = &record {
            version = swap.version;
            let of_swap =
                epoch.of_swap(swap, place, &reader).map_err(|_| ReplayError::Unreadable { tick: swap.tick })?;
            if let Some(next) = of_swap {
                (place, epoch) = (next.place, next);
                continue;
            }
            epoch.foreign.extend(swap.foreign());
        }
        place.pass(epoch.setup.rate, &record)?;
    }
    Ok((epoch, version))
}

impl<'a> Epoch<'a> {
    /// The first one of a match.
    pub(crate) fn of_setup(record: &SetupRecord, reader: Reader<'a>) -> Epoch<'a> {
        Epoch {
            reader,
            setup: record.setup.clone(),
            beginning: Beginning::Start(Asked::default()),
            place: Place::started(record.link(), record.wake),
            outputs: record.outputs,
            foreign: Vec::new(),
        }
    }

    /// The one that a swap begins; `None` for one that goes on with what its instance knows.
    pub(crate) fn of_swap(
        &self,
        record: &SwappedRecord,
        before: Place,
        reader: &Reader<'a>,
    ) -> Result<Option<Epoch<'a>>, Difference> {
        let anew = |setup: &Setup, asked| {
            let place = Place { origin: record.tick, skipped: 0, time: 0, ..before };
            (setup.clone(), Beginning::Start(asked), place)
        };
        let (setup, beginning, place) = match &record.by {
            Swap::Saved(bytes) => {
                let saved = Saved::from_bytes(bytes).ok_or_else(|| at(record.tick, DifferenceKind::Saved))?;
                (self.setup.clone(), Beginning::Load(Box::new(saved)), before)
            }
            Swap::Restarted(setup) => anew(setup, Asked::default()),
            Swap::Begun { setup, asked } => anew(setup, *asked),
            Swap::Replayed { .. } => return Ok(None),
        };
        Ok(Some(Epoch {
            reader: reader.clone(),
            setup,
            beginning,
            place: Place { chain: record.link(), wake: record.wake, ..place },
            outputs: record.outputs,
            foreign: Vec::new(),
        }))
    }

    /// An instance at the beginning.
    pub(crate) fn begin(
        &self,
        version: &Arc<LoadedVersion>,
        observe: &mut Observe<'_>,
        compare: Compare,
    ) -> Result<Follower, Stop> {
        let begun = Follower::begin(version, &self.setup, &self.beginning, self.place, compare);
        let (mut follower, stepped) = begun.map_err(|fault| fault_at(self.place.tick, &fault))?;
        observe(None, &stepped);
        follower.set_foreign(self.foreign.clone());
        follower.compare_beginning(&stepped, self.outputs, self.place.wake)?;
        Ok(follower)
    }

    /// Plays the epoch on this version up to a tick, or up to the end of what is there.
    pub(crate) fn play(&self, version: &Arc<LoadedVersion>, until: u64) -> Result<Follower, Stop> {
        let mut follower = self.begin(version, &mut |_, _| {}, Compare::Strictly)?;
        for record in self.reader.clone() {
            if follower.place().tick >= until {
                break;
            }
            follow(&mut follower, &record.map_err(ReplayError::from)?, &mut |_, _| {})?;
        }
        Ok(follower)
    }
}

/// Has a follower play one record that lies within its epoch.
pub(crate) fn follow(follower: &mut Follower, record: &Record, observe: &mut Observe<'_>) -> Result<(), Stop> {
    match record {
        Record::Tick(tick) => follower.tick(tick, observe)?,
        Record::Idle(run) => follower.idle(*run, observe)?,
        // The match was replayed onto the version that this follower may be of, or onto another in between.
        Record::Swapped(swap) => follower.pass(swap.previous, swap.link(), swap.wake)?,
        Record::End(end) => follower.end(end)?,
        Record::Gap(gap) => return Err(ReplayError::Missing { first: gap.first }.into()),
        Record::Setup(_) | Record::Resumed(_) | Record::Skipped(_) => {}
    }
    Ok(())
}

impl<'a> Replay<'a> {
    /// At the place of the follower, in its epoch.
    pub(super) fn of(epoch: Epoch<'a>, follower: Follower) -> Replay<'a> {
        Replay { epoch, follower, coverage: Coverage::Running }
    }

    /// Plays a record; `reader` stands behind it.
    pub(super) fn record(
        &mut self,
        record: Record,
        reader: &Reader<'a>,
        find: &mut FindVersion<'_>,
        observe: &mut Observe<'_>,
    ) -> Result<(), Stop> {
        match record {
            Record::Swapped(swap) => self.swapped(&swap, reader, find, observe),
            Record::Gap(gap) => {
                self.coverage = Coverage::Prefix { first: gap.first, end: None };
                Ok(())
            }
            Record::End(end) => Ok(self.end(*end)?),
            record => follow(&mut self.follower, &record, observe),
        }
    }

    fn swapped(
        &mut self,
        record: &SwappedRecord,
        reader: &Reader<'a>,
        find: &mut FindVersion<'_>,
        observe: &mut Observe<'_>,
    ) -> Result<(), Stop> {
        let before = self.follower.place();
        if record.previous != before.chain {
            return Err(at(record.tick, DifferenceKind::Chain).into());
        }
        if let Swap::Saved(bytes) = &record.by {
            let saved = self.follower.save().map_err(|fault| fault_at(record.tick, &fault))?;
            if saved.to_bytes() != *bytes {
                return Err(at(record.tick, DifferenceKind::Saved).into());
            }
        }
        let version = find(record.version)?;
        if let Some(epoch) = self.epoch.of_swap(record, before, reader)? {
            self.epoch = epoch;
            self.follower = self.epoch.begin(&version, observe, Compare::Strictly)?;
            return Ok(());
        }
        self.epoch.foreign.extend(record.foreign());
        self.follower = self.epoch.play(&version, record.tick)?;
        self.follower.pass(self.follower.place().chain, record.link(), record.wake)?;
        Ok(())
    }

    fn end(&mut self, end: EndRecord) -> Result<(), Difference> {
        if let Coverage::Prefix { end: ended, .. } = &mut self.coverage {
            *ended = Some(end.reason);
            return Ok(());
        }
        self.follower.end(&end)?;
        self.coverage = Coverage::Whole(end.reason);
        Ok(())
    }

    pub(super) fn report(&self, first_difference: Option<Difference>) -> Report {
        let Place { chain, tick, .. } = self.follower.place();
        Report { ticks: tick, chain, first_difference, coverage: self.coverage.clone() }
    }
}

pub(crate) fn fault_at(tick: u64, fault: &StartFault) -> Difference {
    at(tick, DifferenceKind::Fault(fault.to_string()))
}

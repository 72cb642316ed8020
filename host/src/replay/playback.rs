//! A replay that is pulled, one tick after another: for whoever compares two of them, looks for one tick, or stops early.

use std::collections::VecDeque;

use crate::journal::{Cut, Link, Reader, Record};
use crate::model::{Stepped, TickInput};
use crate::session::StepFault;

use super::follow::{Compare, Observe};
use super::run::{Epoch, Replay, Stop, first};
use super::{Coverage, FindVersion, PlayError, ReplayError, Report};

/// Uneventful ticks in one record: no host folds more than 256, and this many are held at most.
const MOST_FOLDED: u32 = 65_536;

/// A tick that was played, compared with its journal where the journal has it by itself.
#[derive(Clone, Debug)]
pub struct Played {
    /// Its number; of a `start` or a `load`, the tick before it.
    pub tick: u64,
    /// What came in; `None`: it is `start`, or `load` where the match went on in another instance.
    pub input: Option<TickInput>,
    /// What the game asked for.
    pub stepped: Stepped,
}

/// See the module. Opened, it has played `start`; then [`Playback::next_tick`] until there is nothing more, and
/// [`Playback::report`].
pub struct Playback<'a> {
    find: Box<FindVersion<'a>>,
    /// Behind the newest record that was played.
    reader: Reader<'a>,
    /// `None`: the game did not start as it did then.
    replay: Option<Replay<'a>>,
    /// After the setup.
    begun: Link,
    played: VecDeque<Played>,
    stopped: Option<PlayError>,
}

impl<'a> Playback<'a> {
    /// Opens a journal; `find` gives the versions that the match ran in.
    pub fn open(mut find: Box<FindVersion<'a>>, journal: &'a [u8]) -> Result<Playback<'a>, ReplayError> {
        let mut reader = Reader::new(journal)?;
        let setup = first(&mut reader)?;
        let epoch = Epoch::of_setup(&setup, reader.clone());
        let version = find(setup.version)?;
        let mut played = VecDeque::new();
        let begun =
            epoch.begin(&version, &mut |input, stepped| note(&mut played, 0, input, stepped), Compare::Strictly);
        let (replay, stopped) = match begun {
            Ok(follower) => (Some(Replay::of(epoch, follower)), None),
            Err(Stop::Differs(difference)) => (None, Some(PlayError::Differs(difference))),
            Err(Stop::Cannot(error)) => return Err(error),
        };
        Ok(Playback { find, reader, replay, begun: setup.link(), played, stopped })
    }

    /// The next tick; `None`: there are no more. What differs from the journal is shown, and an error follows it.
    pub fn next_tick(&mut self) -> Result<Option<Played>, PlayError> {
        while self.played.is_empty() {
            if let Some(stopped) = &self.stopped {
                return Err(stopped.clone());
            }
            let Some(record) = self.reader.next() else { return Ok(None) };
            let record = record.map_err(ReplayError::from).map_err(PlayError::from);
            self.stopped = record.and_then(|record| self.play(record)).err();
        }
        Ok(self.played.pop_front())
    }

    /// Runs the tick that was being run when the match ended: the journal has it as cut. Once, after the last tick.
    pub fn run_cut(&mut self, cut: &Cut) -> Option<Result<Stepped, StepFault>> {
        Some(self.replay.as_mut()?.follower.try_step(&cut.input))
    }

    /// What was found so far. Ticks count when their record was played, which may hold more of them than were asked for.
    pub fn report(&self) -> Report {
        let first_difference = match &self.stopped {
            Some(PlayError::Differs(difference)) => Some(difference.clone()),
            _ => None,
        };
        match &self.replay {
            Some(replay) => replay.report(first_difference),
            None => Report { ticks: 0, chain: self.begun, first_difference, coverage: Coverage::Running },
        }
    }

    /// Where the instance that is played began.
    pub(super) fn epoch(&self) -> Option<&Epoch<'a>> {
        self.replay.as_ref().map(|replay| &replay.epoch)
    }

    fn play(&mut self, record: Record) -> Result<(), PlayError> {
        if let Record::Idle(run) = &record
            && run.count > MOST_FOLDED
        {
            return Err(ReplayError::Overlong { first: run.first, ticks: run.count }.into());
        }
        let Some(replay) = &mut self.replay else { return Ok(()) };
        let (tick, played) = (replay.follower.place().tick, &mut self.played);
        let observe: &mut Observe<'_> = &mut |input, stepped| note(played, tick, input, stepped);
        Ok(replay.record(record, &self.reader, &mut *self.find, observe)?)
    }
}

fn note(played: &mut VecDeque<Played>, before: u64, input: Option<&TickInput>, stepped: &Stepped) {
    let tick = input.map_or(before, |input| input.number);
    played.push_back(Played { tick, input: input.cloned(), stepped: stepped.clone() });
}

impl std::fmt::Debug for Playback<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tick = self.replay.as_ref().map(|replay| replay.follower.place().tick);
        f.debug_struct("Playback").field("tick", &tick).field("stopped", &self.stopped).finish_non_exhaustive()
    }
}

//! A replay that jumps: to any tick of a match, forwards and backwards, in milliseconds.
//!
//! While it plays it keeps an image of the session every so many ticks; a jump begins at the newest image before its
//! tick and plays the rest, comparing as every replay does. A version without images is played from where its instance
//! began.

use std::collections::BTreeMap;

use crate::image::ImageArena;
use crate::journal::{Reader, Record};
use crate::session::ImageError;
use stadion_protocol::VersionId;

use super::follow::{Compare, Follower, Observe, Place};
use super::run::{Epoch, Replay, first};
use super::{FindVersion, PlayError, ReplayError};

/// Ticks between two images, at first. A step of a small game takes some 10 us: a jump plays for a few milliseconds.
const EVERY: u64 = 256;

/// Past this many bytes every other image goes, and from then on half as many are taken.
const MAX_BYTES: usize = 256 << 20;

/// See the module. Opened, it stands behind `start`; [`Rewind::seek`] as often as one likes.
pub struct Rewind<'a> {
    find: Box<FindVersion<'a>>,
    replay: Replay<'a>,
    /// Behind the newest record that was played.
    reader: Reader<'a>,
    /// The instance stands within a run of uneventful ticks that were recorded as one: it cannot play on from there.
    within: bool,
    kept: BTreeMap<u64, Kept<'a>>,
    every: u64,
    bytes: usize,
    arena: ImageArena,
    start: Reader<'a>,
    images: Images,
}

/// Whether images can be had of the version that is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Images {
    Yes,
    No,
}

/// A place to begin at.
struct Kept<'a> {
    reader: Reader<'a>,
    epoch: Epoch<'a>,
    version: VersionId,
    place: Place,
    session: Vec<u8>,
}

impl<'a> Rewind<'a> {
    /// Opens a journal; `find` gives the versions that the match ran in.
    pub fn open(mut find: Box<FindVersion<'a>>, journal: &'a [u8]) -> Result<Rewind<'a>, PlayError> {
        let start = Reader::new(journal).map_err(ReplayError::from)?;
        let (replay, reader) = begin(&mut *find, start.clone(), &mut |_, _| {})?;
        Ok(Rewind {
            find,
            replay,
            reader,
            within: false,
            kept: BTreeMap::new(),
            every: EVERY,
            bytes: 0,
            arena: ImageArena::new(),
            start,
            images: Images::Yes,
        })
    }

    /// The tick behind which it stands.
    pub fn tick(&self) -> u64 {
        self.replay.follower.place().tick
    }

    /// Goes to stand behind a tick, or behind the last one that the journal has; answers which. `observe` is shown the
    /// ticks that are played on the way: the wanted one is the last of them, unless it stands there already.
    pub fn seek(&mut self, tick: u64, observe: &mut Observe<'_>) -> Result<u64, PlayError> {
        self.jump(tick)?;
        while self.tick() < tick {
            let behind = self.reader.clone();
            let Some(record) = self.reader.next() else { break };
            let record = record.map_err(ReplayError::from)?;
            match record {
                Record::Idle(run) if run.first <= tick && tick < run.last_tick() => {
                    self.reader = behind;
                    self.within = true;
                    self.replay.follower.part_of_idle(run, tick, observe)?;
                    break;
                }
                Record::Gap(_) | Record::End(_) => {
                    self.reader = behind;
                    break;
                }
                record => self.replay.record(record, &self.reader, &mut *self.find, observe)?,
            }
            self.keep();
        }
        Ok(self.tick())
    }

    /// As [`Rewind::seek`], and the tick is played in any case: `observe` is shown it last. Tick 0 is the start.
    pub fn play(&mut self, tick: u64, observe: &mut Observe<'_>) -> Result<u64, PlayError> {
        if tick == 0 {
            (self.replay, self.reader) = begin(&mut *self.find, self.start.clone(), observe)?;
            self.within = false;
            return Ok(0);
        }
        if self.tick() == tick {
            // It goes back for it.
            self.within = true;
        }
        self.seek(tick, observe)
    }

    /// Goes to the newest place before the tick, so that the tick itself is played.
    fn jump(&mut self, tick: u64) -> Result<(), PlayError> {
        let here = (!self.within).then(|| self.tick()).filter(|here| *here <= tick);
        if here == Some(tick) {
            return Ok(());
        }
        match self.kept.range(..tick).next_back() {
            Some((at, _)) if here.is_some_and(|here| *at <= here) => {}
            Some((_, kept)) => {
                let version = (self.find)(kept.version)?;
                let epoch = kept.epoch.clone();
                let mut follower = Follower::restore(&version, &kept.session, &epoch.setup, kept.place)?;
                follower.set_foreign(epoch.foreign.clone());
                self.reader = kept.reader.clone();
                self.replay = Replay::of(epoch, follower);
            }
            None if here.is_some() => {}
            None => (self.replay, self.reader) = begin(&mut *self.find, self.start.clone(), &mut |_, _| {})?,
        }
        self.within = false;
        Ok(())
    }

    /// Keeps an image if the last one is far enough behind.
    fn keep(&mut self) {
        let tick = self.tick();
        let last = self.kept.range(..=tick).next_back().map_or(0, |(at, _)| *at);
        if self.images == Images::No || tick < last + self.every {
            return;
        }
        let follower = &mut self.replay.follower;
        match follower.keep(&mut self.arena) {
            Ok(session) => {
                self.bytes += session.len();
                let (version, place) = (follower.version(), follower.place());
                let (reader, epoch) = (self.reader.clone(), self.replay.epoch.clone());
                self.kept.insert(tick, Kept { reader, epoch, version, place, session });
                self.thin_out();
            }
            Err(ImageError::NotOffered) => self.images = Images::No,
            Err(error) => {
                // The session may be over; what follows is played from the image before.
                tracing::warn!(tick, %error, "no image of a replay");
                (self.images, self.within) = (Images::No, true);
            }
        }
    }

    fn thin_out(&mut self) {
        if self.bytes <= MAX_BYTES {
            return;
        }
        let every_other: Vec<u64> = self.kept.keys().copied().skip(1).step_by(2).collect();
        for tick in every_other {
            self.bytes -= self.kept.remove(&tick).map_or(0, |kept| kept.session.len());
        }
        self.every *= 2;
    }
}

fn begin<'a>(
    find: &mut FindVersion<'_>,
    mut reader: Reader<'a>,
    observe: &mut Observe<'_>,
) -> Result<(Replay<'a>, Reader<'a>), PlayError> {
    let setup = first(&mut reader)?;
    let epoch = Epoch::of_setup(&setup, reader.clone());
    let follower = epoch.begin(&find(setup.version)?, observe, Compare::Strictly)?;
    Ok((Replay::of(epoch, follower), reader))
}

impl std::fmt::Debug for Rewind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Rewind { kept, bytes, every, .. } = self;
        f.debug_struct("Rewind")
            .field("tick", &self.tick())
            .field("images", &kept.len())
            .field("bytes", bytes)
            .field("every", every)
            .finish_non_exhaustive()
    }
}

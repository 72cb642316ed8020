//! A running match goes on in another version.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::contract::{Moved, OnDifference, UpgradeError, UpgradeWay, Upgraded, VersionDifference};
use stadion_protocol::{MatchId, Tick, VersionId};

use crate::clock;
use crate::engine::LoadedVersion;
use crate::host::limits;
use crate::journal::{Journals, Link, Reader, Swap};
use crate::model::{Setup, Stepped, Wake};
use crate::replay::{Beginning, Compare, Difference, Epoch, Follower, Place, ReplayError, Stop, follow, last_epoch};
use crate::session::StartFault;
use crate::shard::Mailbox;

use super::difference;
use super::job::Job;
use super::order::{HOLD, Held, Successor, Tap, TooFarBehind};

/// How long an upgrade may take in all, replay included.
pub(crate) const UPGRADE_WITHIN: Duration = Duration::from_secs(60);

/// Records that came in while others were played are few enough once playing them took no longer than this: the match
/// can be held for the rest.
const NEAR: Duration = Duration::from_millis(20);

/// How often the follower may find too much to be near. A version as fast as the match is near after two.
const PASSES: usize = 64;

/// An upgrade to carry out. [`Upgrade::run`] blocks for as long as it takes.
pub(crate) struct Upgrade {
    pub(crate) id: MatchId,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) journals: Arc<dyn Journals>,
    /// The version that runs.
    pub(crate) from: Arc<LoadedVersion>,
    /// The version to go on in.
    pub(crate) to: Arc<LoadedVersion>,
    pub(crate) way: UpgradeWay,
}

/// Why an upgrade does not go on.
enum Halt {
    Differs(Difference),
    Error(UpgradeError),
}

impl Upgrade {
    /// Carries it out.
    pub(crate) fn run(self) -> Result<Upgraded, UpgradeError> {
        self.check()?;
        let mut job = Job::new(Arc::clone(&self.mailbox), UPGRADE_WITHIN);
        let tap = job.follow()?;
        match self.way {
            UpgradeWay::Replay(on_difference) => self.replay(&mut job, &tap, on_difference),
            UpgradeWay::Carry => self.carry(&mut job, &tap).map(Upgraded::Moved),
            UpgradeWay::Restart => self.restart(&mut job).map(Upgraded::Moved),
        }
    }

    fn check(&self) -> Result<(), UpgradeError> {
        let (from, to) = (self.from.description(), self.to.description());
        if self.way != UpgradeWay::Restart && from.rate != to.rate {
            let why = format!("it plays at {} ticks a second, the match at {}: restart the match", to.rate, from.rate);
            return Err(UpgradeError::Unfit(why));
        }
        let mute = [&self.from, &self.to].into_iter().find(|version| !version.saves());
        match mute.filter(|_| self.way == UpgradeWay::Carry) {
            Some(version) => Err(UpgradeError::Unfit(format!("version {} does not save itself", version.id().short()))),
            None => Ok(()),
        }
    }

    fn replay(&self, job: &mut Job, tap: &Tap, on_difference: OnDifference) -> Result<Upgraded, UpgradeError> {
        let compare = match on_difference {
            OnDifference::Keep => Compare::Strictly,
            OnDifference::Accept => Compare::AndNote,
        };
        let journal = self.journal()?;
        let epoch = self.epoch(&journal)?;
        let followed = self.play(job, &epoch, &self.to, compare).and_then(|mut follower| {
            let held = catch_up(job, tap, &mut follower)?;
            Ok((follower, held))
        });
        let (follower, held) = match followed {
            Ok(followed) => followed,
            Err(Halt::Error(error)) => return Err(error),
            Err(Halt::Differs(difference)) => return self.differs(job, &difference).map(Upgraded::Kept),
        };
        let (replayed, wake, noted) = (follower.played(), follower.answered(), follower.noted().cloned());
        let by = Swap::Replayed { differs_from: noted.as_ref().map(|difference| *difference.ticks.start()) };
        let moved = self.swap(job, &held, follower, (by, Stepped { wake, outputs: Vec::new() }))?;
        let difference = noted.map(|noted| self.differs(job, &noted)).transpose()?;
        Ok(Upgraded::Moved(Moved { replayed, difference, ..moved }))
    }

    /// The match is played on the version that it runs, beside it, so that `save` cannot harm it.
    fn carry(&self, job: &mut Job, tap: &Tap) -> Result<Moved, UpgradeError> {
        let journal = self.journal()?;
        let epoch = self.epoch(&journal)?;
        let mut follower = self.play(job, &epoch, &self.from, Compare::Strictly).map_err(own)?;
        let held = catch_up(job, tap, &mut follower).map_err(own)?;
        let (replayed, place) = (follower.played(), follower.place());
        let saved = follower.save().map_err(|fault| told("saving", &fault))?;
        let by = Swap::Saved(saved.to_bytes());
        let beginning = Beginning::Load(Box::new(saved));
        let (loaded, stepped) =
            Follower::begin_anew(&self.to, &held.setup, &beginning, place).map_err(|fault| told("loading", &fault))?;
        Ok(Moved { replayed, ..self.swap(job, &held, loaded, (by, stepped))? })
    }

    fn restart(&self, job: &mut Job) -> Result<Moved, UpgradeError> {
        let held = job.hold(HOLD)?;
        let setup = afresh(&held, &self.to);
        let place = Place::started(Link::default(), Wake::Next);
        let beginning = Beginning::Start(held.asked);
        let (started, stepped) =
            Follower::begin_anew(&self.to, &setup, &beginning, place).map_err(|fault| told("starting", &fault))?;
        let by = Swap::Begun { setup: Box::new(setup), asked: held.asked };
        self.swap(job, &held, started, (by, stepped))
    }

    /// The match as it was recorded up to when it began to be followed, and maybe a little further.
    fn journal(&self) -> Result<Bytes, UpgradeError> {
        self.journals.read(self.id).ok_or(UpgradeError::Unavailable("the journal of the match cannot be read"))
    }

    /// The epoch that the match is in, as long as nobody else has upgraded it.
    fn epoch<'a>(&self, journal: &'a Bytes) -> Result<Epoch<'a>, UpgradeError> {
        let (epoch, runs) = epoch_of(journal)?;
        if runs == self.from.id() { Ok(epoch) } else { Err(UpgradeError::Busy) }
    }

    /// Plays all that is in the journal on a version.
    fn play(
        &self,
        job: &Job,
        epoch: &Epoch<'_>,
        version: &Arc<LoadedVersion>,
        compare: Compare,
    ) -> Result<Follower, Halt> {
        let mut follower = epoch.begin(version, &mut |_, _| {}, compare)?;
        for record in epoch.reader.clone() {
            job.in_time()?;
            let record = record.map_err(|damage| unreadable(damage.into()))?;
            follow(&mut follower, &record, &mut |_, _| {})?;
        }
        Ok(follower)
    }

    fn swap(
        &self,
        job: &mut Job,
        held: &Held,
        follower: Follower,
        (by, stepped): (Swap, Stepped),
    ) -> Result<Moved, UpgradeError> {
        let schema = self.to.description().schema_hash();
        let successor = Successor { tick: held.tick, session: follower.into_session(), schema, by, stepped };
        let swapped = job.swap(Box::new(successor))?;
        let (incarnation, outdated) = (swapped.incarnation, swapped.outdated);
        Ok(Moved { tick: Tick(held.tick), incarnation, replayed: 0, difference: None, outdated })
    }

    /// Where the versions first ask for different things, with what they ask for. The journal is read again: it has
    /// every tick by now.
    fn differs(&self, job: &Job, difference: &Difference) -> Result<Box<VersionDifference>, UpgradeError> {
        let journal = self.journal()?;
        let (epoch, _) = epoch_of(&journal)?;
        difference::first(job, &epoch, (&self.from, &self.to), difference)
    }
}

/// Plays what was recorded meanwhile until little is left, and the rest while the match stands still.
fn catch_up(job: &Job, tap: &Tap, follower: &mut Follower) -> Result<Held, Halt> {
    for _ in 0..PASSES {
        let began = clock::now();
        drain(job, tap, follower)?;
        if clock::now().since(began) < NEAR {
            break;
        }
    }
    let held = job.hold(HOLD)?;
    drain(job, tap, follower)?;
    if held.tick == follower.place().tick { Ok(held) } else { Err(job.too_slow().into()) }
}

/// Plays what was recorded meanwhile; what the journal had already is passed over.
fn drain(job: &Job, tap: &Tap, follower: &mut Follower) -> Result<(), Halt> {
    while let Some(record) = tap.take().map_err(|TooFarBehind| job.too_slow())? {
        job.in_time()?;
        if record.newest_tick().is_some_and(|tick| tick > follower.place().tick) {
            follow(follower, &record, &mut |_, _| {})?;
        }
    }
    Ok(())
}

fn epoch_of(journal: &Bytes) -> Result<(Epoch<'_>, VersionId), UpgradeError> {
    let reader = Reader::new(journal).map_err(|damage| unreadable(damage.into()))?;
    last_epoch(reader).map_err(unreadable)
}

/// What a version that starts afresh is given: match time 0 is where the match is now.
fn afresh(held: &Held, to: &LoadedVersion) -> Setup {
    let description = to.description();
    Setup {
        started_unix_ns: held.setup.started_unix_ns.saturating_add(held.time),
        rate: description.rate,
        limits: limits(description),
        ..held.setup.clone()
    }
}

impl From<UpgradeError> for Halt {
    fn from(error: UpgradeError) -> Halt {
        Halt::Error(error)
    }
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Halt {
        match stop {
            Stop::Differs(difference) => Halt::Differs(difference),
            Stop::Cannot(error) => Halt::Error(unreadable(error)),
        }
    }
}

fn unreadable(error: ReplayError) -> UpgradeError {
    match error {
        ReplayError::Missing { first } => UpgradeError::Incomplete { first },
        error => UpgradeError::Failed(format!("the journal: {error}")),
    }
}

/// The version that runs does not play what it has played: ours to fix.
fn own(halt: Halt) -> UpgradeError {
    match halt {
        Halt::Error(error) => error,
        Halt::Differs(difference) => {
            tracing::error!(%difference, "a replay on its own version differs");
            UpgradeError::Failed(format!("the match does not replay on its own version: {difference}"))
        }
    }
}

fn told(doing: &str, fault: &StartFault) -> UpgradeError {
    match fault {
        StartFault::Host(what) => {
            tracing::warn!(%what, "a session for an upgrade could not be made");
            UpgradeError::Unavailable("it has no room for another session")
        }
        fault => UpgradeError::Failed(format!("{doing}: {fault}")),
    }
}

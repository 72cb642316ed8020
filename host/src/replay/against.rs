//! A journal's ticks on another build of the game: the first one for which it asks for something else.
//!
//! The build takes the place of every version that the match ran in, from the start on, and begins anew wherever the match
//! did: it is given what was saved then, or started with what the match was restarted with.

use std::sync::Arc;

use crate::engine::LoadedVersion;
use crate::model::{Stepped, TickInput};

use super::follow::{Compare, Follower};
use super::playback::{Playback, Played};
use super::{FindVersion, PlayError};

/// The first tick that is not the same.
#[derive(Clone, Debug)]
pub struct Apart {
    /// Its number; of a `start` or a `load`, the tick before it.
    pub tick: u64,
    /// What came in; `None`: it is `start`, or `load`.
    pub input: Option<TickInput>,
    /// What the match asked for.
    pub before: Stepped,
    /// What the build asks for, or why it does not return.
    pub after: Result<Stepped, String>,
}

/// Plays a journal and, beside it, its ticks on `build`; `None`: all the same. `played` is told every tick. Blocks for
/// about twice as long as the steps took.
///
/// # Errors
/// The journal cannot be played, or differs from what its own versions do.
pub fn against<'a>(
    find: Box<FindVersion<'a>>,
    build: &Arc<LoadedVersion>,
    journal: &'a [u8],
    played: &mut dyn FnMut(u64),
) -> Result<Option<Apart>, PlayError> {
    let mut playback = Playback::open(find, journal)?;
    let mut other = None;
    while let Some(Played { tick, input, stepped: before }) = playback.next_tick()? {
        let after = match (&input, &mut other) {
            (Some(input), Some(other)) => step(other, input),
            _ => begin(&playback, build, &mut other),
        };
        if after.as_ref() != Ok(&before) {
            return Ok(Some(Apart { tick, input, before, after }));
        }
        played(tick);
    }
    Ok(None)
}

fn step(other: &mut Follower, input: &TickInput) -> Result<Stepped, String> {
    other.try_step(input).map_err(|fault| fault.to_string())
}

fn begin(playback: &Playback<'_>, build: &Arc<LoadedVersion>, other: &mut Option<Follower>) -> Result<Stepped, String> {
    let epoch = playback.epoch().ok_or("it did not start")?;
    let begun = Follower::begin(build, &epoch.setup, &epoch.beginning, epoch.place, Compare::AndNote);
    let (follower, stepped) = begun.map_err(|fault| fault.to_string())?;
    *other = Some(follower);
    Ok(stepped)
}

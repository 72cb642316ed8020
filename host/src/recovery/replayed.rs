//! A match that was replayed onto another version: that version is given the ticks from where its instance knows nothing
//! again, as it was then.

use std::sync::Arc;

use super::rebuild::Failed;
use crate::engine::LoadedVersion;
use crate::journal::{JournalError, Reader, Record, SwappedRecord};
use crate::replay::{Epoch, ReplayError, Stop, first};
use crate::session::Session;

/// The session of a version after a swap that replayed the match onto it.
pub(super) fn replayed(file: &[u8], swap: &SwappedRecord, version: &Arc<LoadedVersion>) -> Result<Session, Failed> {
    let mut reader = Reader::new(file).map_err(damaged)?;
    let setup = first(&mut reader).map_err(unusable)?;
    let mut epoch = Epoch::of_setup(&setup, reader.clone());
    let mut place = epoch.place;
    while let Some(record) = reader.next() {
        let record = record.map_err(damaged)?;
        if let Record::Swapped(earlier) = &record {
            if **earlier == *swap {
                break;
            }
            if let Some(next) = epoch.of_swap(earlier, place, &reader).map_err(Failed::Diverged)? {
                (place, epoch) = (next.place, next);
                continue;
            }
            epoch.foreign.extend(earlier.foreign());
        }
        place.pass(epoch.setup.rate, &record).map_err(unusable)?;
    }
    epoch.foreign.extend(swap.foreign());
    match epoch.play(version, swap.tick) {
        Ok(follower) => Ok(follower.into_session()),
        Err(Stop::Differs(difference)) => Err(Failed::Diverged(difference)),
        Err(Stop::Cannot(error)) => Err(unusable(error)),
    }
}

fn damaged(damage: impl std::fmt::Display) -> Failed {
    Failed::Journal(JournalError::Damaged(damage.to_string()))
}

#[allow(clippy::needless_pass_by_value, reason = "map_err hands errors over by value")]
fn unusable(error: ReplayError) -> Failed {
    Failed::Unusable(error.to_string())
}

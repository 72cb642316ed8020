//! What callers are told when there is no seat for a player.

use std::time::Duration;

use stadion_protocol::contract::{CreateError, ReserveError};

use crate::http::{Extras, Fault, Kind};
use crate::matches::{NoteError, PlaceError};

impl Fault for PlaceError {
    fn kind(&self) -> Kind {
        match self {
            PlaceError::Catalog(error) => error.kind(),
            PlaceError::UnknownCode(_) | PlaceError::NotListed(_) => Kind::NotFound,
            PlaceError::Seats { .. }
            | PlaceError::Kept { .. }
            | PlaceError::Create(CreateError::Invalid(_) | CreateError::Refused(_)) => Kind::Invalid,
            PlaceError::Quota(met) | PlaceError::Note(NoteError::Quota(met)) => met.kind(),
            PlaceError::Note(NoteError::Coordination(error)) | PlaceError::Coordination(error) => error.kind(),
            PlaceError::Store(error) => error.kind(),
            PlaceError::Create(CreateError::Failed(_)) => Kind::GameFailed,
            PlaceError::Far { status, .. } => match status {
                404 => Kind::NotFound,
                409 => Kind::Conflict,
                410 => Kind::Gone,
                422 => Kind::Invalid,
                424 => Kind::GameFailed,
                429 => Kind::Quota,
                _ => Kind::Unavailable,
            },
            PlaceError::Create(CreateError::Full(_))
            | PlaceError::NoRoom
            | PlaceError::Unanswered
            | PlaceError::Backlog(_)
            | PlaceError::Starting
            | PlaceError::GoingDown
            | PlaceError::Reserve(ReserveError::Recovering) => Kind::Unavailable,
            PlaceError::Create(_) => Kind::Internal,
            PlaceError::Reserve(ReserveError::Full) => Kind::MatchFull,
            PlaceError::Reserve(ReserveError::Closed) => Kind::MatchClosed,
            PlaceError::Reserve(ReserveError::Unknown(_) | ReserveError::Ended) | PlaceError::Note(NoteError::Void) => {
                Kind::Gone
            }
        }
    }

    fn extras(&self) -> Extras {
        if let PlaceError::Quota(met) | PlaceError::Note(NoteError::Quota(met)) = self {
            return met.extras();
        }
        let retry = self.kind() == Kind::Unavailable;
        Extras { retry_after: retry.then_some(Duration::from_secs(1)), ..Extras::default() }
    }
}

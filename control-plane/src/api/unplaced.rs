//! What callers are told when there is no seat for a player.

use std::time::Duration;

use stadion_protocol::contract::{CreateError, ReserveError};

use crate::http::{Extras, Fault, Kind};
use crate::matches::{NoteError, PlaceError};

impl Fault for PlaceError {
    fn kind(&self) -> Kind {
        match self {
            PlaceError::Catalog(error) => error.kind(),
            PlaceError::UnknownCode(_) => Kind::NotFound,
            PlaceError::Seats { .. } | PlaceError::Create(CreateError::Invalid(_) | CreateError::Refused(_)) => {
                Kind::Invalid
            }
            PlaceError::Note(NoteError::Quota { .. }) => Kind::Quota,
            PlaceError::Note(NoteError::Coordination(error)) | PlaceError::Coordination(error) => error.kind(),
            PlaceError::Store(error) => error.kind(),
            PlaceError::Create(CreateError::Failed(_)) => Kind::GameFailed,
            PlaceError::Create(CreateError::Full(_))
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
        let retry = matches!(self.kind(), Kind::Unavailable | Kind::Quota);
        Extras { retry_after: retry.then_some(Duration::from_secs(1)), ..Extras::default() }
    }
}

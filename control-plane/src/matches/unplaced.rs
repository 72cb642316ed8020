//! Why a player has no seat.

use stadion_protocol::contract::{CreateError, ReserveError};
use stadion_protocol::{GameName, MatchCode, MatchId};

use super::live::NoteError;
use super::writer::Backlog;
use crate::coordination::CoordinationError;
use crate::games::{CatalogError, QuotaMet};
use crate::store::StoreError;

/// Why there is no seat.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// No match of this game has the code.
    #[error("no running match of this game has the code {0}")]
    UnknownCode(MatchCode),
    /// None that anybody may find.
    #[error("no running public match of this game has the id {0}")]
    NotListed(MatchId),
    /// The creator needs one too.
    #[error("a match with {seats} seats cannot keep {kept} of them for others: its creator needs one")]
    Kept { seats: u16, kept: usize },
    /// The game takes fewer or more seats.
    #[error("{game} is played with {least} to {most} seats, not {wanted}")]
    Seats { game: GameName, least: u16, most: u16, wanted: u16 },
    #[error(transparent)]
    Quota(#[from] QuotaMet),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error(transparent)]
    Backlog(#[from] Backlog),
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The match of the code has no seat for the player.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
    /// See [`StoreError`]; asked only for what coordination has lost.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No host that could be asked has room.
    #[error("no server has room for another match now; try again in a second")]
    NoRoom,
    /// A replica that was asked for a match says nothing: there may be one.
    #[error("the server that was asked for the match does not answer; try again in a second")]
    Unanswered,
    /// What another replica's host says.
    #[error("{detail}")]
    Far {
        /// Of its answer (HTTP).
        status: u16,
        detail: String,
    },
    /// The match of the key takes longer to create, or matches of the key end faster, than a caller waits.
    #[error("the match of this key is being created; try again in a second")]
    Starting,
    /// The task that creates matches was ended with the process.
    #[error("the server is going down")]
    GoingDown,
}

impl PlaceError {
    /// Whether another host could do it.
    pub(crate) fn wants_room(&self) -> bool {
        matches!(self, PlaceError::NoRoom | PlaceError::Unanswered | PlaceError::Create(CreateError::Full(_)))
    }
}

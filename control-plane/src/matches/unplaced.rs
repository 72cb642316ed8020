//! Why a player has no seat.

use stadion_protocol::contract::{CreateError, ReserveError};
use stadion_protocol::{GameName, MatchCode};

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
    /// The match of the key takes longer to create, or matches of the key end faster, than a caller waits.
    #[error("the match of this key is being created; try again in a second")]
    Starting,
    /// The task that creates matches was ended with the process.
    #[error("the server is going down")]
    GoingDown,
}

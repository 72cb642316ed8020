//! A player's place in a match, and who sits there.

use std::fmt;

use serde::{Deserialize, Serialize};
use stadion_schema::{Describe, StaticShape, StaticType};

use crate::raw;

/// A player's place in the match: 0, 1, 2, .. It stays the same over reconnects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seat(pub u16);

impl Seat {
    /// Stands where a seat does for those who watch without one: no match has so many.
    pub const SPECTATOR: Seat = Seat(u16::MAX);

    /// For indexing lists that have an entry for each seat.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The seat at an index.
    ///
    /// # Panics
    /// If the index is over 65,535: no match has so many seats.
    pub fn at(index: usize) -> Seat {
        Seat(u16::try_from(index).expect("no match has so many seats"))
    }
}

impl From<u16> for Seat {
    fn from(number: u16) -> Seat {
        Seat(number)
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Describe for Seat {
    const TYPE: &'static StaticType = &StaticType::Struct("Seat", StaticShape::Newtype(&StaticType::U16));
}

/// Who sits on a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Player {
    /// The account, opaque.
    pub id: String,
    /// For people. Not unique.
    pub name: String,
    /// The team that the matchmaker chose; 0 without teams.
    pub team: u16,
    /// Whether a program plays.
    pub bot: bool,
    /// Trusted: from whoever created the match or let the player in (skill, loadout).
    #[serde(with = "crate::save::bytes")]
    pub data: Vec<u8>,
    /// Untrusted: from the player's client.
    #[serde(with = "crate::save::bytes")]
    pub options: Vec<u8>,
}

impl From<raw::Player> for Player {
    fn from(player: raw::Player) -> Player {
        let raw::Player { id, name, team, bot, data, options } = player;
        Player { id, name, team, bot, data, options }
    }
}

/// Why a seat was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Leave {
    /// By the player.
    Left,
    /// The game kicked them.
    Kicked,
    /// The connection was lost and they did not come back in time.
    TimedOut,
    /// Somebody else takes over the seat.
    Replaced,
}

impl From<raw::Departure> for Leave {
    fn from(departure: raw::Departure) -> Leave {
        match departure {
            raw::Departure::Left => Leave::Left,
            raw::Departure::Kicked => Leave::Kicked,
            raw::Departure::TimedOut => Leave::TimedOut,
            raw::Departure::Replaced => Leave::Replaced,
        }
    }
}

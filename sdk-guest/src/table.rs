//! The seats of a match as the SDK knows them.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::seat::{Player, Seat};
use crate::views::Shown;

/// A client that sent this many messages which its game cannot read is closed: it is broken or hostile.
pub(crate) const MAX_BAD_MESSAGES: u8 = 8;

/// One place.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    #[serde(with = "crate::save::shared")]
    pub(crate) player: Option<Rc<Player>>,
    pub(crate) connected: bool,
    /// Its player has been connected before: the next connection is a return.
    pub(crate) met: bool,
    /// Somebody has sat here, now or before: counts in the results.
    pub(crate) used: bool,
    /// Kicked by the game, and the host has not said yet that the seat is free.
    pub(crate) kicked: bool,
    /// The game is being told that its player is gone.
    #[serde(skip)]
    pub(crate) leaving: bool,
    pub(crate) bad_messages: u8,
    pub(crate) shown: Shown,
}

/// All places, by seat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) places: Vec<Place>,
    /// How many watch without a seat.
    #[serde(default)]
    pub(crate) spectators: u32,
    /// What they were last shown.
    #[serde(default)]
    pub(crate) shown_to_spectators: Shown,
}

impl Table {
    pub(crate) fn new(seats: u16) -> Table {
        Table {
            places: vec![Place::default(); usize::from(seats)],
            spectators: 0,
            shown_to_spectators: Shown::default(),
        }
    }

    pub(crate) fn place(&self, seat: Seat) -> Option<&Place> {
        self.places.get(seat.index()).filter(|place| place.player.is_some())
    }

    pub(crate) fn place_mut(&mut self, seat: Seat) -> Option<&mut Place> {
        self.places.get_mut(seat.index()).filter(|place| place.player.is_some())
    }

    /// A player sits down. A seat beyond the setup's would be the host's mistake; it is made room for.
    pub(crate) fn sit(&mut self, seat: Seat, player: Player) {
        if seat.index() >= self.places.len() {
            self.places.resize(seat.index() + 1, Place::default());
        }
        self.places[seat.index()] = Place { player: Some(Rc::new(player)), used: true, ..Place::default() };
    }

    /// So many watch now. Whoever is new knows nothing.
    pub(crate) fn watched_by(&mut self, count: u32) {
        if count > self.spectators {
            self.shown_to_spectators.reset();
        }
        self.spectators = count;
    }

    /// A player is gone for good. Says whether there was one.
    pub(crate) fn stand_up(&mut self, seat: Seat) -> bool {
        let place = self.places.get_mut(seat.index());
        place.is_some_and(|place| {
            let left = std::mem::take(place);
            place.used = left.used;
            left.player.is_some()
        })
    }

    /// Seats whose place satisfies the condition.
    pub(crate) fn seats(&self, which: impl Fn(&Place) -> bool) -> Vec<Seat> {
        let places = self.places.iter().enumerate();
        places.filter(|(_, place)| which(place)).map(|(index, _)| Seat::at(index)).collect()
    }
}

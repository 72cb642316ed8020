//! Who sits where, as the guest can know it: from the events of its ticks alone. It decides the answers of `send` and
//! `kick`, so that they are the same in every replay.

use serde::{Deserialize, Serialize};
use stadion_protocol::Seat;

use super::bindings::stadion::game::types::SendError;
use crate::model::{Delivery, Event};

/// The state of one seat as of this tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeatState {
    /// Nobody has it.
    #[default]
    Empty,
    /// A player has it and is not connected.
    Held,
    /// A player has it and is connected.
    Connected,
}

/// All seats of a match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seats(Vec<SeatState>);

impl Seats {
    pub(super) fn new(count: u16) -> Seats {
        Seats(vec![SeatState::Empty; usize::from(count)])
    }

    /// Takes note of what a tick says. Seats past the end are nobody's business.
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Joined { seat, .. } | Event::Disconnected(seat) => self.set(*seat, SeatState::Held),
            Event::Connected { seat, .. } => self.set(*seat, SeatState::Connected),
            Event::Left { seat, .. } => self.set(*seat, SeatState::Empty),
            _ => {}
        }
    }

    /// Whether something may be sent to a seat. A reliable message waits for a player who is expected back.
    pub(super) fn may_send(&self, seat: u16, via: Delivery) -> Result<(), SendError> {
        match (self.0.get(usize::from(seat)), via) {
            (None, _) => Err(SendError::NoSuchSeat),
            (Some(SeatState::Connected), _) | (Some(SeatState::Held), Delivery::Reliable) => Ok(()),
            (Some(_), _) => Err(SendError::NotConnected),
        }
    }

    /// Whether a seat has somebody to remove.
    pub(super) fn may_kick(&self, seat: u16) -> Result<(), SendError> {
        match self.0.get(usize::from(seat)) {
            None => Err(SendError::NoSuchSeat),
            Some(SeatState::Empty) => Err(SendError::NotConnected),
            Some(_) => Ok(()),
        }
    }

    /// How many seats there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    fn set(&mut self, seat: Seat, state: SeatState) {
        if let Some(slot) = self.0.get_mut(usize::from(seat.0)) {
            *slot = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Departure;

    #[test]
    fn answers_follow_the_events() {
        let (seat, mut seats) = (Seat(1), Seats::new(2));
        assert_eq!(seats.may_send(2, Delivery::Reliable), Err(SendError::NoSuchSeat));
        assert_eq!(seats.may_send(1, Delivery::Reliable), Err(SendError::NotConnected));
        seats.apply(&Event::Connected { seat, fresh: true });
        assert_eq!(seats.may_send(1, Delivery::Unreliable), Ok(()));
        seats.apply(&Event::Disconnected(seat));
        assert_eq!(seats.may_send(1, Delivery::Unreliable), Err(SendError::NotConnected));
        assert_eq!(seats.may_send(1, Delivery::Reliable), Ok(()), "it waits for the player");
        seats.apply(&Event::Left { seat, departure: Departure::Left });
        assert_eq!(seats.may_kick(1), Err(SendError::NotConnected));
    }
}

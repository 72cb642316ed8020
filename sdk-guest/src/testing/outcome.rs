//! How a match under test ended.

use crate::message::{self, Message};
use crate::raw::Placing;
use crate::seat::Seat;

/// Everybody's rank and score.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    placings: Vec<Placing>,
    data: Vec<u8>,
}

impl Outcome {
    pub(super) fn new(placings: Vec<Placing>, data: Vec<u8>) -> Outcome {
        Outcome { placings, data }
    }

    /// Whether this seat alone is first.
    pub fn won_by(&self, seat: impl Into<Seat>) -> bool {
        let seat = seat.into();
        let mut first = self.placings.iter().filter(|placing| placing.rank == 1);
        first.next().is_some_and(|placing| placing.seat == seat.0) && first.next().is_none()
    }

    /// Whether several are first and nobody is behind them.
    pub fn is_draw(&self) -> bool {
        self.placings.len() > 1 && self.placings.iter().all(|placing| placing.rank == 1)
    }

    /// A seat's rank, from 1; none if it has none.
    pub fn rank(&self, seat: impl Into<Seat>) -> Option<u16> {
        self.placing(seat.into()).map(|placing| placing.rank)
    }

    /// A seat's score; none if it has no rank.
    pub fn score(&self, seat: impl Into<Seat>) -> Option<i64> {
        self.placing(seat.into()).map(|placing| placing.score)
    }

    /// The game's own summary.
    ///
    /// # Panics
    /// If it is of another type.
    pub fn data<M: Message>(&self) -> M {
        message::decode(&self.data).expect("the summary is of this type")
    }

    fn placing(&self, seat: Seat) -> Option<&Placing> {
        self.placings.iter().find(|placing| placing.seat == seat.0)
    }
}

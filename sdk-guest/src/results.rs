//! How a match ended.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::{self, Message};
use crate::raw::Placing;
use crate::seat::Seat;

/// Ranks and scores. Whoever is not mentioned but had a seat comes last.
///
/// ```
/// # use stadion_sdk::prelude::*;
/// Results::winner(Seat(1));
/// Results::by_score([(Seat(0), 26), (Seat(1), 101), (Seat(2), 26)]); // the highest wins, equal scores share a rank
/// Results::draw();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    placings: BTreeMap<Seat, Rank>,
    all_first: bool,
    data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Rank {
    rank: u16,
    score: i64,
}

impl Results {
    /// One won, everybody else lost.
    pub fn winner(seat: Seat) -> Results {
        Results::ranks([(seat, 1)])
    }

    /// Everybody is first.
    pub fn draw() -> Results {
        Results { all_first: true, ..Results::default() }
    }

    /// Nobody won or lost: the match was broken off.
    pub fn none() -> Results {
        Results::default()
    }

    /// These ranks, 1 for the first. Equal ranks are draws.
    pub fn ranks(ranks: impl IntoIterator<Item = (Seat, u16)>) -> Results {
        let placings = ranks.into_iter().map(|(seat, rank)| (seat, Rank { rank, score: 0 })).collect();
        Results { placings, ..Results::default() }
    }

    /// The highest score comes first; equal scores share a rank and the ranks after it are skipped (1, 2, 2, 4).
    pub fn by_score(scores: impl IntoIterator<Item = (Seat, i64)>) -> Results {
        let scores: BTreeMap<Seat, i64> = scores.into_iter().collect();
        let rank_of = |score: i64| 1 + scores.values().filter(|other| **other > score).count() as u16;
        let placings = scores.iter().map(|(seat, score)| (*seat, Rank { rank: rank_of(*score), score: *score }));
        Results { placings: placings.collect(), ..Results::default() }
    }

    /// Sets a player's score beside the rank.
    pub fn score(mut self, seat: Seat, score: i64) -> Results {
        self.placings.entry(seat).or_default().score = score;
        self
    }

    /// Adds the game's own summary, for whoever reads the results.
    pub fn data<M: Message>(mut self, data: &M) -> Results {
        self.data = message::encode(data);
        self
    }

    /// Everybody's place, as the contract has it.
    pub(crate) fn settle(mut self, everybody: &BTreeSet<Seat>) -> (Vec<Placing>, Vec<u8>) {
        let last = match self.all_first {
            true => 1,
            false => self.placings.values().map(|rank| rank.rank).max().map_or(0, |lowest| lowest + 1),
        };
        for seat in everybody {
            let rank = self.placings.entry(*seat).or_default();
            if rank.rank == 0 {
                rank.rank = last;
            }
        }
        let placing = |(seat, rank): (Seat, Rank)| Placing { seat: seat.0, rank: rank.rank, score: rank.score };
        // Broken off: nobody has a rank.
        let placings = self.placings.into_iter().map(placing).filter(|placing| placing.rank > 0);
        (placings.collect(), self.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gets_a_place() {
        let ranks = |results: Results| {
            let (placings, _) = results.settle(&(0..4).map(Seat).collect());
            placings.into_iter().map(|placing| placing.rank).collect::<Vec<_>>()
        };
        assert_eq!(ranks(Results::winner(Seat(2))), [2, 2, 1, 2]);
        assert_eq!(ranks(Results::draw()), [1, 1, 1, 1]);
        assert!(ranks(Results::none()).is_empty());
        assert_eq!(ranks(Results::by_score([(Seat(0), 5), (Seat(1), 9), (Seat(2), 5), (Seat(3), -1)])), [2, 1, 2, 4]);
        assert_eq!(ranks(Results::ranks([(Seat(3), 1), (Seat(0), 2)]).score(Seat(3), 7)), [2, 3, 3, 1]);
    }
}

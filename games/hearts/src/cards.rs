//! Cards and what they count.

use stadion_sdk::prelude::*;

/// The suit of a card, in the order in which hands are sorted.
#[message]
#[derive(Copy, Eq, PartialOrd, Ord)]
pub enum Suit {
    /// ♣
    Clubs,
    /// ♦
    Diamonds,
    /// ♠
    Spades,
    /// ♥
    Hearts,
}

/// A card of the 52.
#[message]
#[derive(Copy, Eq, PartialOrd, Ord)]
pub struct Card {
    /// Its suit.
    pub suit: Suit,
    /// 2 to 10, jack 11, queen 12, king 13, ace 14.
    pub rank: u8,
}

/// The ace's rank.
pub const ACE: u8 = 14;
/// What leads the first trick.
pub const TWO_OF_CLUBS: Card = Card { suit: Suit::Clubs, rank: 2 };
/// What counts 13.
pub const QUEEN_OF_SPADES: Card = Card { suit: Suit::Spades, rank: 12 };

impl Card {
    /// A heart counts 1, the queen of spades 13, anything else nothing.
    pub fn points(self) -> u8 {
        match self {
            QUEEN_OF_SPADES => 13,
            Card { suit: Suit::Hearts, .. } => 1,
            _ => 0,
        }
    }
}

/// All 52, sorted.
pub fn deck() -> Vec<Card> {
    let suits = [Suit::Clubs, Suit::Diamonds, Suit::Spades, Suit::Hearts];
    suits.into_iter().flat_map(|suit| (2..=ACE).map(move |rank| Card { suit, rank })).collect()
}

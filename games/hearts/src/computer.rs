//! Plays for those who do not: legally, and not too badly.

use crate::cards::Card;

/// The three highest cards of a hand of thirteen.
pub(crate) fn pass(hand: &[Card]) -> [Card; 3] {
    let mut cards = hand.to_vec();
    cards.sort_by_key(|card| std::cmp::Reverse((card.rank, card.suit)));
    [cards[0], cards[1], cards[2]]
}

/// The lowest card that counts least.
pub(crate) fn play(playable: &[Card]) -> Card {
    let lowest = playable.iter().min_by_key(|card| (card.points(), card.rank));
    *lowest.expect("whose turn it is can always play a card")
}

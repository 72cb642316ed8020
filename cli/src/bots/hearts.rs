//! A mind for hearts: passes what is dangerous, plays low, throws points on others' tricks.

use serde_json::{Value as Json, json};
use stadion_schema::Value;

use crate::input::random::Rng;
use crate::sight::hearts::{Card, Table};

/// `None`: not hearts' view. Else what to send, if anything.
pub(crate) fn act(view: &Value, rng: &mut Rng) -> Option<Option<Json>> {
    let table = Table::read(view)?;
    // The answer to what was just sent may not be here yet: not on every look, or it would be sent twice.
    if rng.below(3) > 0 {
        return Some(None);
    }
    if table.passes() {
        return Some(pass(&table.hand).map(|cards| json!({ "Pass": cards.map(Card::json) })));
    }
    if table.plays() {
        return Some(choose(&table).map(|card| json!({ "Play": card.json() })));
    }
    Some(None)
}

/// The three that are likeliest to take points.
fn pass(hand: &[Card]) -> Option<[Card; 3]> {
    let mut cards = hand.to_vec();
    cards.sort_by_key(|card| std::cmp::Reverse((card.points() == 13, card.rank)));
    cards.first_chunk().copied()
}

/// Low when leading or following; where the suit is lacking, the worst card goes.
fn choose(table: &Table) -> Option<Card> {
    let follows = table.trick.first().is_none_or(|(_, led)| table.playable.iter().any(|card| card.suit == led.suit));
    let cards = table.playable.iter().copied();
    if follows { cards.min_by_key(|card| card.rank) } else { cards.max_by_key(|card| (card.points(), card.rank)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sight::hearts::{Phase, Suit};

    fn card(suit: Suit, rank: u8) -> Card {
        Card { suit, rank }
    }

    fn table(playable: Vec<Card>, trick: Vec<(u16, Card)>) -> Table {
        Table {
            you: 0,
            phase: Phase::Playing(0),
            hand: playable.clone(),
            playable,
            cards_left: vec![13; 4],
            trick,
            last_trick: vec![],
            taken: vec![0; 4],
            points: vec![0; 4],
            ends_at: 100,
        }
    }

    #[test]
    fn it_follows_low_and_throws_off_the_queen() {
        let led = vec![(3, card(Suit::Clubs, 9))];
        let low = choose(&table(vec![card(Suit::Clubs, 14), card(Suit::Clubs, 3)], led.clone()));
        assert_eq!(low, Some(card(Suit::Clubs, 3)));
        let off = choose(&table(vec![card(Suit::Hearts, 14), card(Suit::Spades, 12)], led));
        assert_eq!(off, Some(card(Suit::Spades, 12)));
    }

    #[test]
    fn it_passes_the_queen_and_high_cards() {
        let hand = [card(Suit::Clubs, 2), card(Suit::Spades, 12), card(Suit::Hearts, 14), card(Suit::Diamonds, 13)];
        let passed = pass(&hand).unwrap();
        assert!(!passed.contains(&hand[0]), "{passed:?}");
    }
}

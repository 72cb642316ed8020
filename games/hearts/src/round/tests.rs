//! The rules of one round.

use super::*;
use crate::cards::{self, ACE, QUEEN_OF_SPADES};

/// Reads cards such as `2c qs ah`.
fn hand(text: &str) -> Vec<Card> {
    let card = |word: &str| {
        let (rank, suit) = word.split_at(word.len() - 1);
        let suit = match suit {
            "c" => Suit::Clubs,
            "d" => Suit::Diamonds,
            "s" => Suit::Spades,
            _ => Suit::Hearts,
        };
        let rank = match rank {
            "j" => 11,
            "q" => 12,
            "k" => 13,
            "a" => ACE,
            number => number.parse().unwrap(),
        };
        Card { suit, rank }
    };
    text.split_whitespace().map(card).collect()
}

/// A round in which these are the hands; whoever has the two of clubs leads.
fn round(hands: [&str; PLAYERS]) -> Round {
    let mut round = Round::deal(&cards::deck(), Passing::Hold);
    round.hands = hands.map(hand);
    round.lead();
    round
}

/// Plays so that the first trick is over: seat 0 leads it, nothing counts.
fn after_first_trick(hands: [&str; PLAYERS]) -> Round {
    let clubs = ["2c", "3c", "4c", "5c"];
    let mut round = round(std::array::from_fn(|i| ["2c ", "3c ", "4c ", "5c "][i]).map(|c: &str| c));
    for (own, more) in round.hands.iter_mut().zip(hands) {
        own.extend(hand(more));
    }
    for (seat, card) in clubs.iter().enumerate() {
        round.play(Seat::at(seat), hand(card)[0]).unwrap();
    }
    round
}

#[test]
fn cards_are_passed_left_right_across_and_held() {
    let ways = [Passing::Left, Passing::Right, Passing::Across, Passing::Hold, Passing::Left];
    assert!(ways.into_iter().eq((0..5).map(Passing::of_round)));
    for (way, target) in [(Passing::Left, 1), (Passing::Right, 3), (Passing::Across, 2)] {
        let mut round = Round::deal(&cards::deck(), way);
        let given: Vec<[Card; 3]> = (0..4).map(|i| [0, 1, 2].map(|n| round.hand(Seat(i))[n])).collect();
        for (seat, cards) in given.iter().enumerate() {
            assert_eq!(round.turn(), None);
            round.pass(Seat::at(seat), *cards).unwrap();
        }
        assert!(given[0].iter().all(|card| round.hand(Seat(target)).contains(card)), "{way:?}");
        assert_eq!(round.cards_left(), [13; 4]);
        let leader = round.turn().unwrap();
        assert!(round.hand(leader).contains(&TWO_OF_CLUBS));
    }
}

#[test]
fn only_own_different_cards_are_passed_and_only_once() {
    let mut round = Round::deal(&cards::deck(), Passing::Left);
    let [a, b, c] = [0, 1, 2].map(|n| round.hand(Seat(0))[n]);
    let foreign = round.hand(Seat(1))[0];
    assert_eq!(round.pass(Seat(0), [a, b, foreign]), Err(Refusal::NotYourCard));
    assert_eq!(round.pass(Seat(0), [a, b, a]), Err(Refusal::NotYourCard));
    assert_eq!(round.pass(Seat(0), [a, b, c]), Ok(()));
    assert_eq!(round.pass(Seat(0), [a, b, c]), Err(Refusal::NotNow));
    assert_eq!(round.play(Seat(0), a), Err(Refusal::NotNow));
}

#[test]
fn the_two_of_clubs_leads_and_suit_is_followed() {
    let mut round = round(["3c 4d", "2c 9c", "5d 6s", "7c 8h"]);
    assert_eq!(round.turn(), Some(Seat(1)));
    assert_eq!(round.playable(Seat(1)), hand("2c"));
    assert_eq!(round.playable(Seat(0)), [], "not its turn");
    assert_eq!(round.play(Seat(0), hand("3c")[0]), Err(Refusal::NotYourTurn));
    assert_eq!(round.play(Seat(1), hand("9c")[0]), Err(Refusal::NotAllowed));
    round.play(Seat(1), TWO_OF_CLUBS).unwrap();
    assert_eq!(round.playable(Seat(2)), hand("5d 6s"), "no clubs");
    round.play(Seat(2), hand("5d")[0]).unwrap();
    assert_eq!(round.playable(Seat(3)), hand("7c"));
}

#[test]
fn the_first_trick_takes_no_points_unless_there_is_nothing_else() {
    for (cards, playable) in [("4d qs 5h", "4d"), ("qs 5h", "qs 5h")] {
        let mut round = round(["2c 9d", cards, "3c", "4c"]);
        round.play(Seat(0), TWO_OF_CLUBS).unwrap();
        assert_eq!(round.playable(Seat(1)), hand(playable));
    }
}

#[test]
fn hearts_lead_only_when_broken_or_when_there_is_nothing_else() {
    let mut round = after_first_trick(["6d", "9h", "6h", "7d 3h"]);
    assert_eq!(round.playable(Seat(3)), hand("7d"), "not broken");
    round.play(Seat(3), hand("7d")[0]).unwrap();
    round.play(Seat(0), hand("6d")[0]).unwrap();
    round.play(Seat(1), hand("9h")[0]).unwrap();
    assert!(round.hearts_broken());
    let round = after_first_trick(["6d", "6c", "6h", "3h 4h"]);
    assert_eq!(round.playable(Seat(3)), hand("3h 4h"), "nothing else");
}

#[test]
fn the_highest_of_the_suit_takes_the_trick_with_its_points() {
    let mut round = after_first_trick(["ah 2d", "qs 2s", "kd 3s", "10d 4s"]);
    for (seat, card) in [(3, "10d"), (0, "2d"), (1, "qs"), (2, "kd")] {
        round.play(Seat(seat), hand(card)[0]).unwrap();
    }
    assert_eq!(round.taken(), [0, 0, 13, 0]);
    assert_eq!(round.turn(), Some(Seat(2)), "the taker leads");
    assert_eq!((round.trick().len(), round.last_trick().len()), (0, 4));
}

#[test]
fn who_shoots_the_moon_gives_everybody_else_the_points() {
    let mut round = after_first_trick(["", "", "", ""]);
    assert_eq!(round.points(), Some([0; 4]));
    round.taken = [0, 26, 0, 0];
    assert_eq!(round.points(), Some([26, 0, 26, 26]));
    round.taken = [13, 0, 12, 1];
    assert_eq!(round.points(), Some([13, 0, 12, 1]));
}

#[test]
fn a_deck_has_52_cards_and_26_points() {
    let deck = cards::deck();
    assert_eq!((deck.len(), deck.iter().map(|card| card.points()).sum::<u8>()), (52, ALL_POINTS));
    assert!(deck.contains(&QUEEN_OF_SPADES));
}

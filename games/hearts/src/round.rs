//! One round of Hearts: thirteen cards each, passing, thirteen tricks. Pure rules: no time, no network, no chance.

use stadion_sdk::prelude::*;

use crate::cards::{Card, Suit, TWO_OF_CLUBS};
use crate::{PLAYERS, Phase};

/// All points of a round: thirteen hearts and the queen of spades.
const ALL_POINTS: u8 = 26;
/// Cards in a hand.
const HAND: usize = 13;

/// Where the three cards go. Seats sit around the table clockwise.
#[message]
#[derive(Copy, Eq)]
pub enum Passing {
    /// To the next seat.
    Left,
    /// To the seat before.
    Right,
    /// To the seat opposite.
    Across,
    /// Everybody keeps theirs.
    Hold,
}

impl Passing {
    /// Left, right, across, hold, and again.
    pub fn of_round(round: u32) -> Passing {
        [Passing::Left, Passing::Right, Passing::Across, Passing::Hold][round as usize % 4]
    }

    fn target(self, from: usize) -> usize {
        let by = match self {
            Passing::Left => 1,
            Passing::Across => 2,
            Passing::Right => 3,
            Passing::Hold => 0,
        };
        (from + by) % PLAYERS
    }
}

/// A card on the table.
#[message]
#[derive(Copy, Eq)]
pub struct Played {
    /// Who played it.
    pub seat: Seat,
    /// Which.
    pub card: Card,
}

/// Why something was not done.
#[message]
#[derive(Copy, Eq)]
pub enum Refusal {
    /// Players are missing.
    NotStarted,
    /// Cards are being passed, or no longer.
    NotNow,
    /// It is somebody else's turn.
    NotYourTurn,
    /// The card is not in this hand, or twice in the choice.
    NotYourCard,
    /// The rules forbid this card now; the view says which are allowed.
    NotAllowed,
}

/// A round in progress.
#[state]
pub struct Round {
    /// Sorted.
    hands: [Vec<Card>; PLAYERS],
    passing: Passing,
    passed: [Option<[Card; 3]>; PLAYERS],
    /// None while cards are passed and after the last trick.
    turn: Option<Seat>,
    trick: Vec<Played>,
    last_trick: Vec<Played>,
    hearts_broken: bool,
    taken: [u8; PLAYERS],
}

impl Round {
    /// Deals a shuffled deck.
    pub fn deal(deck: &[Card], passing: Passing) -> Round {
        let hand = |index: usize| {
            let mut hand: Vec<Card> = deck.iter().skip(index * HAND).take(HAND).copied().collect();
            hand.sort_unstable();
            hand
        };
        let mut round = Round {
            hands: std::array::from_fn(hand),
            passing,
            passed: [None; PLAYERS],
            turn: None,
            trick: Vec::new(),
            last_trick: Vec::new(),
            hearts_broken: false,
            taken: [0; PLAYERS],
        };
        if passing == Passing::Hold {
            round.lead();
        }
        round
    }

    /// Chooses what to pass. When all have chosen, the cards change hands and the first trick begins.
    pub fn pass(&mut self, from: Seat, cards: [Card; 3]) -> Result<(), Refusal> {
        let hand = &self.hands[from.index()];
        let [a, b, c] = cards;
        if self.passing == Passing::Hold || self.all_passed() || self.has_passed(from) {
            return Err(Refusal::NotNow);
        }
        if a == b || b == c || a == c || !cards.iter().all(|card| hand.contains(card)) {
            return Err(Refusal::NotYourCard);
        }
        self.passed[from.index()] = Some(cards);
        if self.all_passed() {
            self.exchange();
            self.lead();
        }
        Ok(())
    }

    /// Plays a card. The fourth of a trick ends it.
    pub fn play(&mut self, from: Seat, card: Card) -> Result<(), Refusal> {
        let turn = self.turn.ok_or(Refusal::NotNow)?;
        if turn != from {
            return Err(Refusal::NotYourTurn);
        }
        if !self.hand(from).contains(&card) {
            return Err(Refusal::NotYourCard);
        }
        if !self.playable(from).contains(&card) {
            return Err(Refusal::NotAllowed);
        }
        self.hands[from.index()].retain(|other| *other != card);
        self.hearts_broken |= card.suit == Suit::Hearts;
        self.trick.push(Played { seat: from, card });
        if self.trick.len() == PLAYERS {
            self.end_trick();
        } else {
            self.turn = Some(Seat::at((from.index() + 1) % PLAYERS));
        }
        Ok(())
    }

    /// The cards that this seat may play now; none if it is not its turn.
    pub fn playable(&self, seat: Seat) -> Vec<Card> {
        if self.turn != Some(seat) {
            return Vec::new();
        }
        let hand = self.hand(seat);
        let choice = |allowed: &dyn Fn(&Card) -> bool| -> Vec<Card> {
            let cards: Vec<Card> = hand.iter().copied().filter(|card| allowed(card)).collect();
            // Who has nothing else may play anything.
            if cards.is_empty() { hand.to_vec() } else { cards }
        };
        let first_trick = self.last_trick.is_empty();
        match self.trick.first() {
            None if first_trick => vec![TWO_OF_CLUBS],
            None if self.hearts_broken => hand.to_vec(),
            None => choice(&|card| card.suit != Suit::Hearts),
            Some(led) if hand.iter().any(|card| card.suit == led.card.suit) => {
                choice(&|card| card.suit == led.card.suit)
            }
            Some(_) if first_trick => choice(&|card| card.points() == 0),
            Some(_) => hand.to_vec(),
        }
    }

    /// What the round counts, once it is over: who takes all the points gets none, and the others get them each.
    pub fn points(&self) -> Option<[u8; PLAYERS]> {
        let over = self.trick.is_empty() && self.hands.iter().all(Vec::is_empty);
        over.then(|| match self.taken.iter().position(|points| *points == ALL_POINTS) {
            Some(shooter) => std::array::from_fn(|index| if index == shooter { 0 } else { ALL_POINTS }),
            None => self.taken,
        })
    }

    /// Whose turn it is to play a card.
    pub fn turn(&self) -> Option<Seat> {
        self.turn
    }

    /// A seat's cards, sorted.
    pub fn hand(&self, seat: Seat) -> &[Card] {
        &self.hands[seat.index()]
    }

    /// How many cards each seat holds.
    pub fn cards_left(&self) -> [u8; PLAYERS] {
        std::array::from_fn(|index| self.hands[index].len() as u8)
    }

    /// The cards on the table.
    pub fn trick(&self) -> &[Played] {
        &self.trick
    }

    /// The trick before.
    pub fn last_trick(&self) -> &[Played] {
        &self.last_trick
    }

    /// Whether a heart has been played.
    pub fn hearts_broken(&self) -> bool {
        self.hearts_broken
    }

    /// Points taken so far.
    pub fn taken(&self) -> [u8; PLAYERS] {
        self.taken
    }

    /// Whether this seat has chosen its three cards.
    pub fn has_passed(&self, seat: Seat) -> bool {
        self.passed[seat.index()].is_some()
    }

    /// For the view.
    pub fn phase(&self) -> Phase {
        match self.turn {
            Some(seat) => Phase::Playing(seat),
            None => Phase::Passing(self.passing, self.passed.each_ref().map(Option::is_some)),
        }
    }

    fn all_passed(&self) -> bool {
        self.passed.iter().all(Option::is_some)
    }

    fn exchange(&mut self) {
        for (from, cards) in self.passed.iter().enumerate() {
            let cards = cards.iter().flatten();
            for card in cards {
                self.hands[from].retain(|other| other != card);
                self.hands[self.passing.target(from)].push(*card);
            }
        }
        self.hands.iter_mut().for_each(|hand| hand.sort_unstable());
    }

    /// The two of clubs leads.
    fn lead(&mut self) {
        self.turn = self.hands.iter().position(|hand| hand.contains(&TWO_OF_CLUBS)).map(Seat::at);
    }

    /// The highest card of the suit that was led takes the trick, and leads the next.
    fn end_trick(&mut self) {
        let trick = std::mem::take(&mut self.trick);
        let led = trick[0].card.suit;
        let best = trick.iter().filter(|played| played.card.suit == led).max_by_key(|played| played.card.rank);
        let taker = best.expect("the card that led is of its own suit").seat;
        self.taken[taker.index()] += trick.iter().map(|played| played.card.points()).sum::<u8>();
        self.last_trick = trick;
        self.turn = (!self.hand(taker).is_empty()).then_some(taker);
    }
}

#[cfg(test)]
mod tests;

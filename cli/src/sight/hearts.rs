//! Hearts: the own hand, the trick on the table, the points.

use serde_json::{Value as Json, json};
use stadion_schema::{Fields, Value};

use super::{field, number};

/// A card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) suit: Suit,
    /// 2 to 10, jack 11, queen 12, king 13, ace 14.
    pub(crate) rank: u8,
}

/// A suit, in the order in which hands are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suit {
    Clubs,
    Diamonds,
    Spades,
    Hearts,
}

impl Card {
    fn read(value: &Value) -> Option<Card> {
        let suit = match value.get("suit")?.variant()? {
            "Clubs" => Suit::Clubs,
            "Diamonds" => Suit::Diamonds,
            "Spades" => Suit::Spades,
            "Hearts" => Suit::Hearts,
            _ => return None,
        };
        Some(Card { suit, rank: field(value, "rank")? })
    }

    /// As an input names it.
    pub(crate) fn json(self) -> Json {
        json!({ "suit": format!("{:?}", self.suit), "rank": self.rank })
    }

    /// Two characters, or three for the ten.
    pub(crate) fn text(self) -> String {
        let rank = match self.rank {
            11 => "J".to_owned(),
            12 => "Q".to_owned(),
            13 => "K".to_owned(),
            14 => "A".to_owned(),
            rank => rank.to_string(),
        };
        let suit = match self.suit {
            Suit::Clubs => '♣',
            Suit::Diamonds => '♦',
            Suit::Spades => '♠',
            Suit::Hearts => '♥',
        };
        format!("{rank}{suit}")
    }

    /// Hearts count 1, the queen of spades 13.
    pub(crate) fn points(self) -> u8 {
        match (self.suit, self.rank) {
            (Suit::Hearts, _) => 1,
            (Suit::Spades, 12) => 13,
            _ => 0,
        }
    }
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Waiting,
    /// Three cards go to a neighbour; by seat, who has chosen.
    Passing(String, Vec<bool>),
    /// This seat is to play.
    Playing(u16),
}

/// What one seat sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) you: u16,
    pub(crate) phase: Phase,
    pub(crate) hand: Vec<Card>,
    pub(crate) playable: Vec<Card>,
    pub(crate) cards_left: Vec<u64>,
    /// Who played what.
    pub(crate) trick: Vec<(u16, Card)>,
    pub(crate) last_trick: Vec<(u16, Card)>,
    pub(crate) taken: Vec<u64>,
    pub(crate) points: Vec<u64>,
    pub(crate) ends_at: u64,
}

impl Table {
    /// `None` if this is not hearts' view.
    pub(crate) fn read(view: &Value) -> Option<Table> {
        let cards = |name: &str| view.get(name)?.items().iter().map(Card::read).collect::<Option<Vec<_>>>();
        let played = |name: &str| view.get(name)?.items().iter().map(played).collect::<Option<Vec<_>>>();
        let table = Table {
            you: field(view, "you")?,
            phase: phase(view.get("phase")?)?,
            hand: cards("hand")?,
            playable: cards("playable")?,
            cards_left: numbers(view.get("cards_left")?)?,
            trick: played("trick")?,
            last_trick: played("last_trick")?,
            taken: numbers(view.get("taken")?)?,
            points: numbers(view.get("points")?)?,
            ends_at: field(view, "ends_at")?,
        };
        let players = table.points.len();
        (table.taken.len() == players && table.cards_left.len() == players).then_some(table)
    }

    /// Whether this seat still has to choose what to pass.
    pub(crate) fn passes(&self) -> bool {
        matches!(&self.phase, Phase::Passing(_, chosen) if chosen.get(usize::from(self.you)) == Some(&false))
    }

    /// Whether this seat is to play a card.
    pub(crate) fn plays(&self) -> bool {
        self.phase == Phase::Playing(self.you)
    }
}

fn played(value: &Value) -> Option<(u16, Card)> {
    Some((field(value, "seat")?, Card::read(value.get("card")?)?))
}

/// Lists of small numbers: of `u8` they are bytes.
fn numbers(value: &Value) -> Option<Vec<u64>> {
    match value {
        Value::Bytes(bytes) => Some(bytes.iter().map(|byte| u64::from(*byte)).collect()),
        list => list.items().iter().map(number).collect(),
    }
}

fn phase(value: &Value) -> Option<Phase> {
    let Value::Enum { variant, fields, .. } = value else { return None };
    match (&**variant, fields) {
        ("Waiting", Fields::Unit) => Some(Phase::Waiting),
        ("Passing", Fields::Tuple(parts)) => {
            let chosen = parts.get(1)?.items().iter().map(|chosen| *chosen == Value::Bool(true)).collect();
            Some(Phase::Passing(parts.first()?.variant()?.to_lowercase(), chosen))
        }
        ("Playing", Fields::Newtype(seat)) => Some(Phase::Playing(number(seat)?)),
        _ => None,
    }
}

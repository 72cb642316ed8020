//! Hearts as its four players meet it.

use std::collections::BTreeSet;

use proptest::prelude::*;
use stadion_schema::{Fields, Root, Schema, Value};

use super::*;

fn all_there() -> Match<Hearts> {
    Match::<Hearts>::with_players(4)
}

/// Passes and plays with the given choices; whoever is to act does. False when nobody is.
fn act(m: &mut Match<Hearts>, choice: usize) -> bool {
    match m.view(0).phase {
        Phase::Waiting => false,
        Phase::Passing(_, passed) => {
            let seat = passed.iter().position(|passed| !passed).unwrap();
            let hand = m.view(seat as u16).hand;
            let cards = [0, 1, 2].map(|n| hand[(choice + n) % hand.len()]);
            m.send(seat as u16, In::Pass(cards));
            true
        }
        Phase::Playing(seat) => {
            let playable = m.view(seat.0).playable;
            m.send(seat.0, In::Play(playable[choice % playable.len()]));
            true
        }
    }
}

#[test]
fn cards_are_dealt_when_all_are_there() {
    let mut m = Match::<Hearts>::with_players(3);
    assert_eq!(m.view(0).phase, Phase::Waiting);
    m.join();
    let hands: BTreeSet<Card> = (0..4u16).flat_map(|seat| m.view(seat).hand).collect();
    assert_eq!(hands.len(), 52);
    assert!(matches!(m.view(3).phase, Phase::Passing(Passing::Left, _)));
    assert!(!m.is_open());
}

#[test]
fn what_the_rules_forbid_is_refused_to_its_sender_alone() {
    let mut m = all_there();
    let [own, foreign] = [m.view(0).hand[0], m.view(1).hand[0]];
    m.send(0, In::Play(own)).send(0, In::Pass([own, own, foreign]));
    assert_eq!(m.received(0), [Out::Refused(Refusal::NotNow), Out::Refused(Refusal::NotYourCard)]);
    assert_eq!(m.received(1), []);
}

#[test]
fn the_match_ends_at_the_points_that_were_asked_for() {
    let mut m = Match::<Hearts>::plan().parameters("points=30").players(4);
    for choice in 0.. {
        if m.is_finished() {
            break;
        }
        act(&mut m, choice);
    }
    let points = m.view(0).points;
    let fewest = points.iter().min().unwrap();
    assert!(points.iter().any(|points| *points >= 30));
    for (seat, own) in points.iter().enumerate() {
        assert_eq!(m.result().rank(seat as u16) == Some(1), own == fewest, "{points:?}");
        assert_eq!(m.result().score(seat as u16), Some(-i64::from(*own)));
    }
}

#[test]
fn senseless_parameters_are_refused() {
    for (parameters, refused) in [("points=0", true), ("points=many", true), ("points=50", false), ("", false)] {
        assert_eq!(Match::<Hearts>::plan().parameters(parameters).refusal().is_some(), refused, "{parameters:?}");
    }
}

#[test]
fn the_timer_plays_for_sleepers_to_the_end() {
    let mut m = Match::<Hearts>::plan().parameters("points=1").players(4);
    m.pass(PASS);
    assert!(matches!(m.view(0).phase, Phase::Playing(_)), "it has passed for them");
    m.pass(TURN * 53);
    assert!(m.is_finished());
}

#[test]
fn nobody_waits_long_for_the_absent() {
    let mut m = all_there();
    m.disconnect(0).leave(1).pass(ABSENT);
    let Phase::Passing(_, passed) = m.view(2).phase else { panic!("two are still to pass") };
    assert_eq!(passed, [true, true, false, false]);
    m.reconnect(0).pass(PASS).pass(TURN * 13 * 4 * 4);
    assert!(m.view(2).points.iter().any(|points| *points > 0), "a round went by without a touch");
}

#[test]
fn a_match_that_everybody_left_is_over() {
    let mut m = all_there();
    m.leave(0).leave(1).leave(2).leave(3);
    assert!(m.is_finished());
    assert_eq!(m.result().rank(0), None);
}

#[test]
fn a_reloaded_page_sees_its_hand() {
    let mut m = all_there();
    let before = m.view(1);
    m.reload(1);
    assert_eq!(m.view(1), before);
}

/// Every card that stands anywhere in a message or view, found through the game's schema alone.
fn cards_in(root: Root, bytes: &[u8]) -> Vec<(u64, u64)> {
    fn walk(value: &Value, found: &mut Vec<(u64, u64)>) {
        match value {
            Value::Struct { name, fields: Fields::Named(fields) } if &**name == "Card" => {
                let [(_, Value::Enum { index, .. }), (_, Value::Unsigned(rank))] = fields.as_slice() else { return };
                found.push((u64::from(*index), *rank));
            }
            Value::Struct { fields, .. } | Value::Enum { fields, .. } => match fields {
                Fields::Unit => {}
                Fields::Newtype(value) => walk(value, found),
                Fields::Tuple(values) => values.iter().for_each(|value| walk(value, found)),
                Fields::Named(fields) => fields.iter().for_each(|(_, value)| walk(value, found)),
            },
            Value::List(values) => values.iter().for_each(|value| walk(value, found)),
            Value::Option(Some(value)) => walk(value, found),
            _ => {}
        }
    }
    let schema = Schema::parse(<Hearts as stadion_sdk::GameModule>::SCHEMA).unwrap();
    let mut found = Vec::new();
    walk(&schema.decode(root, bytes).unwrap(), &mut found);
    found
}

fn key(card: &Card) -> (u64, u64) {
    (card.suit as u64, u64::from(card.rank))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is played, no view and no message holds a card of somebody else's hand.
    #[test]
    fn nobody_is_shown_another_hand(seed in any::<u64>(), choices in prop::collection::vec(any::<u16>(), 1..150)) {
        let mut m = Match::<Hearts>::plan().seed(seed).players(4);
        for choice in choices {
            act(&mut m, usize::from(choice));
            let hands: Vec<Vec<(u64, u64)>> = (0..4u16).map(|seat| m.view(seat).hand.iter().map(key).collect()).collect();
            for seat in 0..4u16 {
                let mut shown = cards_in(Root::View, &stadion_sdk::message::encode(&m.view(seat)));
                prop_assert!(hands[usize::from(seat)].iter().all(|card| shown.contains(card)), "the search finds cards");
                for out in m.received(seat) {
                    shown.extend(cards_in(Root::Out, &stadion_sdk::message::encode(&out)));
                }
                for (other, hand) in hands.iter().enumerate().filter(|(other, _)| *other != usize::from(seat)) {
                    prop_assert!(hand.iter().all(|card| !shown.contains(card)), "seat {seat} sees cards of {other}");
                }
            }
        }
    }
}

/// Plays to the end.
fn played(mut m: Match<Hearts>) -> Match<Hearts> {
    for choice in 0.. {
        if m.is_finished() {
            break;
        }
        act(&mut m, choice);
    }
    m
}

#[test]
fn what_a_player_has_played_and_won_is_kept_from_match_to_match() {
    let record = |m: &Match<Hearts>, seat: u16| -> record::Record {
        let data = m.documents().get(Some(&format!("player-{seat}")), record::KEY).unwrap().to_vec();
        stadion_sdk::storage::Document { version: 1, data }.value().unwrap()
    };
    let first = played(Match::<Hearts>::plan().parameters("points=1").players(4));
    let won: Vec<u32> = (0..4).map(|seat| record(&first, seat).won).collect();
    assert!((0..4).all(|seat| record(&first, seat).played == 1) && won.contains(&1), "{won:?}");
    let plan = Match::<Hearts>::plan().parameters("points=1").seed(2).documents(first.documents().clone());
    let second = played(plan.players(4));
    assert!((0..4).all(|seat| record(&second, seat).played == 2));
}

#[test]
fn a_match_whose_records_cannot_be_read_is_played_and_not_counted() {
    let mut m = Match::<Hearts>::plan().parameters("points=1").players(3);
    m.set_storage_fails(true).join();
    let m = played(m);
    assert!(m.is_finished() && m.documents().get(Some("player-3"), record::KEY).is_none());
}

//! The game that the documentation opens with.

use std::cmp::Ordering;

use stadion_sdk::prelude::*;

/// How long players may think.
const PATIENCE: Duration = Duration::from_secs(60);

/// What players send.
#[message]
pub enum In {
    Guess(u8),
}

/// What the game answers.
#[message]
pub enum Out {
    TooLow,
    TooHigh,
}

/// What everybody sees.
#[message]
pub struct View {
    guesses: u32,
    players: Vec<Seat>,
}

/// Guess a number from 0 to 99.
#[state]
pub struct Guessing {
    secret: u8,
    guesses: u32,
}

impl Game for Guessing {
    const INFO: Info = Info::new("guessing").seats(1..=8);
    type In = In;
    type Out = Out;
    type View = View;
    type Timer = ();

    fn start(cx: &Cx<Self>) -> Self {
        cx.after(PATIENCE, ());
        Guessing { secret: cx.rng.below(100) as u8, guesses: 0 }
    }

    fn message(&mut self, cx: &Cx<Self>, from: Seat, In::Guess(number): In) {
        self.guesses += 1;
        match number.cmp(&self.secret) {
            Ordering::Less => cx.send(from, &Out::TooLow),
            Ordering::Greater => cx.send(from, &Out::TooHigh),
            Ordering::Equal => cx.finish(Results::winner(from)),
        }
    }

    fn timer(&mut self, cx: &Cx<Self>, _: ()) {
        cx.finish(Results::none());
    }

    fn view(&self, cx: &Cx<Self>, _: Seat) -> View {
        View { guesses: self.guesses, players: cx.seats() }
    }
}

game!(Guessing, save);

#[test]
fn somebody_finds_the_number() {
    let mut m = Match::<Guessing>::with_players(2);
    let (mut low, mut high) = (0, 100);
    while !m.is_finished() {
        let guess = (low + high) / 2;
        m.send(1, In::Guess(guess));
        match m.received(1).as_slice() {
            [Out::TooLow] => low = guess,
            [Out::TooHigh] => high = guess,
            _ => {}
        }
    }
    assert!(m.result().won_by(1));
    assert!(m.view(0).guesses <= 7);
}

#[test]
fn nobody_wins_when_time_is_up() {
    let mut m = Match::<Guessing>::with_players(1);
    m.pass(PATIENCE);
    assert_eq!(m.result().rank(0), None);
}

//! Hearts for four: pass three cards, follow suit, avoid hearts and the queen of spades, or take them all.
//!
//! The first to reach 100 points ends the match; `points=50` in the match's parameters changes that. Whoever has the fewest
//! points wins. For those who sleep, are lost or have left, a timer plays.

pub mod cards;
mod computer;
pub mod record;
pub mod round;

use cards::Card;
use record::Records;
use round::{Passing, Played, Refusal, Round};
use stadion_sdk::prelude::*;
use stadion_sdk::storage::{Document, Request, StorageError};

/// Players of a match.
pub const PLAYERS: usize = 4;
/// How long a player may think about a card.
pub const TURN: Duration = Duration::from_secs(20);
/// How long players may think about what to pass.
pub const PASS: Duration = Duration::from_secs(40);
/// How long the timer waits for a player who is not there.
pub const ABSENT: Duration = Duration::from_secs(1);
/// Points that end a match.
const POINTS: u16 = 100;

/// What players send.
#[message]
pub enum In {
    /// These three go to a neighbour.
    Pass([Card; 3]),
    /// Plays a card.
    Play(Card),
}

/// What the game answers.
#[message]
pub enum Out {
    /// The message was not carried out.
    Refused(Refusal),
    /// Thirteen tricks are done.
    RoundOver {
        /// What each seat got for it.
        points: [u8; PLAYERS],
    },
}

/// What a player sees.
#[message]
pub struct View {
    /// The seat that sees this.
    pub you: Seat,
    /// How far the match is.
    pub phase: Phase,
    /// The own cards.
    pub hand: Vec<Card>,
    /// Which of them may be played now.
    pub playable: Vec<Card>,
    /// How many cards each seat holds.
    pub cards_left: [u8; PLAYERS],
    /// The cards on the table, in the order in which they were played.
    pub trick: Vec<Played>,
    /// The trick before.
    pub last_trick: Vec<Played>,
    /// Whether a heart has been played in this round.
    pub hearts_broken: bool,
    /// Points taken in this round so far.
    pub taken: [u8; PLAYERS],
    /// Points of the rounds before.
    pub points: [u16; PLAYERS],
    /// The match ends when somebody has so many.
    pub ends_at: u16,
}

/// How far the match is.
#[message]
pub enum Phase {
    /// Players are missing.
    Waiting,
    /// Three cards go this way; by seat, who has chosen.
    Passing(Passing, [bool; PLAYERS]),
    /// This seat is to play a card.
    Playing(Seat),
}

/// The names of timers.
#[state]
#[derive(Copy)]
pub enum Timer {
    /// Time to pass is up for this seat.
    Pass(Seat),
    /// Time to play is up for the seat whose turn it is.
    Turn,
}

/// One match.
#[state]
pub struct Hearts {
    /// None until all are there.
    round: Option<Round>,
    rounds_done: u32,
    points: [u16; PLAYERS],
    ends_at: u16,
    #[serde(default)]
    records: Records,
}

impl Game for Hearts {
    const INFO: Info = Info::new("hearts").seats(4..=4).reconnect_for(120);
    type In = In;
    type Out = Out;
    type View = View;
    type Timer = Timer;

    fn start(cx: &Cx<Self>) -> Self {
        let ends_at = match cx.parameter("points").map(str::parse) {
            None => POINTS,
            Some(Ok(points)) if (1..=1_000).contains(&points) => points,
            Some(_) => {
                cx.refuse("points must be a number from 1 to 1000");
                POINTS
            }
        };
        Hearts { round: None, rounds_done: 0, points: [0; PLAYERS], ends_at, records: Records::default() }
    }

    fn join(&mut self, cx: &Cx<Self>, seat: Seat) {
        self.records.ask(cx, seat);
        if cx.full() && self.round.is_none() {
            cx.set_open(false);
            self.deal(cx);
        }
    }

    fn message(&mut self, cx: &Cx<Self>, from: Seat, message: In) {
        let done = match message {
            In::Pass(cards) => self.pass(cx, from, cards),
            In::Play(card) => self.play(cx, from, card),
        };
        if let Err(refusal) = done {
            cx.send(from, &Out::Refused(refusal));
        }
    }

    fn timer(&mut self, cx: &Cx<Self>, timer: Timer) {
        let Some(round) = &self.round else { return };
        let done = match timer {
            Timer::Pass(seat) => self.pass(cx, seat, computer::pass(round.hand(seat))),
            Timer::Turn => match round.turn() {
                Some(seat) => self.play(cx, seat, computer::play(&round.playable(seat))),
                None => Ok(()),
            },
        };
        if let Err(refusal) = done {
            cx.log(format!("the timer's own choice was refused: {refusal:?}"));
        }
    }

    fn disconnect(&mut self, cx: &Cx<Self>, seat: Seat) {
        self.hurry(cx, seat);
    }

    fn reconnect(&mut self, cx: &Cx<Self>, seat: Seat) {
        self.hurry(cx, seat);
    }

    fn leave(&mut self, cx: &Cx<Self>, seat: Seat, _: Leave) {
        if self.round.is_some() && cx.seats().is_empty() {
            cx.finish(Results::none());
        } else {
            self.hurry(cx, seat);
        }
    }

    fn answer(&mut self, cx: &Cx<Self>, request: Request, answer: Result<Document, StorageError>) {
        self.records.answer(cx, request, answer);
    }

    fn view(&self, _: &Cx<Self>, you: Seat) -> View {
        let round = self.round.as_ref();
        View {
            you,
            phase: round.map_or(Phase::Waiting, Round::phase),
            hand: round.map_or_else(Vec::new, |round| round.hand(you).to_vec()),
            playable: round.map_or_else(Vec::new, |round| round.playable(you)),
            cards_left: round.map_or([0; PLAYERS], Round::cards_left),
            trick: round.map_or_else(Vec::new, |round| round.trick().to_vec()),
            last_trick: round.map_or_else(Vec::new, |round| round.last_trick().to_vec()),
            hearts_broken: round.is_some_and(Round::hearts_broken),
            taken: round.map_or([0; PLAYERS], Round::taken),
            points: self.points,
            ends_at: self.ends_at,
        }
    }
}

impl Hearts {
    fn deal(&mut self, cx: &Cx<Self>) {
        let mut deck = cards::deck();
        cx.rng.shuffle(&mut deck);
        self.round = Some(Round::deal(&deck, Passing::of_round(self.rounds_done)));
        self.wait(cx);
    }

    fn pass(&mut self, cx: &Cx<Self>, from: Seat, cards: [Card; 3]) -> Result<(), Refusal> {
        let round = self.round.as_mut().ok_or(Refusal::NotStarted)?;
        round.pass(from, cards)?;
        cx.cancel(&Timer::Pass(from));
        if round.turn().is_some() {
            self.wait(cx);
        }
        Ok(())
    }

    fn play(&mut self, cx: &Cx<Self>, from: Seat, card: Card) -> Result<(), Refusal> {
        let round = self.round.as_mut().ok_or(Refusal::NotStarted)?;
        round.play(from, card)?;
        match round.points() {
            Some(points) => self.round_over(cx, points),
            None => self.wait(cx),
        }
        Ok(())
    }

    fn round_over(&mut self, cx: &Cx<Self>, points: [u8; PLAYERS]) {
        cx.broadcast(&Out::RoundOver { points });
        for (total, points) in self.points.iter_mut().zip(points) {
            *total += u16::from(points);
        }
        self.rounds_done += 1;
        if self.points.iter().any(|points| *points >= self.ends_at) {
            let fewest = self.points.iter().min().copied();
            self.records.write(cx, |seat| self.points.get(seat.index()).copied() == fewest);
            // Few points are good: the score is what is above them.
            let scores = self.points.iter().enumerate();
            cx.finish(Results::by_score(scores.map(|(index, points)| (Seat::at(index), -i64::from(*points)))));
        } else {
            self.deal(cx);
        }
    }

    /// Sets the timers of whoever is to act now.
    fn wait(&self, cx: &Cx<Self>) {
        cx.cancel(&Timer::Turn);
        let Some(round) = &self.round else { return };
        match round.turn() {
            Some(seat) => cx.after(patience(cx, seat, TURN), Timer::Turn),
            None => (0..PLAYERS).map(Seat::at).for_each(|seat| cx.after(patience(cx, seat, PASS), Timer::Pass(seat))),
        }
    }

    /// A player who is to act was lost or is back: the timer goes by that.
    fn hurry(&self, cx: &Cx<Self>, seat: Seat) {
        let Some(round) = &self.round else { return };
        let (timer, patience) = match round.turn() {
            Some(turn) if turn == seat => (Timer::Turn, patience(cx, seat, TURN)),
            None if !round.has_passed(seat) => (Timer::Pass(seat), patience(cx, seat, PASS)),
            _ => return,
        };
        cx.cancel(&timer);
        cx.after(patience, timer);
    }
}

fn patience(cx: &Cx<Hearts>, seat: Seat, present: Duration) -> Duration {
    if cx.is_connected(seat) { present } else { ABSENT }
}

game!(Hearts, save);

#[cfg(test)]
mod tests;

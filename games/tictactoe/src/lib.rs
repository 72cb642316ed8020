//! Tic-tac-toe: two players in turns, a clock for each turn, a board that a reloaded page sees at once.

pub mod rules;

use rules::{Board, Mark};
use stadion_sdk::prelude::*;

/// A turn that takes longer is lost, and the match with it.
pub const TURN: Duration = Duration::from_secs(30);

/// What players send.
#[message]
pub enum In {
    /// Puts the own mark on cell 0 to 8, row by row.
    Place(u8),
    /// Gives up.
    Resign,
}

/// What the game answers.
#[message]
pub enum Out {
    /// The message was not carried out.
    Refused(Refusal),
}

/// Why not.
#[message]
pub enum Refusal {
    /// The other player is not there yet.
    NotStarted,
    /// It is the other player's turn.
    NotYourTurn,
    /// There are cells 0 to 8.
    NoSuchCell,
    /// The cell is not empty.
    Taken,
}

/// What a player sees.
#[message]
pub struct View {
    /// Who holds which cell, row by row.
    pub cells: [Option<Seat>; 9],
    /// Whose turn it is.
    pub turn: Seat,
    /// The seat that sees this; 65535: somebody who watches.
    pub you: Seat,
}

/// One match.
#[state]
pub struct TicTacToe {
    board: Board,
    turn: Seat,
    started: bool,
}

impl Game for TicTacToe {
    const INFO: Info = Info::new("tictactoe").seats(2..=2).reconnect_for(60).spectators();
    type In = In;
    type Out = Out;
    type View = View;
    /// There is only one: the turn is over.
    type Timer = ();

    fn start(cx: &Cx<Self>) -> Self {
        TicTacToe { board: Board::default(), turn: Seat(cx.rng.below(2) as u16), started: false }
    }

    fn join(&mut self, cx: &Cx<Self>, _: Seat) {
        if cx.full() {
            self.started = true;
            self.next_turn(cx, self.turn);
        }
    }

    fn message(&mut self, cx: &Cx<Self>, from: Seat, message: In) {
        let done = match message {
            In::Place(cell) => self.place(cx, from, cell),
            In::Resign => self.resign(cx, from),
        };
        if let Err(refusal) = done {
            cx.send(from, &Out::Refused(refusal));
        }
    }

    fn timer(&mut self, cx: &Cx<Self>, _: ()) {
        cx.finish(Results::winner(other(self.turn)));
    }

    fn leave(&mut self, cx: &Cx<Self>, seat: Seat, _: Leave) {
        if self.started {
            cx.finish(Results::winner(other(seat)));
        }
    }

    fn spectator_view(&self, cx: &Cx<Self>) -> Option<View> {
        Some(self.view(cx, Seat::SPECTATOR))
    }

    fn view(&self, _: &Cx<Self>, you: Seat) -> View {
        let seat = |mark: Mark| match mark {
            Mark::Nought => Seat(0),
            Mark::Cross => Seat(1),
        };
        View { cells: self.board.cells().map(|cell| cell.map(seat)), turn: self.turn, you }
    }
}

impl TicTacToe {
    fn place(&mut self, cx: &Cx<Self>, from: Seat, cell: u8) -> Result<(), Refusal> {
        if !self.started {
            return Err(Refusal::NotStarted);
        }
        if from != self.turn {
            return Err(Refusal::NotYourTurn);
        }
        let mark = if from == Seat(0) { Mark::Nought } else { Mark::Cross };
        self.board.place(cell, mark)?;
        if self.board.has_three(mark) {
            cx.finish(Results::winner(from));
        } else if self.board.is_full() {
            cx.finish(Results::draw());
        } else {
            self.next_turn(cx, other(from));
        }
        Ok(())
    }

    fn resign(&mut self, cx: &Cx<Self>, from: Seat) -> Result<(), Refusal> {
        if !self.started {
            return Err(Refusal::NotStarted);
        }
        cx.finish(Results::winner(other(from)));
        Ok(())
    }

    fn next_turn(&mut self, cx: &Cx<Self>, seat: Seat) {
        self.turn = seat;
        cx.cancel(&());
        cx.after(TURN, ());
    }
}

fn other(seat: Seat) -> Seat {
    Seat(1 - seat.0)
}

game!(TicTacToe, save);

#[cfg(test)]
mod tests;

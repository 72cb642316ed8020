//! The games that have a board of their own. A board only ever shows what it reads from the view: another game of the
//! same name, with other messages, gets the tree.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value as Json;
use stadion_schema::Value;

use super::bomberman::Bomberman;
use super::hearts::Hearts;
use super::tictactoe::TicTacToe;
use crate::sight;

/// One of the boards, or none.
pub(crate) enum Board {
    /// Every other game.
    None,
    /// Nine cells.
    TicTacToe(TicTacToe),
    /// Walls and fuses.
    Bomberman(Bomberman),
    /// Cards.
    Hearts(Hearts),
}

impl Board {
    /// The board for a game of that name.
    pub(crate) fn of(game: &str) -> Board {
        match game {
            "tictactoe" => Board::TicTacToe(TicTacToe::default()),
            "bomberman" => Board::Bomberman(Bomberman::default()),
            "hearts" => Board::Hearts(Hearts::default()),
            _ => Board::None,
        }
    }

    pub(crate) fn is_some(&self) -> bool {
        !matches!(self, Board::None)
    }

    /// Whether it can read this view.
    pub(crate) fn understands(&self, view: &Value) -> bool {
        match self {
            Board::None => false,
            Board::TicTacToe(_) => sight::tictactoe::Position::read(view).is_some(),
            Board::Bomberman(_) => sight::bomberman::Arena::read(view).is_some(),
            Board::Hearts(_) => sight::hearts::Table::read(view).is_some(),
        }
    }

    /// Time has passed, since any start.
    pub(crate) fn now(&mut self, now: Duration) {
        if let Board::Bomberman(board) = self {
            board.now(now);
        }
    }

    /// A new view has come.
    pub(crate) fn saw(&mut self, view: &Value) {
        if let Board::Bomberman(board) = self {
            board.saw(view);
        }
    }

    /// Whether something moves although nothing is heard.
    pub(crate) fn moves(&self) -> bool {
        matches!(self, Board::Bomberman(board) if board.is_alive())
    }

    /// An input as JSON, if the key is one.
    pub(crate) fn key(&mut self, view: &Value, key: KeyEvent) -> Option<Json> {
        match self {
            Board::None => None,
            Board::TicTacToe(board) if !key.is_release() => board.key(key),
            Board::Bomberman(board) => board.key(key),
            Board::Hearts(board) if !key.is_release() => board.key(view, key),
            Board::TicTacToe(_) | Board::Hearts(_) => None,
        }
    }

    /// An input as JSON that holds on and that the game may have dropped while the player was away, if there is one.
    pub(crate) fn again(&self) -> Option<Json> {
        if let Board::Bomberman(board) = self { board.again() } else { None }
    }

    /// The keys, for people.
    pub(crate) fn keys(&self) -> &'static str {
        match self {
            Board::None => "",
            Board::TicTacToe(_) => TicTacToe::KEYS,
            Board::Bomberman(_) => Bomberman::KEYS,
            Board::Hearts(_) => Hearts::KEYS,
        }
    }

    /// Draws the view.
    pub(crate) fn draw(&self, view: &Value, seat: Option<u16>, area: Rect, buf: &mut Buffer) {
        match self {
            Board::None => {}
            Board::TicTacToe(board) => board.draw(view, area, buf),
            Board::Bomberman(board) => board.draw(view, seat, area, buf),
            Board::Hearts(board) => board.draw(view, area, buf),
        }
    }
}

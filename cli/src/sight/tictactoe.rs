//! Tictactoe: nine cells, whose turn it is, who sees it.

use stadion_schema::Value;

use super::{field, number};

/// What the view says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) cells: Vec<Option<u16>>,
    pub(crate) turn: u16,
    pub(crate) you: u16,
}

impl Position {
    /// `None` if this is not tictactoe's view.
    pub(crate) fn read(view: &Value) -> Option<Position> {
        let cells: Vec<Option<u16>> = view.get("cells")?.items().iter().map(number).collect();
        let position = Position { cells, turn: field(view, "turn")?, you: field(view, "you")? };
        (position.cells.len() == 9).then_some(position)
    }

    /// Empty cells.
    pub(crate) fn free(&self) -> Vec<usize> {
        (0..9).filter(|i| self.cells[*i].is_none()).collect()
    }

    /// Three in a line, if there are.
    pub(crate) fn winning_line(&self) -> Option<[usize; 3]> {
        LINES.into_iter().find(|[a, b, c]| {
            self.cells[*a].is_some() && self.cells[*a] == self.cells[*b] && self.cells[*b] == self.cells[*c]
        })
    }

    /// A cell that completes a line of `seat`.
    pub(crate) fn completes(&self, seat: u16) -> Option<usize> {
        self.free().into_iter().find(|cell| {
            let mine = |i: &usize| i == cell || self.cells[*i] == Some(seat);
            LINES.iter().any(|line| line.contains(cell) && line.iter().all(mine))
        })
    }
}

/// Rows, columns, diagonals.
const LINES: [[usize; 3]; 8] = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]];

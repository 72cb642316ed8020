//! The board and when it is won. Knows no players, no time, no network.

use stadion_sdk::prelude::*;

use crate::Refusal;

/// What stands in a cell.
#[state]
#[derive(Copy, Eq)]
pub enum Mark {
    /// The first player's.
    Nought,
    /// The second player's.
    Cross,
}

/// Nine cells, row by row.
#[state]
#[derive(Default)]
pub struct Board {
    cells: [Option<Mark>; 9],
}

/// Rows, columns, diagonals.
const LINES: [[usize; 3]; 8] = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]];

impl Board {
    /// The cells, row by row.
    pub fn cells(&self) -> [Option<Mark>; 9] {
        self.cells
    }

    /// Puts a mark on an empty cell.
    pub fn place(&mut self, cell: u8, mark: Mark) -> Result<(), Refusal> {
        match self.cells.get_mut(usize::from(cell)) {
            None => Err(Refusal::NoSuchCell),
            Some(Some(_)) => Err(Refusal::Taken),
            Some(empty) => {
                *empty = Some(mark);
                Ok(())
            }
        }
    }

    /// Whether three of these are in a line.
    pub fn has_three(&self, mark: Mark) -> bool {
        LINES.iter().any(|line| line.iter().all(|&cell| self.cells[cell] == Some(mark)))
    }

    /// Whether no cell is empty.
    pub fn is_full(&self) -> bool {
        self.cells.iter().all(Option::is_some)
    }
}

//! Sudden death: the board is walled up from the outside in, so that every match ends.

use crate::arena::Arena;
use crate::map::{HEIGHT, Point, Tile, WIDTH};

/// Ticks between one cell and the next.
const TICKS_A_CELL: u32 = 6;

impl Arena {
    /// Walls up the cell whose turn it is, `ticks` after it began.
    pub(crate) fn close_in(&mut self, ticks: u32) {
        if !ticks.is_multiple_of(TICKS_A_CELL) {
            return;
        }
        let Some(at) = spiral((ticks / TICKS_A_CELL) as usize) else { return };
        self.tiles.set(at, Tile::Wall);
        self.fires.retain(|fire| fire.at != at);
        while let Some(index) = self.bombs.iter().position(|bomb| bomb.at == at) {
            let bomb = self.bombs.remove(index);
            self.give_bombs(bomb.owner, 1);
        }
    }
}

/// The n-th cell on the way around the board and in; none after the last.
fn spiral(n: usize) -> Option<Point> {
    let (mut left, mut top, mut width, mut height, mut n) = (0, 0, WIDTH, HEIGHT, n);
    while width > 0 && height > 0 {
        let around = if height == 1 || width == 1 { width * height } else { 2 * (width + height) - 4 };
        if n < around {
            let (x, y) = on_ring(n, width, height);
            return Some(Point { x: (left + x) as u8, y: (top + y) as u8 });
        }
        n -= around;
        (left, top) = (left + 1, top + 1);
        (width, height) = (width.saturating_sub(2), height.saturating_sub(2));
    }
    None
}

/// The n-th cell of a rectangle's edge, clockwise from its upper left corner.
fn on_ring(n: usize, width: usize, height: usize) -> (usize, usize) {
    let (right, bottom) = (width - 1, height - 1);
    if n < width {
        (n, 0)
    } else if n < width + bottom {
        (right, n - right)
    } else if n < 2 * right + bottom + 1 {
        (2 * right + bottom - n, bottom)
    } else {
        (0, 2 * (right + bottom) - n)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_cell_is_walled_up_once() {
        let cells: Vec<Point> = (0..).map_while(spiral).collect();
        assert_eq!(cells.len(), WIDTH * HEIGHT);
        assert_eq!(cells.iter().collect::<BTreeSet<_>>().len(), WIDTH * HEIGHT);
    }

    #[test]
    fn each_cell_is_beside_the_one_before() {
        let cells: Vec<Point> = (0..).map_while(spiral).collect();
        assert!(cells.windows(2).all(|pair| pair[0].x.abs_diff(pair[1].x) + pair[0].y.abs_diff(pair[1].y) == 1));
    }
}

//! The board: its cells, its directions, and how a new one looks.

use stadion_sdk::prelude::*;

/// Columns.
pub const WIDTH: usize = 13;
/// Rows.
pub const HEIGHT: usize = 11;
/// Of a hundred cells that may be bricks, so many are.
const BRICKS_OF_100: u32 = 70;

/// A cell of the board.
#[message]
#[derive(Copy, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Column, from the left.
    pub x: u8,
    /// Row, from the top.
    pub y: u8,
}

/// A way to walk.
#[message]
#[derive(Copy, Eq)]
pub enum Direction {
    /// To the row above.
    Up,
    /// To the row below.
    Down,
    /// To the column on the left.
    Left,
    /// To the column on the right.
    Right,
}

impl Direction {
    /// All four.
    pub const ALL: [Direction; 4] = [Direction::Up, Direction::Down, Direction::Left, Direction::Right];
}

impl Point {
    /// The neighbour that way; none at the edge of the board.
    pub fn next(self, direction: Direction) -> Option<Point> {
        let Point { x, y } = self;
        let (x, y) = match direction {
            Direction::Up => (x, y.checked_sub(1)?),
            Direction::Down => (x, y + 1),
            Direction::Left => (x.checked_sub(1)?, y),
            Direction::Right => (x + 1, y),
        };
        (usize::from(x) < WIDTH && usize::from(y) < HEIGHT).then_some(Point { x, y })
    }
}

/// What can be picked up.
#[message]
#[derive(Copy, Eq)]
pub enum Item {
    /// One more bomb at a time.
    Bomb,
    /// Bombs reach one cell farther.
    Range,
    /// Steps take less time.
    Speed,
}

/// A cell as players see it.
#[message]
#[derive(Copy, Eq)]
pub enum Cell {
    /// Nothing.
    Floor,
    /// For ever in the way.
    Wall,
    /// In the way until a bomb breaks it.
    Brick,
    /// A bomb that will go off.
    Bomb,
    /// Deadly.
    Fire,
    /// Something to pick up.
    Item(Item),
}

/// What a cell is made of, apart from bombs and fire.
#[state]
#[derive(Copy, Eq)]
pub enum Tile {
    /// Nothing.
    Floor,
    /// For ever in the way.
    Wall,
    /// In the way until a bomb breaks it.
    Brick,
    /// Something to pick up.
    Item(Item),
}

/// The tiles of the board, row by row.
#[state]
pub struct Tiles([[Tile; WIDTH]; HEIGHT]);

impl Tiles {
    /// Pillars in every second row and column, bricks by chance, and room in the corners.
    pub fn new(rng: &Rng) -> Tiles {
        let tile = |x: usize, y: usize| {
            if x % 2 == 1 && y % 2 == 1 {
                Tile::Wall
            } else if !is_corner(x, y) && rng.chance(BRICKS_OF_100, 100) {
                Tile::Brick
            } else {
                Tile::Floor
            }
        };
        Tiles(std::array::from_fn(|y| std::array::from_fn(|x| tile(x, y))))
    }

    /// What is there.
    pub fn at(&self, point: Point) -> Tile {
        self.0[usize::from(point.y)][usize::from(point.x)]
    }

    /// Puts something there.
    pub fn set(&mut self, point: Point, tile: Tile) {
        self.0[usize::from(point.y)][usize::from(point.x)] = tile;
    }

    /// As players see it, before bombs and fire.
    pub fn cells(&self) -> [[Cell; WIDTH]; HEIGHT] {
        self.0.map(|row| {
            row.map(|tile| match tile {
                Tile::Floor => Cell::Floor,
                Tile::Wall => Cell::Wall,
                Tile::Brick => Cell::Brick,
                Tile::Item(item) => Cell::Item(item),
            })
        })
    }
}

/// Where the hero of a seat starts: a corner.
pub fn corner(seat: Seat) -> Point {
    let (right, bottom) = (WIDTH as u8 - 1, HEIGHT as u8 - 1);
    let (x, y) = [(0, 0), (right, bottom), (right, 0), (0, bottom)][seat.index() % 4];
    Point { x, y }
}

/// The corners and the cells beside them stay free, so that a first bomb can be dropped and escaped.
fn is_corner(x: usize, y: usize) -> bool {
    let (from_side, from_end) = (x.min(WIDTH - 1 - x), y.min(HEIGHT - 1 - y));
    from_side + from_end <= 2 && from_side.min(from_end) == 0
}

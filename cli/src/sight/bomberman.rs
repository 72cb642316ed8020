//! Bomberman: the cells of the arena, the heroes, how far the match is; and the geometry that follows from them.

use stadion_schema::{Fields, Value};

use super::{field, number};

/// A place: column, row.
pub(crate) type At = (usize, usize);

/// What is in a cell, heroes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tile {
    Floor,
    Wall,
    Brick,
    Bomb,
    Fire,
    /// The power-up's own name: `Bomb`, `Range` or `Speed`.
    Item(Item),
}

/// A power-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Bomb,
    Range,
    Speed,
}

/// How far the match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Waiting,
    /// Seconds to the start.
    Countdown(u8),
    /// Seconds until the walls close in.
    Calm(u8),
    SuddenDeath,
}

/// Four ways to go, in the game's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
    Left,
    Right,
}

impl Way {
    pub(crate) const ALL: [Way; 4] = [Way::Up, Way::Down, Way::Left, Way::Right];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::Up => "Up",
            Way::Down => "Down",
            Way::Left => "Left",
            Way::Right => "Right",
        }
    }

    fn of(name: &str) -> Option<Way> {
        Way::ALL.into_iter().find(|way| way.name() == name)
    }
}

/// A player's figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hero {
    pub(crate) seat: u16,
    pub(crate) at: At,
    pub(crate) facing: Way,
    pub(crate) alive: bool,
    pub(crate) bombs: u8,
    pub(crate) range: u8,
    pub(crate) step_ticks: u8,
}

/// What everybody sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arena {
    pub(crate) phase: Phase,
    /// Rows from the top, all of one length.
    pub(crate) rows: Vec<Vec<Tile>>,
    pub(crate) heroes: Vec<Hero>,
}

impl Arena {
    /// `None` if this is not bomberman's view.
    pub(crate) fn read(view: &Value) -> Option<Arena> {
        let row = |row: &Value| row.items().iter().map(tile).collect::<Option<Vec<_>>>();
        let rows: Vec<Vec<Tile>> = view.get("cells")?.items().iter().map(row).collect::<Option<_>>()?;
        let heroes = view.get("heroes")?.items().iter().map(hero).collect::<Option<_>>()?;
        let even = rows.first().is_some_and(|first| rows.iter().all(|row| row.len() == first.len() && !row.is_empty()));
        even.then_some(Arena { phase: phase(view.get("phase")?)?, rows, heroes })
    }

    pub(crate) fn width(&self) -> usize {
        self.rows[0].len()
    }

    pub(crate) fn height(&self) -> usize {
        self.rows.len()
    }

    /// What is there; outside there are walls.
    pub(crate) fn tile(&self, (x, y): At) -> Tile {
        self.rows.get(y).and_then(|row| row.get(x)).copied().unwrap_or(Tile::Wall)
    }

    pub(crate) fn hero(&self, seat: u16) -> Option<&Hero> {
        self.heroes.iter().find(|hero| hero.seat == seat)
    }

    /// The cell next to one that way.
    pub(crate) fn next(&self, (x, y): At, way: Way) -> Option<At> {
        let at = match way {
            Way::Up => (x, y.checked_sub(1)?),
            Way::Down => (x, y + 1),
            Way::Left => (x.checked_sub(1)?, y),
            Way::Right => (x + 1, y),
        };
        (at.0 < self.width() && at.1 < self.height()).then_some(at)
    }

    /// Cells that a blast from here reaches: four rays, each up to what stops it (that cell with it if it is a brick).
    pub(crate) fn blast(&self, from: At, range: u8) -> Vec<At> {
        let mut cells = vec![from];
        for way in Way::ALL {
            let mut at = from;
            for _ in 0..range {
                let Some(next) = self.next(at, way) else { break };
                if self.tile(next) == Tile::Wall {
                    break;
                }
                cells.push(next);
                if matches!(self.tile(next), Tile::Brick | Tile::Item(_)) {
                    break;
                }
                at = next;
            }
        }
        cells
    }

    pub(crate) fn bombs(&self) -> impl Iterator<Item = At> + '_ {
        let cells = (0..self.height()).flat_map(|y| (0..self.width()).map(move |x| (x, y)));
        cells.filter(|at| self.tile(*at) == Tile::Bomb)
    }
}

fn tile(value: &Value) -> Option<Tile> {
    Some(match value.variant()? {
        "Floor" => Tile::Floor,
        "Wall" => Tile::Wall,
        "Brick" => Tile::Brick,
        "Bomb" => Tile::Bomb,
        "Fire" => Tile::Fire,
        "Item" => Tile::Item(match value.items().first()?.variant()? {
            "Bomb" => Item::Bomb,
            "Range" => Item::Range,
            "Speed" => Item::Speed,
            _ => return None,
        }),
        _ => return None,
    })
}

fn phase(value: &Value) -> Option<Phase> {
    let seconds = || match value {
        Value::Enum { fields: Fields::Newtype(seconds), .. } => number(seconds),
        _ => None,
    };
    Some(match value.variant()? {
        "Waiting" => Phase::Waiting,
        "Countdown" => Phase::Countdown(seconds()?),
        "Calm" => Phase::Calm(seconds()?),
        "SuddenDeath" => Phase::SuddenDeath,
        _ => return None,
    })
}

fn hero(value: &Value) -> Option<Hero> {
    let at = value.get("at")?;
    Some(Hero {
        seat: field(value, "seat")?,
        at: (field(at, "x")?, field(at, "y")?),
        facing: Way::of(value.get("facing")?.variant()?)?,
        alive: matches!(value.get("alive")?, Value::Bool(true)),
        bombs: field(value, "bombs")?,
        range: field(value, "range")?,
        step_ticks: field(value, "step_ticks")?,
    })
}

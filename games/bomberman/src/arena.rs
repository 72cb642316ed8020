//! The rules: figures, bombs, fire. Knows no network and no match time, only ticks.

use stadion_sdk::prelude::*;

use crate::Hero;
use crate::map::{Cell, Direction, HEIGHT, Item, Point, Tile, Tiles, WIDTH, corner};

/// From a bomb's drop to its blast, ticks: 2 s.
pub(crate) const FUSE_TICKS: u8 = 40;
/// The most bombs, reach and speed that power-ups give.
const MAX_BOMBS: u8 = 6;
const MAX_RANGE: u8 = 8;
/// Ticks that a step takes at first, and at best.
const STEP_TICKS: u8 = 6;
const MIN_STEP_TICKS: u8 = 3;

/// Somebody died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happening {
    /// Who.
    pub seat: Seat,
    /// Whose bomb did it, if one did.
    pub by: Option<Seat>,
}

/// The board and everybody on it.
#[state]
pub struct Arena {
    pub(crate) tiles: Tiles,
    pub(crate) bombs: Vec<Bomb>,
    pub(crate) fires: Vec<Fire>,
    figures: Vec<Figure>,
    /// Everybody who died in one tick is one entry, the first to die first.
    deaths: Vec<Vec<Seat>>,
}

#[state]
pub(crate) struct Bomb {
    pub(crate) at: Point,
    pub(crate) owner: Seat,
    pub(crate) range: u8,
    pub(crate) ticks_left: u8,
}

#[state]
pub(crate) struct Fire {
    pub(crate) at: Point,
    pub(crate) owner: Seat,
    pub(crate) ticks_left: u8,
}

#[state]
struct Figure {
    seat: Seat,
    at: Point,
    facing: Direction,
    alive: bool,
    /// Which way its player wants to go.
    wish: Option<Direction>,
    /// Ticks until it can step again.
    rest: u8,
    bombs: u8,
    range: u8,
    step_ticks: u8,
}

impl Arena {
    /// A new board with nobody on it.
    pub fn new(rng: &Rng) -> Arena {
        Arena { tiles: Tiles::new(rng), bombs: Vec::new(), fires: Vec::new(), figures: Vec::new(), deaths: Vec::new() }
    }

    /// A player's figure appears in its corner.
    pub fn enter(&mut self, seat: Seat) {
        self.withdraw(seat);
        self.figures.push(Figure {
            seat,
            at: corner(seat),
            facing: Direction::Down,
            alive: true,
            wish: None,
            rest: 0,
            bombs: 1,
            range: 2,
            step_ticks: STEP_TICKS,
        });
    }

    /// A figure disappears as if it had never been there.
    pub fn withdraw(&mut self, seat: Seat) {
        self.figures.retain(|figure| figure.seat != seat);
    }

    /// A player gives up: the figure dies.
    pub fn give_up(&mut self, seat: Seat) -> Vec<Happening> {
        self.kill(|figure| (figure.seat == seat).then_some(None))
    }

    /// Sets which way a figure walks.
    pub fn steer(&mut self, seat: Seat, direction: Option<Direction>) {
        if let Some(figure) = self.figure(seat) {
            figure.wish = direction;
        }
    }

    /// A figure drops a bomb, if it has one left and there is none yet.
    pub fn drop_bomb(&mut self, seat: Seat) {
        let Some(&mut Figure { at, range, bombs, .. }) = self.figure(seat) else { return };
        if bombs == 0 || self.has_bomb(at) || self.tiles.at(at) != Tile::Floor {
            return;
        }
        self.bombs.push(Bomb { at, owner: seat, range, ticks_left: FUSE_TICKS });
        self.give_bombs(seat, -1);
    }

    /// One tick passes. `closing`: ticks since the walls began to close in.
    pub fn tick(&mut self, rng: &Rng, closing: Option<u32>) -> Vec<Happening> {
        (0..self.figures.len()).for_each(|index| self.walk(index));
        self.burn(rng);
        if let Some(ticks) = closing {
            self.close_in(ticks);
        }
        let Arena { tiles, fires, .. } = self;
        let (tiles, fires) = (tiles.clone(), fires.clone());
        self.kill(|figure| {
            let fire = fires.iter().find(|fire| fire.at == figure.at);
            let crushed = (tiles.at(figure.at) == Tile::Wall).then_some(None);
            fire.map(|fire| Some(fire.owner)).or(crushed)
        })
    }

    /// How many are alive.
    pub fn alive(&self) -> usize {
        self.figures.iter().filter(|figure| figure.alive).count()
    }

    /// The living first; the later a figure died, the better.
    pub fn ranks(&self) -> Vec<(Seat, u16)> {
        let living: Vec<Seat> = self.figures.iter().filter(|figure| figure.alive).map(|figure| figure.seat).collect();
        let groups = [living].into_iter().chain(self.deaths.iter().rev().cloned());
        let (mut ranks, mut better) = (Vec::new(), 0);
        for group in groups {
            ranks.extend(group.iter().map(|seat| (*seat, better + 1)));
            better += group.len() as u16;
        }
        ranks
    }

    /// The board as players see it.
    pub fn cells(&self) -> [[Cell; WIDTH]; HEIGHT] {
        let mut cells = self.tiles.cells();
        let bombs = self.bombs.iter().map(|bomb| (bomb.at, Cell::Bomb));
        for (at, cell) in bombs.chain(self.fires.iter().map(|fire| (fire.at, Cell::Fire))) {
            cells[usize::from(at.y)][usize::from(at.x)] = cell;
        }
        cells
    }

    /// The figures as players see them.
    pub fn heroes(&self) -> Vec<Hero> {
        let hero = |figure: &Figure| {
            let Figure { seat, at, facing, alive, bombs, range, step_ticks, .. } = *figure;
            Hero { seat, at, facing, alive, bombs, range, step_ticks }
        };
        self.figures.iter().map(hero).collect()
    }

    pub(crate) fn has_bomb(&self, at: Point) -> bool {
        self.bombs.iter().any(|bomb| bomb.at == at)
    }

    /// A bomb goes out of a figure's hand, or back into it.
    pub(crate) fn give_bombs(&mut self, seat: Seat, change: i8) {
        if let Some(figure) = self.figures.iter_mut().find(|figure| figure.seat == seat) {
            figure.bombs = figure.bombs.saturating_add_signed(change);
        }
    }

    /// The figure of a seat, if it lives.
    fn figure(&mut self, seat: Seat) -> Option<&mut Figure> {
        self.figures.iter_mut().find(|figure| figure.seat == seat && figure.alive)
    }

    fn walk(&mut self, index: usize) {
        let figure = &mut self.figures[index];
        figure.rest = figure.rest.saturating_sub(1);
        let Some(direction) = figure.wish.filter(|_| figure.alive && figure.rest == 0) else { return };
        figure.facing = direction;
        let Some(to) = figure.at.next(direction) else { return };
        if self.has_bomb(to) || matches!(self.tiles.at(to), Tile::Wall | Tile::Brick) {
            return;
        }
        let figure = &mut self.figures[index];
        (figure.at, figure.rest) = (to, figure.step_ticks);
        if let Tile::Item(item) = self.tiles.at(to) {
            self.tiles.set(to, Tile::Floor);
            pick_up(figure, item);
        }
    }

    /// Kills the living for which `fate` names a killer, or that there is none.
    fn kill(&mut self, fate: impl Fn(&Figure) -> Option<Option<Seat>>) -> Vec<Happening> {
        let mut happened = Vec::new();
        for figure in self.figures.iter_mut().filter(|figure| figure.alive) {
            if let Some(by) = fate(figure) {
                figure.alive = false;
                happened.push(Happening { seat: figure.seat, by });
            }
        }
        if !happened.is_empty() {
            self.deaths.push(happened.iter().map(|death| death.seat).collect());
        }
        happened
    }
}

fn pick_up(figure: &mut Figure, item: Item) {
    match item {
        Item::Bomb => figure.bombs = (figure.bombs + 1).min(MAX_BOMBS),
        Item::Range => figure.range = (figure.range + 1).min(MAX_RANGE),
        Item::Speed => figure.step_ticks = (figure.step_ticks - 1).max(MIN_STEP_TICKS),
    }
}

//! Bombs going off: reach, bricks, chains.

use stadion_sdk::prelude::*;

use crate::arena::{Arena, Bomb, Fire};
use crate::map::{Direction, Item, Point, Tile};

/// How long fire stays, ticks.
pub(crate) const FIRE_TICKS: u8 = 8;
/// Of a hundred broken bricks, so many hide something.
const ITEMS_OF_100: u32 = 35;

impl Arena {
    /// Fires burn down, fuses too, and bombs whose time has come go off, with all that they reach.
    pub(crate) fn burn(&mut self, rng: &Rng) {
        self.fires.retain_mut(|fire| {
            fire.ticks_left -= 1;
            fire.ticks_left > 0
        });
        self.bombs.iter_mut().for_each(|bomb| bomb.ticks_left -= 1);
        while let Some(index) = self.bombs.iter().position(|bomb| bomb.ticks_left == 0) {
            let bomb = self.bombs.remove(index);
            self.explode(&bomb, rng);
        }
    }

    fn explode(&mut self, bomb: &Bomb, rng: &Rng) {
        self.give_bombs(bomb.owner, 1);
        self.ignite(bomb.at, bomb.owner);
        for direction in Direction::ALL {
            let mut at = bomb.at;
            for _ in 0..bomb.range {
                let Some(next) = at.next(direction) else { break };
                at = next;
                match self.tiles.at(at) {
                    Tile::Wall => break,
                    Tile::Brick => {
                        self.tiles.set(at, rubble(rng));
                        self.ignite(at, bomb.owner);
                        break;
                    }
                    Tile::Floor | Tile::Item(_) => {
                        self.tiles.set(at, Tile::Floor);
                        self.ignite(at, bomb.owner);
                    }
                }
            }
        }
    }

    /// Fire at a cell; a bomb there goes off in the same tick.
    fn ignite(&mut self, at: Point, owner: Seat) {
        self.fires.retain(|fire| fire.at != at);
        self.fires.push(Fire { at, owner, ticks_left: FIRE_TICKS });
        self.bombs.iter_mut().filter(|bomb| bomb.at == at).for_each(|bomb| bomb.ticks_left = 0);
    }
}

/// What is under a brick.
fn rubble(rng: &Rng) -> Tile {
    if rng.chance(ITEMS_OF_100, 100) {
        [Item::Bomb, Item::Range, Item::Speed].get(rng.below(3) as usize).map_or(Tile::Floor, |item| Tile::Item(*item))
    } else {
        Tile::Floor
    }
}

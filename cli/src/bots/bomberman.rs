//! A mind for bomberman: out of the way of blasts first, then bombs where they do something and leave a way out, else
//! towards something worth having. Now and then it overlooks a bomb, as people do: matches end.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value as Json, json};
use stadion_schema::Value;

use crate::input::random::Rng;
use crate::sight::bomberman::{Arena, At, Hero, Phase, Tile, Way};

/// Of a hundred bombs, so many are overlooked.
const OVERLOOKED_OF_100: u64 = 4;
/// Ticks until a bomb goes off, less a margin for the way to the server.
const FUSE_TICKS: usize = 40 - 6;

/// What it remembers between two looks.
#[derive(Default)]
pub(crate) struct Mind {
    going: Option<Way>,
    /// Bombs that are there, and whether this bot saw them.
    noticed: BTreeMap<At, bool>,
}

/// Where a search may end: how many steps away, and the first of them.
struct Found {
    steps: usize,
    first: Option<Way>,
    at: At,
}

impl Mind {
    /// `None`: not bomberman's view. Else what to send, if anything.
    pub(crate) fn act(&mut self, view: &Value, seat: u16, rng: &mut Rng) -> Option<Option<Json>> {
        let arena = Arena::read(view)?;
        let Some(me) = arena.hero(seat).filter(|hero| hero.alive) else { return Some(None) };
        self.look(&arena, rng);
        if matches!(arena.phase, Phase::Waiting | Phase::Countdown(_)) {
            return Some(None);
        }
        let danger = self.danger(&arena);
        if !danger[me.at.1][me.at.0] && me.bombs > 0 && self.is_worth_a_bomb(&arena, me) && escapes(&arena, me, &danger)
        {
            return Some(Some(json!("Bomb")));
        }
        let way = self.way(&arena, me, &danger, rng);
        if way == self.going {
            return Some(None);
        }
        self.going = way;
        Some(Some(json!({ "Go": way.map(Way::name) })))
    }

    /// Which way it goes is said anew: the game stops the figures of players who are away.
    pub(crate) fn say_again(&mut self) {
        self.going = None;
    }

    fn look(&mut self, arena: &Arena, rng: &mut Rng) {
        let before = std::mem::take(&mut self.noticed);
        for bomb in arena.bombs() {
            let seen = before.get(&bomb).copied().unwrap_or_else(|| rng.below(100) >= OVERLOOKED_OF_100);
            self.noticed.insert(bomb, seen);
        }
    }

    /// Cells that will burn, or burn now. Whose bomb it is cannot be seen: the longest reach counts.
    fn danger(&self, arena: &Arena) -> Vec<Vec<bool>> {
        let reach = arena.heroes.iter().map(|hero| hero.range).max().unwrap_or(1);
        let mut danger: Vec<Vec<bool>> =
            arena.rows.iter().map(|row| row.iter().map(|tile| *tile == Tile::Fire).collect()).collect();
        for (bomb, _) in self.noticed.iter().filter(|(_, seen)| **seen) {
            for (x, y) in arena.blast(*bomb, reach) {
                danger[y][x] = true;
            }
        }
        danger
    }

    /// A brick or an enemy in reach.
    fn is_worth_a_bomb(&self, arena: &Arena, me: &Hero) -> bool {
        let blast = arena.blast(me.at, me.range);
        let enemies = arena.heroes.iter().filter(|hero| hero.alive && hero.seat != me.seat);
        let brick = Way::ALL.iter().filter_map(|way| arena.next(me.at, *way)).any(|at| arena.tile(at) == Tile::Brick);
        brick || enemies.into_iter().any(|enemy| blast.contains(&enemy.at))
    }

    fn way(&self, arena: &Arena, me: &Hero, danger: &[Vec<bool>], rng: &mut Rng) -> Option<Way> {
        let safe = |at: At| !danger[at.1][at.0];
        if !safe(me.at) {
            return search(arena, me.at, |_| true, safe).and_then(|found| found.first);
        }
        let calm = |at: At| safe(at);
        let item = search(arena, me.at, calm, |at| matches!(arena.tile(at), Tile::Item(_)));
        let brick =
            |at: At| Way::ALL.iter().filter_map(|way| arena.next(at, *way)).any(|near| arena.tile(near) == Tile::Brick);
        let enemy = |at: At| arena.heroes.iter().any(|hero| hero.alive && hero.seat != me.seat && near(hero.at, at));
        let goal = item
            .filter(|found| found.steps < 8)
            .or_else(|| search(arena, me.at, calm, |at| at != me.at && enemy(at)).filter(|found| found.steps < 10))
            .or_else(|| search(arena, me.at, calm, |at| at != me.at && brick(at)))
            .or_else(|| search(arena, me.at, calm, |at| at != me.at && enemy(at)));
        match goal {
            Some(found) => found.first,
            // Nothing to do: a step anywhere, but not on every look.
            None if rng.below(10) == 0 => {
                let open: Vec<Way> = Way::ALL
                    .into_iter()
                    .filter(|way| arena.next(me.at, *way).is_some_and(|at| passable(arena, at) && safe(at)))
                    .collect();
                rng.pick(&open).copied()
            }
            None => None,
        }
    }
}

/// Whether, with a bomb here, a safe cell can be reached before it goes off.
fn escapes(arena: &Arena, me: &Hero, danger: &[Vec<bool>]) -> bool {
    let blast = arena.blast(me.at, me.range);
    let found = search(arena, me.at, |at| !danger[at.1][at.0], |at| !danger[at.1][at.0] && !blast.contains(&at));
    found.is_some_and(|found| found.at != me.at && found.steps * usize::from(me.step_ticks.max(1)) <= FUSE_TICKS)
}

fn near(a: At, b: At) -> bool {
    (a.0 == b.0 && a.1.abs_diff(b.1) <= 2) || (a.1 == b.1 && a.0.abs_diff(b.0) <= 2)
}

fn passable(arena: &Arena, at: At) -> bool {
    matches!(arena.tile(at), Tile::Floor | Tile::Item(_))
}

/// The nearest cell that is a goal, over passable cells that may be entered. The start itself counts, with no steps.
fn search(arena: &Arena, from: At, enter: impl Fn(At) -> bool, goal: impl Fn(At) -> bool) -> Option<Found> {
    let mut seen = vec![vec![false; arena.width()]; arena.height()];
    let mut queue = VecDeque::from([Found { steps: 0, first: None, at: from }]);
    seen[from.1][from.0] = true;
    while let Some(found) = queue.pop_front() {
        if goal(found.at) {
            return Some(found);
        }
        for way in Way::ALL {
            let Some(next) = arena.next(found.at, way) else { continue };
            if !seen[next.1][next.0] && passable(arena, next) && enter(next) {
                seen[next.1][next.0] = true;
                queue.push_back(Found { steps: found.steps + 1, first: found.first.or(Some(way)), at: next });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `#` wall, `+` brick, `o` bomb, `*` fire, `i` item, `0`..`3` heroes.
    fn arena(rows: &[&str]) -> Arena {
        let mut heroes = Vec::new();
        let tile = |c: char| match c {
            '#' => Tile::Wall,
            '+' => Tile::Brick,
            'o' => Tile::Bomb,
            '*' => Tile::Fire,
            'i' => Tile::Item(crate::sight::bomberman::Item::Range),
            _ => Tile::Floor,
        };
        for (y, row) in rows.iter().enumerate() {
            for (x, c) in row.chars().enumerate() {
                if let Some(seat) = c.to_digit(10) {
                    let seat = seat as u16;
                    heroes.push(Hero {
                        seat,
                        at: (x, y),
                        facing: Way::Up,
                        alive: true,
                        bombs: 1,
                        range: 2,
                        step_ticks: 6,
                    });
                }
            }
        }
        let rows = rows.iter().map(|row| row.chars().map(tile).collect()).collect();
        Arena { phase: Phase::Calm(60), rows, heroes }
    }

    fn way(arena: &Arena) -> Option<Way> {
        let mind = Mind { noticed: arena.bombs().map(|bomb| (bomb, true)).collect(), ..Mind::default() };
        let me = arena.hero(0).unwrap();
        mind.way(arena, me, &mind.danger(arena), &mut Rng::new(1))
    }

    #[test]
    fn it_leaves_the_line_of_a_bomb_by_the_shortest_way() {
        assert_eq!(way(&arena(&["o0..", "##.#", "...."])), Some(Way::Right));
        assert_eq!(way(&arena(&["o0..", "#.##", "...."])), Some(Way::Down));
    }

    #[test]
    fn it_fetches_what_lies_near() {
        assert_eq!(way(&arena(&["0.i", "###", "..."])), Some(Way::Right));
    }

    #[test]
    fn it_bombs_only_where_it_can_get_away() {
        for (rows, expected) in [(&["0+#", "..#", "..."], true), (&["0+#", "###", "..."], false)] {
            let arena = arena(rows);
            let mind = Mind::default();
            let me = arena.hero(0).unwrap();
            assert!(mind.is_worth_a_bomb(&arena, me));
            assert_eq!(escapes(&arena, me, &mind.danger(&arena)), expected, "{rows:?}");
        }
    }
}

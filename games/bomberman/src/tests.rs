//! Rules of bomberman, as players meet them.

use super::*;
use crate::arena::FUSE_TICKS;
use crate::blast::FIRE_TICKS;
use crate::map::{Item, Tile};

/// A match of so many, past its countdown.
fn playing(players: u16) -> Match<Bomberman> {
    let mut m = Match::<Bomberman>::with_players(players);
    m.ticks(u64::from(COUNTDOWN_TICKS) + 2);
    assert!(matches!(m.view(0).phase, Phase::Calm(_)));
    m
}

fn hero(m: &Match<Bomberman>, seat: u16) -> Hero {
    m.view(0).heroes.into_iter().find(|hero| hero.seat == Seat(seat)).unwrap()
}

/// An arena without bricks, with figures on seats 0 and 1 in opposite corners.
fn open_arena() -> (Arena, Rng) {
    let rng = Rng::new([1; 4]);
    let mut arena = Arena::new(&rng);
    for (x, y) in (0..WIDTH as u8).flat_map(|x| (0..HEIGHT as u8).map(move |y| (x, y))) {
        let at = Point { x, y };
        if arena.tiles.at(at) == Tile::Brick {
            arena.tiles.set(at, Tile::Floor);
        }
    }
    arena.enter(Seat(0));
    arena.enter(Seat(1));
    (arena, rng)
}

fn ticks(arena: &mut Arena, rng: &Rng, count: u32) -> Vec<Happening> {
    (0..count).flat_map(|_| arena.tick(rng, None)).collect()
}

fn fire_cells(arena: &Arena) -> usize {
    arena.cells().iter().flatten().filter(|cell| **cell == Cell::Fire).count()
}

#[test]
fn a_full_match_begins_after_its_countdown() {
    let mut m = Match::<Bomberman>::with_players(2);
    assert_eq!(m.view(0).phase, Phase::Countdown(3));
    m.send(0, In::Go(Some(Direction::Right))).ticks(u64::from(COUNTDOWN_TICKS));
    assert_eq!(hero(&m, 0).at, Point { x: 0, y: 0 }, "nobody moves before the start");
    m.ticks(2);
    assert_eq!(hero(&m, 0).at, Point { x: 1, y: 0 });
    assert_eq!(m.received(1), [Out::Begins]);
    assert!(!m.is_open());
}

#[test]
fn two_of_four_do_not_wait_for_ever() {
    let mut m = Match::<Bomberman>::plan().seats(4).players(2);
    m.pass(PATIENCE - Duration::from_secs(1));
    assert_eq!(m.view(0).phase, Phase::Waiting);
    m.pass(Duration::from_secs(2));
    assert!(matches!(m.view(0).phase, Phase::Countdown(_)));
}

#[test]
fn a_figure_walks_as_long_as_it_is_told_to_and_stops_at_walls() {
    let (mut arena, rng) = open_arena();
    arena.steer(Seat(0), Some(Direction::Down));
    ticks(&mut arena, &rng, 100);
    assert_eq!(arena.heroes()[0].at, Point { x: 0, y: HEIGHT as u8 - 1 });
    arena.steer(Seat(0), Some(Direction::Left));
    ticks(&mut arena, &rng, 10);
    assert_eq!(arena.heroes()[0].at.x, 0);
}

#[test]
fn a_bomb_kills_who_stays_beside_it() {
    let mut m = playing(2);
    m.send(0, In::Bomb).ticks(u64::from(FUSE_TICKS) - 1);
    assert!(!m.is_finished());
    m.ticks(2);
    assert!(m.result().won_by(1));
    assert!(m.received(1).contains(&Out::Died { seat: Seat(0), by: Some(Seat(0)) }));
    assert!(!hero(&m, 0).alive, "the last view shows it");
}

#[test]
fn fire_stops_at_walls_breaks_one_brick_and_burns_out() {
    let (mut arena, rng) = open_arena();
    arena.tiles.set(Point { x: 2, y: 0 }, Tile::Brick);
    arena.tiles.set(Point { x: 3, y: 0 }, Tile::Brick);
    arena.drop_bomb(Seat(0));
    ticks(&mut arena, &rng, u32::from(FUSE_TICKS));
    assert_ne!(arena.tiles.at(Point { x: 2, y: 0 }), Tile::Brick);
    assert_eq!(arena.tiles.at(Point { x: 3, y: 0 }), Tile::Brick);
    assert_eq!(fire_cells(&arena), 5, "itself, two to the right, two down");
    ticks(&mut arena, &rng, u32::from(FIRE_TICKS));
    assert_eq!(fire_cells(&arena), 0);
}

#[test]
fn a_bomb_sets_off_others_in_the_same_tick() {
    let (mut arena, rng) = open_arena();
    arena.drop_bomb(Seat(0));
    ticks(&mut arena, &rng, 20);
    for (x, y) in [(2, 0), (4, 0), (6, 0)] {
        arena.bombs.push(crate::arena::Bomb { at: Point { x, y }, owner: Seat(1), range: 2, ticks_left: FUSE_TICKS });
    }
    ticks(&mut arena, &rng, 20);
    assert!(arena.bombs.is_empty());
    assert_eq!(arena.cells()[0][8], Cell::Fire, "the farthest reach of the last");
}

#[test]
fn power_ups_do_what_they_say() {
    let (mut arena, rng) = open_arena();
    for (x, item) in [(1, Item::Bomb), (2, Item::Range), (3, Item::Speed)] {
        arena.tiles.set(Point { x, y: 0 }, Tile::Item(item));
    }
    let before = arena.heroes()[0];
    arena.steer(Seat(0), Some(Direction::Right));
    ticks(&mut arena, &rng, 20);
    let after = arena.heroes()[0];
    assert_eq!(
        (after.bombs, after.range, after.step_ticks),
        (before.bombs + 1, before.range + 1, before.step_ticks - 1)
    );
    assert!(arena.cells()[0].iter().all(|cell| !matches!(cell, Cell::Item(_))));
}

#[test]
fn a_figure_has_only_so_many_bombs_out() {
    let (mut arena, rng) = open_arena();
    arena.drop_bomb(Seat(0));
    arena.steer(Seat(0), Some(Direction::Down));
    ticks(&mut arena, &rng, 7);
    arena.drop_bomb(Seat(0));
    assert_eq!(arena.bombs.len(), 1);
    ticks(&mut arena, &rng, u32::from(FUSE_TICKS));
    assert_eq!(arena.heroes()[0].bombs, 1, "it is back");
}

#[test]
fn a_match_without_players_at_the_keys_ends() {
    let mut m = playing(4);
    m.ticks(u64::from(CALM_TICKS) + 1);
    assert_eq!(m.view(0).phase, Phase::SuddenDeath);
    m.pass(Duration::from_secs(60));
    assert!(m.is_finished());
}

#[test]
fn players_who_leave_die_and_the_last_one_wins() {
    let mut m = playing(3);
    m.leave(1).ticks(1);
    assert!(!hero(&m, 1).alive && !m.is_finished());
    m.disconnect(2).ticks(5);
    assert!(!m.is_finished(), "a lost player may come back");
    m.time_out(2).ticks(1);
    assert!(m.result().won_by(0));
    assert_eq!((m.result().rank(1), m.result().rank(2)), (Some(3), Some(2)));
}

#[test]
fn who_dies_together_shares_a_rank() {
    let (mut arena, rng) = open_arena();
    for seat in [0, 1] {
        arena.drop_bomb(Seat(seat));
    }
    let died = ticks(&mut arena, &rng, u32::from(FUSE_TICKS));
    assert_eq!(died.len(), 2);
    assert_eq!(arena.ranks(), [(Seat(0), 1), (Seat(1), 1)]);
}

#[test]
fn a_view_is_small_enough_to_be_unreliable() {
    let m = playing(4);
    let bytes = stadion_sdk::message::encode(&m.view(0)).len();
    assert!(bytes < 300, "{bytes}");
}

/// Whatever players press, the two copies of the game agree and the match ends.
#[test]
fn wild_players_end_a_match_too() {
    for seed in 0..8 {
        let mut m = Match::<Bomberman>::plan().seed(seed).players(4);
        let dice = Rng::new([seed, 0, 0, 1]);
        while !m.is_finished() {
            for seat in 0..4 {
                let message = match dice.below(12) {
                    0 => In::Bomb,
                    1 => In::Go(None),
                    way => In::Go(Direction::ALL.get(way as usize % 4).copied()),
                };
                m.send(seat, message);
            }
            m.ticks(7);
        }
    }
}

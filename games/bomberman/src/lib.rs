//! Bomberman: two to four players, bombs, bricks, power-ups; the last one standing wins. 20 ticks a second.

pub mod arena;
mod blast;
mod closing;
pub mod map;

use arena::{Arena, Happening};
use map::{Cell, Direction, HEIGHT, Point, WIDTH};
use stadion_sdk::prelude::*;

/// Ticks a second.
pub const RATE: u16 = 20;
/// How long a match with a free seat waits for another player once it has two.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// From the last player's arrival to the first step.
pub const COUNTDOWN_TICKS: u32 = 3 * RATE as u32;
/// After so long the walls close in.
pub const CALM_TICKS: u32 = 120 * RATE as u32;

/// What players send.
#[message]
pub enum In {
    /// Walks this way until told otherwise; `None` stops.
    Go(Option<Direction>),
    /// Drops a bomb where the hero stands, if one is left.
    Bomb,
}

/// What the game tells everybody.
#[message]
pub enum Out {
    /// The match begins now.
    Begins,
    /// A hero is dead.
    Died {
        /// Whose.
        seat: Seat,
        /// Whose bomb did it; none if the player left or the walls closed in.
        by: Option<Seat>,
    },
}

/// How far the match is.
#[message]
#[derive(Copy)]
pub enum Phase {
    /// Players are missing.
    Waiting,
    /// It begins in so many seconds.
    Countdown(u8),
    /// The walls stand still for so many more seconds.
    Calm(u8),
    /// The walls close in.
    SuddenDeath,
}

/// A player's figure.
#[message]
#[derive(Copy)]
pub struct Hero {
    /// Whose it is.
    pub seat: Seat,
    /// Where it stands, or where it died.
    pub at: Point,
    /// Which way it looks.
    pub facing: Direction,
    /// Whether it still plays.
    pub alive: bool,
    /// Bombs that it may drop now.
    pub bombs: u8,
    /// How far its bombs reach, cells.
    pub range: u8,
    /// Ticks that a step takes; a client moves the figure over so many from its last cell to this one.
    pub step_ticks: u8,
}

/// What everybody sees: the whole board.
#[message]
pub struct View {
    /// How far the match is.
    pub phase: Phase,
    /// Row by row from the top.
    pub cells: [[Cell; WIDTH]; HEIGHT],
    /// Everybody's figure.
    pub heroes: Vec<Hero>,
}

/// One match.
#[state]
pub struct Bomberman {
    arena: Arena,
    stage: Stage,
}

#[state]
#[derive(Copy)]
enum Stage {
    Waiting,
    /// Ticks left.
    Countdown(u32),
    /// Ticks played.
    Playing(u32),
}

impl Game for Bomberman {
    const INFO: Info =
        Info::new("bomberman").seats(2..=4).tick_rate(RATE).unreliable_view().reconnect_for(20).spectators();
    type In = In;
    type Out = Out;
    type View = View;
    /// The wait for more players is over.
    type Timer = ();

    fn start(cx: &Cx<Self>) -> Self {
        Bomberman { arena: Arena::new(&cx.rng), stage: Stage::Waiting }
    }

    fn join(&mut self, cx: &Cx<Self>, seat: Seat) {
        if !matches!(self.stage, Stage::Waiting) {
            return; // Too late for a figure: the match was closed, but this player was on the way.
        }
        self.arena.enter(seat);
        if cx.full() {
            self.count_down(cx);
        } else if cx.seats().len() == 2 {
            cx.after(PATIENCE, ());
        }
    }

    fn timer(&mut self, cx: &Cx<Self>, _: ()) {
        if matches!(self.stage, Stage::Waiting) && cx.seats().len() >= 2 {
            self.count_down(cx);
        }
    }

    fn message(&mut self, _: &Cx<Self>, from: Seat, message: In) {
        match (self.stage, message) {
            (_, In::Go(direction)) => self.arena.steer(from, direction),
            (Stage::Playing(_), In::Bomb) => self.arena.drop_bomb(from),
            (_, In::Bomb) => {}
        }
    }

    fn tick(&mut self, cx: &Cx<Self>) {
        self.stage = match self.stage {
            Stage::Waiting => return,
            Stage::Countdown(0) => {
                cx.broadcast(&Out::Begins);
                Stage::Playing(0)
            }
            Stage::Countdown(left) => Stage::Countdown(left - 1),
            Stage::Playing(ticks) => {
                let closing = ticks.checked_sub(CALM_TICKS);
                let happened = self.arena.tick(&cx.rng, closing);
                self.tell(cx, happened);
                Stage::Playing(ticks + 1)
            }
        };
    }

    fn disconnect(&mut self, _: &Cx<Self>, seat: Seat) {
        self.arena.steer(seat, None);
    }

    fn leave(&mut self, cx: &Cx<Self>, seat: Seat, _: Leave) {
        match self.stage {
            Stage::Waiting => self.arena.withdraw(seat),
            Stage::Countdown(_) | Stage::Playing(_) => {
                let happened = self.arena.give_up(seat);
                self.tell(cx, happened);
            }
        }
    }

    fn spectator_view(&self, cx: &Cx<Self>) -> Option<View> {
        Some(self.view(cx, Seat::SPECTATOR))
    }

    fn view(&self, _: &Cx<Self>, _: Seat) -> View {
        let seconds = |ticks: u32| ticks.div_ceil(u32::from(RATE)) as u8;
        let phase = match self.stage {
            Stage::Waiting => Phase::Waiting,
            Stage::Countdown(left) => Phase::Countdown(seconds(left)),
            Stage::Playing(ticks) if ticks < CALM_TICKS => Phase::Calm(seconds(CALM_TICKS - ticks)),
            Stage::Playing(_) => Phase::SuddenDeath,
        };
        View { phase, cells: self.arena.cells(), heroes: self.arena.heroes() }
    }
}

impl Bomberman {
    fn count_down(&mut self, cx: &Cx<Self>) {
        self.stage = Stage::Countdown(COUNTDOWN_TICKS);
        cx.cancel(&());
        cx.set_open(false);
    }

    /// Tells who died, and ends the match when at most one is left.
    fn tell(&mut self, cx: &Cx<Self>, happened: Vec<Happening>) {
        for Happening { seat, by } in happened {
            cx.broadcast(&Out::Died { seat, by });
        }
        if self.arena.alive() <= 1 {
            cx.finish(Results::ranks(self.arena.ranks()));
        }
    }
}

game!(Bomberman, save);

#[cfg(test)]
mod tests;

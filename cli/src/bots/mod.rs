//! Programs that play: a sensible one for games that have one here, chance for every other. Pure: told what a seat sees,
//! they answer what to send.

mod bomberman;
mod hearts;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::json;
use stadion_schema::{Root, Schema, Value};

use crate::input::random::{self, Rng};
use crate::sight::tictactoe::Position;

/// One player that is a program.
pub(crate) struct Bot {
    mind: Mind,
    rng: Rng,
}

enum Mind {
    /// Anything of the right shape.
    Chance,
    /// Wins if it can, hinders if it must.
    TicTacToe,
    /// Walks, bombs, runs.
    Bomberman(bomberman::Mind),
    /// Plays a card that the view says may be played.
    Hearts,
}

impl Bot {
    /// For a game of that name; the same seed sees the same and does the same.
    pub(crate) fn of(game: &str, seed: u64) -> Bot {
        let mind = match game {
            "tictactoe" => Mind::TicTacToe,
            "bomberman" => Mind::Bomberman(bomberman::Mind::default()),
            "hearts" => Mind::Hearts,
            _ => Mind::Chance,
        };
        Bot { mind, rng: Rng::new(seed) }
    }

    /// How long it waits between two looks at what it sees.
    pub(crate) fn pace(&self) -> Duration {
        match self.mind {
            Mind::Chance => Duration::from_millis(250),
            Mind::TicTacToe | Mind::Hearts => Duration::from_millis(100),
            Mind::Bomberman(_) => Duration::from_millis(50),
        }
    }

    /// What was said may not be known any more: the connection was lost, or there was no room for it.
    pub(crate) fn say_again(&mut self) {
        if let Mind::Bomberman(mind) = &mut self.mind {
            mind.say_again();
        }
    }

    /// What to send, if anything. A mind that does not understand the view leaves it to chance: another game may have
    /// the same name.
    pub(crate) fn act(&mut self, schema: &Schema, seat: u16, view: Option<&Value>) -> Option<Value> {
        let Bot { mind, rng } = self;
        let thought = match (mind, view) {
            (Mind::Chance, _) => return Some(random::input(schema, rng)),
            (_, None) => return None,
            (Mind::TicTacToe, Some(view)) => Position::read(view).map(|position| place(&position, rng)),
            (Mind::Bomberman(mind), Some(view)) => mind.act(view, seat, rng),
            (Mind::Hearts, Some(view)) => hearts::act(view, rng),
        };
        match thought {
            Some(nothing_or) => schema.from_json(Root::In, &nothing_or?).ok(),
            None => Some(random::input(schema, rng)),
        }
    }
}

fn place(position: &Position, rng: &mut Rng) -> Option<serde_json::Value> {
    if position.turn != position.you {
        return None;
    }
    let other = 1 - position.you.min(1);
    let best = position.completes(position.you).or_else(|| position.completes(other));
    let cell = best.or_else(|| rng.pick(&position.free()).copied())?;
    Some(json!({ "Place": cell }))
}

//! How the example games are played by programs: the next input of a seat, from what it sees; and when to try again.

use bomberman::map::Direction;

/// Puts a mark on the first empty cell, when it is this seat's turn.
pub fn tictactoe(view: &tictactoe::View) -> Option<tictactoe::In> {
    let cell = view.cells.iter().position(Option::is_none)?;
    (view.turn == view.you).then(|| tictactoe::In::Place(u8::try_from(cell).unwrap()))
}

/// Seat 0 stays on its bombs, the others walk away: the match has an end soon.
pub fn bomberman(view: &bomberman::View, seat: u16) -> Option<bomberman::In> {
    let hero = view.heroes.iter().find(|hero| hero.seat.0 == seat)?;
    let playing = matches!(view.phase, bomberman::Phase::Calm(_) | bomberman::Phase::SuddenDeath);
    match seat {
        _ if !playing || !hero.alive => None,
        0 => (hero.bombs > 0).then_some(bomberman::In::Bomb),
        _ => Some(bomberman::In::Go(Some(Direction::Left))),
    }
}

/// Passes the first three cards, plays the first that may be played.
pub fn hearts(view: &hearts::View) -> Option<hearts::In> {
    match &view.phase {
        hearts::Phase::Waiting => None,
        hearts::Phase::Passing(_, chosen) => {
            let cards = view.hand.first_chunk::<3>()?;
            (!chosen[view.you.index()]).then_some(hearts::In::Pass(*cards))
        }
        hearts::Phase::Playing(seat) => {
            let card = view.playable.first()?;
            (*seat == view.you).then_some(hearts::In::Play(*card))
        }
    }
}

/// Looks at an unchanged view before an input is tried again: it may have come too early, as before all have joined.
const PATIENCE: u32 = 50;

/// When a program acts: at once on a new view, and again on one that does not change.
#[derive(Debug)]
pub struct Pace<V> {
    last: Option<V>,
    looks: u32,
}

impl<V> Default for Pace<V> {
    fn default() -> Pace<V> {
        Pace { last: None, looks: 0 }
    }
}

impl<V: PartialEq> Pace<V> {
    /// The view, when it is time to act on it.
    pub fn due(&mut self, view: Option<V>) -> Option<&V> {
        self.looks += 1;
        let again = self.looks.is_multiple_of(PATIENCE);
        if view == self.last && !again {
            return None;
        }
        self.last = view;
        self.last.as_ref()
    }
}

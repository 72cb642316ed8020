//! A match as others see it.

use stadion_protocol::Tick;
use stadion_protocol::contract::{MatchState, MatchStatus};

use super::{Life, Phase};

impl Life {
    /// The match now.
    pub fn status(&self) -> MatchStatus {
        MatchStatus {
            id: self.spec.id,
            game: self.spec.game.clone(),
            version: self.spec.version,
            state: match self.phase {
                Phase::Running(_) if !self.is_finishing() => MatchState::Running,
                Phase::Running(_) | Phase::Lingering(_) => MatchState::Finishing,
                Phase::Over(_) => MatchState::Ended,
            },
            incarnation: self.spec.incarnation,
            tick: Tick(self.tick),
            seat_count: self.seats.count(),
            seats: self.seats.statuses(),
            open: self.open,
            label: self.label.clone(),
        }
    }

    /// The tick that the guest is working on, or the newest.
    pub fn tick_in_flight(&self) -> u64 {
        match &self.phase {
            Phase::Running(super::Running { in_flight: Some(flown), .. }) => flown.input.number,
            _ => self.tick,
        }
    }

    /// The newest recorded tick.
    pub fn tick(&self) -> Tick {
        Tick(self.tick)
    }

    /// Connected players.
    pub fn players(&self) -> usize {
        self.conns.len()
    }
}

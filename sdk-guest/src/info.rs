//! What a game says about itself.

use std::ops::RangeInclusive;

use crate::raw::Description;

/// What must agree with the code: name, seats, pace, limits. Built as a constant:
///
/// ```
/// # use stadion_sdk::Info;
/// const INFO: Info = Info::new("bomberman").seats(2..=4).tick_rate(20).unreliable_view().reconnect_for(30);
/// ```
///
/// What operators change without a rebuild (queues, durability, ..) stands in the game's `stadion.toml` instead.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    pub(crate) title: &'static str,
    pub(crate) seats_min: u16,
    pub(crate) seats_max: u16,
    pub(crate) teams: u16,
    pub(crate) rate: u16,
    pub(crate) unreliable_view: bool,
    pub(crate) reconnect_s: Option<u32>,
    pub(crate) spectators: bool,
    pub(crate) memory_bytes: u64,
    pub(crate) step_us: u32,
}

impl Info {
    /// A game of that title for exactly 2 players, driven by events, with 64 MiB of memory and 5 ms a step.
    pub const fn new(title: &'static str) -> Info {
        Info {
            title,
            seats_min: 2,
            seats_max: 2,
            teams: 0,
            rate: 0,
            unreliable_view: false,
            reconnect_s: None,
            spectators: false,
            memory_bytes: 64 << 20,
            step_us: 5_000,
        }
    }

    /// How few and how many players a match may have.
    pub const fn seats(mut self, seats: RangeInclusive<u16>) -> Info {
        assert!(*seats.start() >= 1 && *seats.start() <= *seats.end(), "seats go from at least 1 up");
        self.seats_min = *seats.start();
        self.seats_max = *seats.end();
        self
    }

    /// How many teams the players are dealt into; 0 (the default) for none.
    pub const fn teams(mut self, teams: u16) -> Info {
        self.teams = teams;
        self
    }

    /// Calls [`crate::Game::tick`] this often a second. Without it the game runs only on events and timers.
    pub const fn tick_rate(mut self, ticks_a_second: u16) -> Info {
        assert!(ticks_a_second <= 240, "at most 240 ticks a second");
        self.rate = ticks_a_second;
        self
    }

    /// Views may be lost and arrive at once, without waiting for the match's journal: for games whose view changes all
    /// the time. The newest is repeated until it has arrived. The last view of a match is always reliable.
    pub const fn unreliable_view(mut self) -> Info {
        self.unreliable_view = true;
        self
    }

    /// How long a lost player's seat is kept, seconds. Without it the server's default holds.
    pub const fn reconnect_for(mut self, seconds: u32) -> Info {
        self.reconnect_s = Some(seconds);
        self
    }

    /// Whoever knows of a match may watch it without a seat, and sees [`crate::Game::spectator_view`]. In `stadion.toml`,
    /// `spectators` (`off`, `friends`, `allowed`) and `spectators-delay-seconds` say otherwise.
    pub const fn spectators(mut self) -> Info {
        self.spectators = true;
        self
    }

    /// The most memory that a match may use, bytes.
    pub const fn memory(mut self, bytes: u64) -> Info {
        self.memory_bytes = bytes;
        self
    }

    /// The CPU time that one step may take, microseconds. A step that takes longer ends the match.
    pub const fn step_budget(mut self, us: u32) -> Info {
        self.step_us = us;
        self
    }

    /// The title.
    pub const fn title(&self) -> &'static str {
        self.title
    }

    /// As the contract has it.
    pub(crate) fn describe(&self, schema: Option<&[u8]>) -> Description {
        let reconnect = self.reconnect_s.map(|seconds| ("reconnect-seconds".to_owned(), seconds.to_string()));
        let spectators = self.spectators.then(|| ("spectators".to_owned(), "allowed".to_owned()));
        Description {
            title: self.title.to_owned(),
            seats_min: self.seats_min,
            seats_max: self.seats_max,
            teams: self.teams,
            rate: self.rate,
            memory_bytes: self.memory_bytes,
            step_us: self.step_us,
            schema: schema.map(<[u8]>::to_vec),
            settings: reconnect.into_iter().chain(spectators).collect(),
        }
    }
}

//! Queues: where players wait for a match, and the rules by which one is made.
//!
//! A pure core: no clock, no socket, no database, no randomness. [`Queue`] takes tickets and answers, and each
//! [`Queue::step`] says what has come of them by then. Whoever drives it does what it says and keeps the tickets.
//!
//! ```text
//!   add ──▶ waiting ──a match is found──▶ found ──all confirm──▶ formed ──▶ (the driver creates the match)
//!             ▲                             │
//!             └── at the front ◀── others ──┴── one declines or is silent ──▶ that one's ticket is dropped
//!   add ──▶ waiting ──a seat is free in a running match──▶ filled
//! ```
//!
//! **A match has a level** that lies in the window of each of its tickets: the ticket's rating, give or take
//! `skill-window`, widening as it waits. So whoever waits long comes to others at last, and others who have just come are
//! not dragged far from their own level. Without skill windows it is first come, first served.
//!
//! **Invariants.** A ticket's players stay together, in one team; in a free-for-all, in one match. Nobody is in two tickets or two found matches. Players who
//! have blocked one another never meet. Whoever waits longest is served first, and those who confirmed a match that came to
//! nothing before everybody else.

mod form;
mod queue;
#[cfg(test)]
mod simulation;
mod teams;
#[cfg(test)]
mod tests;
mod vacancy;
mod waits;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use stadion_protocol::{InvalidId, MatchId, PlayerId};

pub use queue::{Queue, QueueWord};
pub use vacancy::Vacancy;

use crate::model::UnixMs;

/// Tickets that wait in one queue at most: about 30 MB of them.
pub const MAX_TICKETS: usize = 50_000;

/// Regions that a ticket tells latencies to at most.
pub const MAX_REGIONS: usize = 16;

/// A search: of one player, or of a party. 128 random bits, written as match ids are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketId(pub MatchId);

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TicketId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<TicketId, InvalidId> {
        text.parse().map(TicketId)
    }
}

/// One of a ticket's players.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrant {
    /// Who.
    pub player: PlayerId,
    /// The name that others see.
    pub name: String,
    /// Points.
    pub rating: i32,
    /// Whom it does not want to meet.
    pub blocked: Vec<PlayerId>,
}

/// Players who want to play together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Names it.
    pub id: TicketId,
    /// At least one, at most [`stadion_protocol::contract::QueueRules::party_size`].
    pub players: Vec<Entrant>,
    /// Round trips to regions, milliseconds, the worst of its players for each; none: they play anywhere.
    pub latencies: Vec<(String, u16)>,
    /// Since when they wait. A search that goes on elsewhere keeps it.
    pub since: UnixMs,
}

impl Ticket {
    /// The mean of its players' ratings.
    fn rating(&self) -> i32 {
        let sum: i64 = self.players.iter().map(|entrant| i64::from(entrant.rating)).sum();
        i32::try_from(sum / i64::try_from(self.players.len().max(1)).unwrap_or(1)).unwrap_or(i32::MAX)
    }

    fn size(&self) -> u16 {
        u16::try_from(self.players.len()).unwrap_or(u16::MAX)
    }

    /// Whether one of its players has blocked this one.
    fn blocks(&self, player: &PlayerId) -> bool {
        self.players.iter().any(|entrant| entrant.blocked.contains(player))
    }

    /// Whether somebody of one has blocked somebody of the other.
    fn shuns(&self, other: &Ticket) -> bool {
        other.players.iter().any(|entrant| self.blocks(&entrant.player))
            || self.players.iter().any(|entrant| other.blocks(&entrant.player))
    }
}

/// A match that is to be: who plays, on which side, where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineup {
    /// What the match is going to be called.
    pub id: MatchId,
    /// Whose players they are.
    pub tickets: Vec<TicketId>,
    /// The players of each team.
    pub teams: Vec<Vec<Entrant>>,
    /// The region that is nearest to all together; `None`: nobody told latencies.
    pub region: Option<String>,
}

impl Lineup {
    /// All of its players.
    pub fn players(&self) -> impl Iterator<Item = &Entrant> {
        self.teams.iter().flatten()
    }
}

/// Why a ticket does not wait.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketRefusal {
    /// More players than a team has.
    #[error("parties of this queue have at most {most} players, and you are {players}")]
    TooLarge {
        /// Of the ticket.
        players: usize,
        /// Of the largest party that fits.
        most: u16,
    },
    /// One of them waits here already.
    #[error("{0} waits in this queue already")]
    Waiting(PlayerId),
    /// As many wait as may.
    #[error("{MAX_TICKETS} searches wait in this queue already; try again later")]
    Full,
    /// One of them has blocked another.
    #[error("players who have blocked one another do not search together")]
    Blocked,
}

/// Why an answer to a ready check does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no match that waits for your answer was found; it may have expired")]
pub struct NothingToConfirm;

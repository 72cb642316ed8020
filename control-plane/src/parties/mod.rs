//! Parties: players who search together.
//!
//! A pure state machine: no clock, no socket, no database. [`Party::apply`] takes who does what and when, and answers what
//! came of it, or why not; nothing of a refused action stays. Whoever keeps parties keeps the value between two calls.
//!
//! ```text
//!                 invite, join, leave, kick, hand over, ready
//!                      ┌───────┐
//!            create ──▶ Gathering ──search (leader, all ready)──▶ Searching ──matched──▶ Playing ──┐
//!                      ▲                                       │                                   │
//!                      ├── cancelled, someone left or not ready ┘                                  │
//!                      └────────────────────────────── the match is over ─────────────────────────┘
//!            the last one leaves ──▶ dissolved
//! ```
//!
//! **Invariants.** The leader is a member. A party has between one and [`Limits::members`] members, each once. Nobody is
//! both a member and invited. A party that searches or plays is of the members that were ready when the search began, less
//! those who have left since: nobody is added to a search.

mod party;
mod refusal;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::QueueName;
use stadion_protocol::{GameName, InvalidId, MatchCode, MatchId, PlayerId};

pub use party::{Applied, Party};
pub use refusal::Refusal;

use crate::model::UnixMs;
use crate::queues::TicketId;

/// A party, as long as it lasts: 128 random bits, written as match ids are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartyId(pub MatchId);

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PartyId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<PartyId, InvalidId> {
        text.parse().map(PartyId)
    }
}

/// What a link to a party carries: whoever has it may join. Written as match codes are, with more letters: it is a
/// permission, and must not be found by trying.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartyCode(MatchCode);

impl PartyCode {
    /// From random bytes.
    pub fn from_random(bytes: [u8; 8]) -> PartyCode {
        PartyCode(MatchCode::from_random(&bytes))
    }
}

impl fmt::Display for PartyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PartyCode {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<PartyCode, InvalidId> {
        text.parse().map(PartyCode)
    }
}

/// How large a party may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Members at most, at least 1.
    pub members: u16,
    /// Open invitations at most.
    pub invitations: u16,
    /// How long an invitation is good, milliseconds.
    pub invitation_ms: u64,
    /// How long a member who is away stays one, milliseconds: long enough for a lost network, a phone call, a restart.
    pub away_ms: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { members: 8, invitations: 16, invitation_ms: 5 * 60_000, away_ms: 10 * 60_000 }
    }
}

/// One of a party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub player: PlayerId,
    /// The name that others see.
    pub name: String,
    /// Whether to search may begin, as far as this one is concerned.
    pub ready: bool,
    /// Since when nobody listens for it; `None`: it is there.
    pub away_since: Option<UnixMs>,
}

/// Somebody was asked in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Who.
    pub player: PlayerId,
    /// By which member.
    pub by: PlayerId,
    /// It is void from then on.
    pub until: UnixMs,
}

/// A search of a party, by its ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// Names the search; a word about another one is about one that is over.
    pub ticket: TicketId,
    /// For which game.
    pub game: GameName,
    /// In which of its queues.
    pub queue: QueueName,
    /// Since when.
    pub since: UnixMs,
}

/// What a party does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// It forms.
    Gathering,
    /// It waits in a queue; the ready check of a match that was found belongs to that.
    Searching(Search),
    /// It is in a match.
    Playing {
        /// Of which game.
        game: GameName,
        /// Which.
        id: MatchId,
    },
}

/// Who does something: a player, or the control plane itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A member asks somebody in; again: for longer.
    Invite {
        /// Whom.
        player: PlayerId,
    },
    /// Somebody who was invited comes.
    Accept {
        /// The name that others see.
        name: String,
    },
    /// Somebody who was invited does not come.
    Decline,
    /// Somebody comes by a link.
    Join {
        /// What the link carries.
        code: PartyCode,
        /// The name that others see.
        name: String,
    },
    /// A member goes. Of a leader who goes, the one who has been there longest takes over.
    Leave,
    /// The leader has a member go, who cannot come back by the link that it knows.
    Kick {
        /// Whom.
        player: PlayerId,
        /// The link from now on.
        code: PartyCode,
    },
    /// The leader lets another member lead.
    HandOver {
        /// Whom.
        to: PlayerId,
    },
    /// A member is ready, or is not; that ends a search.
    Ready(bool),
    /// The leader begins to search.
    Search(Search),
    /// The leader ends the search.
    Cancel,
}

/// What the control plane itself says about a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Nobody listens for a member any more.
    Away(PlayerId),
    /// Somebody does again.
    Back(PlayerId),
    /// The search led to a match.
    Matched {
        /// Of which search.
        ticket: TicketId,
        /// To which.
        id: MatchId,
    },
    /// The search ended without one; those who are named are not ready any more.
    SearchEnded {
        /// Which.
        ticket: TicketId,
        /// Who did not confirm.
        unready: Vec<PlayerId>,
    },
    /// A match is over.
    MatchOver(MatchId),
}

/// What somebody has to be told, or another part of the control plane to do, because of a change. That the party itself
/// changed, all members are told in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Somebody was invited.
    Invited(Invitation),
    /// An invitation is void: declined, expired, or the party is gone.
    InvitationGone(PlayerId),
    /// Somebody is a member now.
    Joined(PlayerId),
    /// Somebody is a member no more.
    Left(PlayerId, Departure),
    /// A search has begun.
    SearchBegan(Search),
    /// A search is to end.
    SearchEnded(Search),
    /// Nobody is left.
    Dissolved,
}

/// Why somebody is a member no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// By its own wish.
    Left,
    /// By the leader's.
    Kicked,
    /// It was away too long.
    Away,
}

//! Seats that fell free in running matches, and who gets them.

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::QueueRules;
use stadion_protocol::{MatchId, PlayerId};

use super::form::Round;
use super::{Ticket, UnixMs};

/// A running match that wants players.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vacancy {
    /// Which match.
    pub id: MatchId,
    /// Free seats of each team.
    pub free: Vec<u16>,
    /// The mean rating of those who play.
    pub level: i32,
    /// Where it runs; `None`: no matter.
    pub region: Option<String>,
    /// Who plays, for the sake of those who have blocked one of them.
    pub players: Vec<PlayerId>,
    /// Since when.
    pub since: UnixMs,
}

impl Vacancy {
    /// The team with room for a ticket that would come: the one that lacks most.
    pub(super) fn team_for(&self, round: &Round<'_>, n: usize, rules: &QueueRules, now: UnixMs) -> Option<u16> {
        let ticket = round.ticket(n);
        // A match that waits for players takes those who are farther from its level, as a player does.
        let window = rules.skill.map_or(i64::from(i32::MAX), |skill| i64::from(skill.after(now.since(self.since))));
        let level = if rules.skill.is_some() { i64::from(self.level) } else { 0 };
        let fits = round.plays(n, (level - window, level + window), self.region.as_deref())
            && !self.players.iter().any(|player| ticket.blocks(player));
        let size = ticket.size();
        let team = (0..self.free.len()).filter(|&team| self.free[team] >= size).max_by_key(|&team| self.free[team]);
        team.filter(|_| fits).and_then(|team| u16::try_from(team).ok())
    }

    /// Notes that a ticket's players have come to a team.
    pub(super) fn filled(&mut self, team: u16, ticket: &Ticket) {
        self.free[usize::from(team)] -= ticket.size();
        self.players.extend(ticket.players.iter().map(|entrant| entrant.player.clone()));
    }

    pub(super) fn is_full(&self) -> bool {
        self.free.iter().all(|free| *free == 0)
    }
}

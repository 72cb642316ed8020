//! One queue: who waits, which matches wait for confirmation, and what a step makes of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use stadion_protocol::contract::QueueRules;
use stadion_protocol::{MatchId, PlayerId};

use super::form::Round;
use super::teams::{Share, share};
use super::vacancy::Vacancy;
use super::waits::Waits;
use super::{Entrant, Lineup, MAX_TICKETS, NothingToConfirm, Ticket, TicketId, TicketRefusal, UnixMs};

/// What has come of something, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueWord {
    /// A match was found: all of its players are to confirm it by then.
    Found {
        /// Who is to play.
        lineup: Lineup,
        /// Until when.
        until: UnixMs,
    },
    /// A match is to be created; its tickets wait no more.
    Formed(Lineup),
    /// A found match came to nothing, and this ticket waits again, before those who came later.
    Returned {
        /// Which.
        ticket: TicketId,
        /// The match that is not going to be.
        id: MatchId,
    },
    /// A ticket waits no more.
    Dropped {
        /// Which.
        ticket: TicketId,
        /// The match that is not going to be.
        id: MatchId,
        /// Those of its players who did not confirm.
        unready: Vec<PlayerId>,
    },
    /// A ticket's players are to get seats in a running match; it waits no more.
    Filled {
        /// Which ticket.
        ticket: Ticket,
        /// Which match.
        id: MatchId,
        /// Which of its teams.
        team: u16,
    },
}

/// See the [module](super). Order of calls: anything at any time, [`Queue::step`] about twice a second.
#[derive(Debug)]
pub struct Queue {
    rules: QueueRules,
    waiting: BTreeMap<TicketId, Waiting>,
    found: BTreeMap<MatchId, Found>,
    vacancies: BTreeMap<MatchId, Vacancy>,
    /// Everybody who waits, also for a match that was found.
    tickets_of: HashMap<PlayerId, TicketId>,
    waits: Waits,
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    /// Whether it is served before those who came before it.
    front: bool,
}

/// A match that waits for its players' word.
#[derive(Debug)]
struct Found {
    lineup: Lineup,
    tickets: Vec<Ticket>,
    confirmed: BTreeSet<PlayerId>,
    until: UnixMs,
}

impl Queue {
    /// Nobody waits.
    pub fn new(rules: QueueRules) -> Queue {
        Queue {
            rules,
            waiting: BTreeMap::new(),
            found: BTreeMap::new(),
            vacancies: BTreeMap::new(),
            tickets_of: HashMap::new(),
            waits: Waits::default(),
        }
    }

    /// How matches are made.
    pub fn rules(&self) -> &QueueRules {
        &self.rules
    }

    /// Makes matches by other rules from now on. Tickets that do not fit into a team any more wait in vain: their owners
    /// are to cancel them.
    pub fn set_rules(&mut self, rules: QueueRules) {
        self.rules = rules;
    }

    /// Players who wait, also for a match that was found.
    pub fn players(&self) -> usize {
        self.tickets_of.len()
    }

    /// Whether a ticket waits.
    pub fn has(&self, id: TicketId) -> bool {
        self.waiting.contains_key(&id) || self.found.values().any(|found| found.lineup.tickets.contains(&id))
    }

    /// How long somebody who comes now is going to wait, by those who were served last; `None`: nobody was yet.
    pub fn estimated_wait(&self) -> Option<Duration> {
        self.waits.estimate()
    }

    /// Has a ticket wait.
    pub fn add(&mut self, ticket: Ticket) -> Result<(), TicketRefusal> {
        let players = ticket.players.len();
        let most = self.rules.party_size();
        if players == 0 || players > usize::from(most) {
            return Err(TicketRefusal::TooLarge { players, most });
        }
        if self.waiting.len() >= MAX_TICKETS {
            return Err(TicketRefusal::Full);
        }
        if let Some(entrant) = ticket.players.iter().find(|entrant| self.tickets_of.contains_key(&entrant.player)) {
            return Err(TicketRefusal::Waiting(entrant.player.clone()));
        }
        if ticket.players.iter().any(|entrant| ticket.blocks(&entrant.player)) {
            return Err(TicketRefusal::Blocked);
        }
        self.note(&ticket);
        self.waiting.insert(ticket.id, Waiting { ticket, front: false });
        Ok(())
    }

    /// Has a ticket wait no more. One whose match was found declines it.
    pub fn remove(&mut self, id: TicketId) -> Vec<QueueWord> {
        if let Some(waiting) = self.waiting.remove(&id) {
            self.forget(&waiting.ticket);
            return Vec::new();
        }
        let of = self.found.iter().find(|(_, found)| found.lineup.tickets.contains(&id)).map(|(of, _)| *of);
        of.and_then(|of| self.found.remove(&of)).map_or_else(Vec::new, |found| {
            self.dissolve(found, |ticket, _| if ticket.id == id { Some(Vec::new()) } else { None })
        })
    }

    /// A player confirms the match that was found, or declines it.
    pub fn answer(
        &mut self,
        id: MatchId,
        player: &PlayerId,
        confirms: bool,
        now: UnixMs,
    ) -> Result<Vec<QueueWord>, NothingToConfirm> {
        let found = self.found.get_mut(&id).ok_or(NothingToConfirm)?;
        if !found.lineup.players().any(|entrant| entrant.player == *player) || found.until <= now {
            return Err(NothingToConfirm);
        }
        if confirms {
            found.confirmed.insert(player.clone());
            if found.confirmed.len() < found.lineup.players().count() {
                return Ok(Vec::new());
            }
        }
        let Some(found) = self.found.remove(&id) else { return Err(NothingToConfirm) };
        Ok(if confirms {
            vec![self.formed(found.lineup, &found.tickets, now)]
        } else {
            let of = |ticket: &Ticket| ticket.players.iter().any(|entrant| entrant.player == *player);
            self.dissolve(found, |ticket, _| of(ticket).then(|| vec![player.clone()]))
        })
    }

    /// A running match wants players, or wants others than before. Queues without backfill pass it over.
    pub fn offer(&mut self, vacancy: Vacancy) {
        if !self.rules.backfill {
            return;
        }
        let since = self.vacancies.get(&vacancy.id).map_or(vacancy.since, |known| known.since);
        if vacancy.is_full() {
            self.vacancies.remove(&vacancy.id);
        } else {
            self.vacancies.insert(vacancy.id, Vacancy { since, ..vacancy });
        }
    }

    /// A running match wants nobody any more.
    pub fn withdraw(&mut self, id: MatchId) {
        self.vacancies.remove(&id);
    }

    /// What has come of all this by now. `new_id` names matches.
    pub fn step(&mut self, now: UnixMs, mut new_id: impl FnMut() -> MatchId) -> Vec<QueueWord> {
        let mut words = self.expire(now);
        words.extend(self.serve(now, &mut new_id));
        words
    }

    /// Found matches that were not confirmed in time: silent tickets go, the others wait again.
    fn expire(&mut self, now: UnixMs) -> Vec<QueueWord> {
        let late: Vec<MatchId> = self.found.iter().filter(|(_, found)| found.until <= now).map(|(id, _)| *id).collect();
        let late = late.into_iter().filter_map(|id| self.found.remove(&id)).collect::<Vec<_>>();
        let silent = |ticket: &Ticket, confirmed: &BTreeSet<PlayerId>| {
            let silent =
                ticket.players.iter().map(|entrant| &entrant.player).filter(|player| !confirmed.contains(player));
            Some(silent.cloned().collect::<Vec<_>>()).filter(|silent| !silent.is_empty())
        };
        late.into_iter().flat_map(|found| self.dissolve(found, silent)).collect()
    }

    fn serve(&mut self, now: UnixMs, new_id: &mut impl FnMut() -> MatchId) -> Vec<QueueWord> {
        let waiting = std::mem::take(&mut self.waiting);
        let round = Round::new(self.rules, waiting.values().map(|waiting| (&waiting.ticket, waiting.front)), now);
        let mut taken = vec![false; waiting.len()];
        let mut words = self.fill(&round, &mut taken, now);
        for group in round.groups(&taken) {
            let tickets: Vec<Ticket> = group.members.iter().map(|&n| round.ticket(n).clone()).collect();
            let Some(teams) = self.teams(&tickets) else { continue };
            group.members.iter().for_each(|&n| taken[n] = true);
            let ids = tickets.iter().map(|ticket| ticket.id).collect();
            let lineup = Lineup { id: new_id(), tickets: ids, teams, region: round.region(&group) };
            words.push(self.settle(lineup, tickets, now));
        }
        let mut taken = taken.into_iter();
        self.waiting = waiting.into_iter().filter(|_| !taken.next().unwrap_or(false)).collect();
        words
    }

    /// Gives free seats of running matches to those who wait.
    fn fill(&mut self, round: &Round<'_>, taken: &mut [bool], now: UnixMs) -> Vec<QueueWord> {
        if self.vacancies.is_empty() {
            return Vec::new();
        }
        let mut words = Vec::new();
        let order = round.in_order();
        let mut vacancies: Vec<Vacancy> = std::mem::take(&mut self.vacancies).into_values().collect();
        vacancies.sort_by_key(|vacancy| (vacancy.since, vacancy.id));
        for vacancy in &mut vacancies {
            for &n in order.iter() {
                if taken[n] {
                    continue;
                }
                let Some(team) = vacancy.team_for(round, n, &self.rules, now) else { continue };
                let ticket = round.ticket(n);
                taken[n] = true;
                vacancy.filled(team, ticket);
                self.waits.served(now.since(ticket.since));
                self.forget(ticket);
                words.push(QueueWord::Filled { ticket: ticket.clone(), id: vacancy.id, team });
            }
        }
        let open = vacancies.into_iter().filter(|vacancy| !vacancy.is_full());
        self.vacancies = open.map(|vacancy| (vacancy.id, vacancy)).collect();
        words
    }

    fn teams(&self, tickets: &[Ticket]) -> Option<Vec<Vec<Entrant>>> {
        if self.rules.team_size == 1 {
            return Some(tickets.iter().flat_map(|ticket| &ticket.players).map(|one| vec![one.clone()]).collect());
        }
        let rating = |ticket: &Ticket| ticket.players.iter().map(|entrant| i64::from(entrant.rating)).sum();
        let parties: Vec<Share> =
            tickets.iter().map(|ticket| Share { size: ticket.size(), rating: rating(ticket) }).collect();
        let chosen = share(&parties, self.rules.teams, self.rules.team_size)?;
        let mut teams = vec![Vec::new(); usize::from(self.rules.teams)];
        for (ticket, team) in tickets.iter().zip(chosen) {
            teams[team].extend(ticket.players.iter().cloned());
        }
        Some(teams)
    }

    /// Asks for confirmation, or does without.
    fn settle(&mut self, lineup: Lineup, tickets: Vec<Ticket>, now: UnixMs) -> QueueWord {
        let Some(within) = self.rules.ready_check else { return self.formed(lineup, &tickets, now) };
        let until = now.plus(within);
        let found = Found { lineup: lineup.clone(), tickets, confirmed: BTreeSet::new(), until };
        self.found.insert(lineup.id, found);
        QueueWord::Found { lineup, until }
    }

    fn formed(&mut self, lineup: Lineup, tickets: &[Ticket], now: UnixMs) -> QueueWord {
        for ticket in tickets {
            self.waits.served(now.since(ticket.since));
            self.forget(ticket);
        }
        QueueWord::Formed(lineup)
    }

    /// A found match comes to nothing. `drop` says of a ticket who of it is to blame; those of nobody wait again.
    fn dissolve(
        &mut self,
        found: Found,
        drop: impl Fn(&Ticket, &BTreeSet<PlayerId>) -> Option<Vec<PlayerId>>,
    ) -> Vec<QueueWord> {
        let Found { lineup, tickets, confirmed, .. } = found;
        let settle = |ticket: Ticket| match drop(&ticket, &confirmed) {
            Some(unready) => {
                self.forget(&ticket);
                QueueWord::Dropped { ticket: ticket.id, id: lineup.id, unready }
            }
            None => {
                let id = ticket.id;
                self.waiting.insert(id, Waiting { ticket, front: true });
                QueueWord::Returned { ticket: id, id: lineup.id }
            }
        };
        tickets.into_iter().map(settle).collect()
    }

    fn note(&mut self, ticket: &Ticket) {
        self.tickets_of.extend(ticket.players.iter().map(|entrant| (entrant.player.clone(), ticket.id)));
    }

    fn forget(&mut self, ticket: &Ticket) {
        for entrant in &ticket.players {
            self.tickets_of.remove(&entrant.player);
        }
    }
}

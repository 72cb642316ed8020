//! Groups of tickets that make a match: the longest wait chooses first, and takes whoever is nearest to its level.

use std::collections::BTreeSet;

use stadion_protocol::contract::QueueRules;

use super::teams::packs;
use super::{Ticket, UnixMs};

/// Tickets that one that chooses looks at before it waits for another round: what bounds a round with many that find
/// nobody.
const LOOKS: usize = 512;

/// Regions that are told apart in one round; they are bits of a word.
const REGIONS: usize = 64;

/// A ticket as it stands in this round.
pub(super) struct Candidate<'a> {
    pub(super) ticket: &'a Ticket,
    size: u16,
    /// Zero where skill does not matter.
    rating: i32,
    /// The levels at which it would play.
    low: i64,
    high: i64,
    /// The regions in which it would play, as bits.
    reach: u64,
    /// Who comes before whom.
    order: (bool, UnixMs),
}

/// A round: every ticket that waits, and the names of the regions.
pub(super) struct Round<'a> {
    rules: QueueRules,
    candidates: Vec<Candidate<'a>>,
    regions: Vec<&'a str>,
}

/// A group that makes a match, as places in the round.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) members: Vec<usize>,
    /// Regions in which all of them would play.
    reach: u64,
}

impl<'a> Round<'a> {
    /// `waiting` are tickets, each with whether it is served before the others.
    pub(super) fn new(rules: QueueRules, waiting: impl Iterator<Item = (&'a Ticket, bool)>, now: UnixMs) -> Round<'a> {
        let waiting: Vec<_> = waiting.collect();
        let told = waiting.iter().flat_map(|(ticket, _)| &ticket.latencies).map(|(region, _)| region.as_str());
        let regions: Vec<&str> = told.collect::<BTreeSet<_>>().into_iter().take(REGIONS).collect();
        let candidates =
            waiting.into_iter().map(|(ticket, front)| candidate(&rules, &regions, (ticket, front), now)).collect();
        Round { rules, candidates, regions }
    }

    pub(super) fn ticket(&self, n: usize) -> &'a Ticket {
        self.candidates[n].ticket
    }

    /// Whether a ticket would play at a level and in a region (`None`: wherever).
    pub(super) fn plays(&self, n: usize, (low, high): (i64, i64), region: Option<&str>) -> bool {
        let candidate = &self.candidates[n];
        let there = region.is_none_or(|region| {
            let bit = self.regions.iter().position(|known| *known == region);
            bit.is_none_or(|bit| candidate.reach & (1 << bit) != 0)
        });
        candidate.low <= high && candidate.high >= low && there
    }

    /// Those who wait, the first to be served first.
    pub(super) fn in_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.candidates.len()).collect();
        order.sort_by_key(|&n| (self.candidates[n].order, self.candidates[n].ticket.id));
        order
    }

    /// The region that is nearest to a group: where its worst latency is least.
    pub(super) fn region(&self, group: &Group) -> Option<String> {
        let told = |region: &str| {
            let latencies = group.members.iter().flat_map(|&n| &self.candidates[n].ticket.latencies);
            latencies.filter(|(name, _)| name == region).map(|(_, ms)| *ms).max()
        };
        let within = self.regions.iter().enumerate().filter(|(bit, _)| group.reach & (1 << bit) != 0);
        let nearest = within.filter_map(|(_, region)| Some((told(region)?, *region))).min()?;
        Some(nearest.1.to_owned())
    }

    /// Every match that can be made of those who are not `taken`.
    pub(super) fn groups(&self, taken: &[bool]) -> Vec<Group> {
        let mut line = Line::new(&self.candidates, taken);
        let mut groups = Vec::new();
        for seed in self.in_order() {
            if line.is_out(seed) {
                continue;
            }
            if let Some(group) = self.group_around(seed, &line) {
                group.members.iter().for_each(|&n| line.take(n));
                groups.push(group);
            }
        }
        groups
    }

    /// Goes outwards from the one that chooses, nearest first, and takes everyone who fits to those taken before.
    fn group_around(&self, seed: usize, line: &Line) -> Option<Group> {
        let mut draft = Draft::new(self, seed);
        let (mut left, mut right) = (line.before(seed), line.after(seed));
        for _ in 0..LOOKS {
            if draft.is_full() {
                break;
            }
            let distance = |n: usize| self.candidates[seed].rating.abs_diff(self.candidates[n].rating);
            let next = match (left, right) {
                (None, None) => break,
                (Some(l), Some(r)) if distance(l) <= distance(r) => l,
                (Some(l), None) => l,
                (_, Some(r)) => r,
            };
            if Some(next) == left {
                left = line.before(next);
            } else {
                right = line.after(next);
            }
            draft.add(next);
        }
        draft.is_full().then_some(Group { members: draft.members, reach: draft.reach })
    }
}

fn candidate<'a>(
    rules: &QueueRules,
    regions: &[&str],
    (ticket, front): (&'a Ticket, bool),
    now: UnixMs,
) -> Candidate<'a> {
    let waited = now.since(ticket.since);
    let rating = if rules.skill.is_some() { ticket.rating() } else { 0 };
    let window = rules.skill.map_or(0, |window| i64::from(window.after(waited)));
    let limit = rules.latency.map(|window| window.after(waited));
    let within = |region: &str| {
        let told = ticket.latencies.iter().find(|(name, _)| name == region);
        limit.is_none_or(|limit| told.is_some_and(|(_, ms)| u32::from(*ms) <= limit))
    };
    let reach = if ticket.latencies.is_empty() {
        u64::MAX
    } else {
        let bits = regions.iter().enumerate().filter(|(_, region)| within(region)).map(|(bit, _)| 1u64 << bit);
        bits.fold(0, |bits, bit| bits | bit)
    };
    Candidate {
        ticket,
        size: ticket.size(),
        rating,
        low: i64::from(rating) - window,
        high: i64::from(rating) + window,
        reach,
        order: (!front, ticket.since),
    }
}

/// A group that grows.
struct Draft<'a, 'b> {
    round: &'b Round<'a>,
    members: Vec<usize>,
    players: u16,
    low: i64,
    high: i64,
    reach: u64,
}

impl<'a, 'b> Draft<'a, 'b> {
    fn new(round: &'b Round<'a>, seed: usize) -> Draft<'a, 'b> {
        let Candidate { size, low, high, reach, .. } = round.candidates[seed];
        Draft { round, members: vec![seed], players: size, low, high, reach }
    }

    fn is_full(&self) -> bool {
        // A ticket that would play nowhere waits until its limit has widened.
        self.players == self.round.rules.players() && self.reach != 0
    }

    fn add(&mut self, n: usize) {
        let candidate = &self.round.candidates[n];
        let (low, high) = (self.low.max(candidate.low), self.high.min(candidate.high));
        let reach = self.reach & candidate.reach;
        if low <= high && reach != 0 && self.has_room_for(candidate) && !self.is_shunned_by(candidate) {
            self.members.push(n);
            self.players += candidate.size;
            (self.low, self.high, self.reach) = (low, high, reach);
        }
    }

    fn has_room_for(&self, candidate: &Candidate<'_>) -> bool {
        let rules = &self.round.rules;
        if self.players + candidate.size > rules.players() {
            return false;
        }
        // Those who are in fit already, and one more fits wherever there is room.
        candidate.size == 1 || rules.team_size == 1 || {
            let sizes = self.members.iter().map(|&n| self.round.candidates[n].size).chain([candidate.size]);
            packs(sizes, &vec![rules.team_size; usize::from(rules.teams)])
        }
    }

    fn is_shunned_by(&self, candidate: &Candidate<'_>) -> bool {
        self.members.iter().any(|&n| self.round.candidates[n].ticket.shuns(candidate.ticket))
    }
}

/// Those who are not taken, by level and then by wait, as a list that one can leave in one step.
struct Line {
    /// The neighbours of each place of the round; `usize::MAX`: none.
    before: Vec<usize>,
    after: Vec<usize>,
    out: Vec<bool>,
}

const NOBODY: usize = usize::MAX;

impl Line {
    fn new(candidates: &[Candidate<'_>], taken: &[bool]) -> Line {
        let mut order: Vec<usize> = (0..candidates.len()).filter(|&n| !taken[n]).collect();
        order.sort_by_key(|&n| (candidates[n].rating, candidates[n].order, candidates[n].ticket.id));
        let mut line =
            Line { before: vec![NOBODY; taken.len()], after: vec![NOBODY; taken.len()], out: taken.to_vec() };
        for pair in order.windows(2) {
            line.after[pair[0]] = pair[1];
            line.before[pair[1]] = pair[0];
        }
        line
    }

    fn is_out(&self, n: usize) -> bool {
        self.out[n]
    }

    fn before(&self, n: usize) -> Option<usize> {
        Some(self.before[n]).filter(|n| *n != NOBODY)
    }

    fn after(&self, n: usize) -> Option<usize> {
        Some(self.after[n]).filter(|n| *n != NOBODY)
    }

    fn take(&mut self, n: usize) {
        let (before, after) = (self.before[n], self.after[n]);
        if before != NOBODY {
            self.after[before] = after;
        }
        if after != NOBODY {
            self.before[after] = before;
        }
        self.out[n] = true;
    }
}

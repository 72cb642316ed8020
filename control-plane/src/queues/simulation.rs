//! 10,000 players in virtual time: who waits how long, and how good their matches are. What must hold is asserted; the
//! rest is reported.

use std::collections::BTreeMap;
use std::time::Duration;

use stadion_protocol::contract::QueueRules;
use stadion_protocol::{MatchId, PlayerId};

use super::tests::{id, rules};
use super::{Entrant, Lineup, Queue, QueueWord, Ticket, TicketId};
use crate::model::UnixMs;

/// How often a queue is stepped, milliseconds: as its driver does.
const STEP_MS: u64 = 500;
/// Players come over this long, milliseconds.
const RUSH_MS: u64 = 600_000;
/// The share of players who let a ready check pass, in a hundred.
const SILENT: u64 = 3;

/// SplitMix64: the same crowd in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    /// Around 1500, about 300 wide: the sum of twelve is as good as normal.
    fn rating(&mut self) -> i32 {
        let sum: i32 = (0..12).map(|_| i32::try_from(self.below(1000)).unwrap()).sum();
        1500 + (sum - 6000) * 3 / 10
    }
}

/// A crowd: tickets with the players in parties of up to three, every twentieth with somebody blocked.
fn crowd(players: u32, dice: &mut Dice) -> Vec<Ticket> {
    let mut tickets = Vec::new();
    let mut n = 0;
    while n < players {
        let size = if dice.below(100) < 70 { 1 } else { 2 + u32::from(dice.below(2) == 1) }.min(players - n);
        let level = dice.rating();
        let near = |dice: &mut Dice| level + i32::try_from(dice.below(120)).unwrap() - 60;
        let entrants = (n..n + size).map(|n| {
            let blocked = (dice.below(20) == 0).then(|| player(u32::try_from(dice.below(10_000)).unwrap()));
            let blocked = blocked.filter(|other| (n.saturating_sub(3)..n + 3).all(|near| *other != player(near)));
            let player = player(n);
            Entrant { player, name: n.to_string(), rating: near(dice), blocked: blocked.into_iter().collect() }
        });
        let players = entrants.collect();
        let home = dice.below(3);
        let latencies = ["eu", "us", "asia"].iter().zip(0u64..).map(|(region, place)| {
            let ms = if place == home { 15 + dice.below(40) } else { 90 + dice.below(120) };
            ((*region).to_owned(), u16::try_from(ms).unwrap())
        });
        let latencies = latencies.collect();
        tickets.push(Ticket { id: id(n), players, latencies, since: UnixMs(dice.below(RUSH_MS)) });
        n += size;
    }
    tickets.sort_by_key(|ticket| ticket.since);
    tickets
}

fn player(n: u32) -> PlayerId {
    format!("p-{n}").parse().unwrap()
}

/// What came of a crowd.
struct Report {
    /// Milliseconds from the first wish to the match, of each ticket that came to play.
    waits: Vec<u64>,
    /// Between the means of the strongest and the weakest team of each match, points.
    uneven: Vec<i64>,
    /// Milliseconds to the match's region, of each player.
    latencies: Vec<u16>,
    dropped: usize,
    matches: usize,
}

impl Report {
    fn print(&mut self, name: &str) {
        self.waits.sort_unstable();
        self.uneven.sort_unstable();
        self.latencies.sort_unstable();
        let wait = |of| at(&self.waits, of) as f64 / 1000.0;
        println!(
            "{name}: {} matches, {} tickets played, {} dropped by a ready check; waited {:.1} s (median), {:.1} s (99 of \
             100), {:.1} s (longest); teams apart by {} (median), {} points (99 of 100); latency {} ms (median), {} ms (99)",
            self.matches,
            self.waits.len(),
            self.dropped,
            wait(50),
            wait(99),
            wait(100),
            at(&self.uneven, 50),
            at(&self.uneven, 99),
            at(&self.latencies, 50),
            at(&self.latencies, 99),
        );
    }
}

/// The value below which so many of a hundred lie.
fn at<T: Copy + Default>(sorted: &[T], percent: usize) -> T {
    sorted.get(((sorted.len() * percent) / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Runs until nobody can be matched any more, and checks each match.
fn run(rules: QueueRules, players: u32, seed: u64) -> Report {
    let mut dice = Dice(seed);
    let tickets = crowd(players, &mut dice);
    let known: BTreeMap<TicketId, Ticket> = tickets.iter().map(|ticket| (ticket.id, ticket.clone())).collect();
    let mut queue = Queue::new(rules);
    let mut coming = tickets.into_iter().peekable();
    let mut report = Report { waits: vec![], uneven: vec![], latencies: vec![], dropped: 0, matches: 0 };
    let (mut now, mut last) = (0, 0u128);
    // A match's worth of players may be left over; the rest must come to play in an hour.
    while (coming.peek().is_some() || queue.players() >= usize::from(rules.players())) && now < RUSH_MS + 3_600_000 {
        now += STEP_MS;
        while let Some(ticket) = coming.next_if(|ticket| ticket.since.0 <= now) {
            queue.add(ticket).unwrap();
        }
        let words = queue.step(UnixMs(now), || {
            last += 1;
            MatchId(last.to_be_bytes())
        });
        for word in words {
            handle(word, &mut queue, &mut dice, (&known, now), &mut report);
        }
    }
    report
}

type Known<'a> = (&'a BTreeMap<TicketId, Ticket>, u64);

fn handle(word: QueueWord, queue: &mut Queue, dice: &mut Dice, known: Known<'_>, report: &mut Report) {
    match word {
        QueueWord::Found { lineup, .. } => {
            for entrant in lineup.players().map(|entrant| entrant.player.clone()).collect::<Vec<_>>() {
                if dice.below(100) >= SILENT {
                    let words = queue.answer(lineup.id, &entrant, true, UnixMs(known.1)).unwrap();
                    words.into_iter().for_each(|word| handle(word, queue, dice, known, report));
                }
            }
        }
        QueueWord::Formed(lineup) => check(&lineup, queue.rules(), known, report),
        QueueWord::Dropped { .. } => report.dropped += 1,
        QueueWord::Returned { .. } => {}
        QueueWord::Filled { .. } => panic!("no running match wanted players"),
    }
}

/// A match must respect every one of its tickets.
fn check(lineup: &Lineup, rules: &QueueRules, (known, now): Known<'_>, report: &mut Report) {
    let tickets: Vec<&Ticket> = lineup.tickets.iter().map(|id| &known[id]).collect();
    let waited = |ticket: &Ticket| Duration::from_millis(now - ticket.since.0);
    assert!(lineup.teams.iter().all(|team| team.len() == usize::from(rules.team_size)), "teams are full");
    for ticket in &tickets {
        let team = lineup.teams.iter().position(|team| team.contains(&ticket.players[0])).unwrap();
        assert!(ticket.players.iter().all(|entrant| lineup.teams[team].contains(entrant)), "a party was split");
        for blocked in ticket.players.iter().flat_map(|entrant| &entrant.blocked) {
            assert!(lineup.players().all(|entrant| entrant.player != *blocked), "a blocked player was met");
        }
        if let (Some(limit), Some(region)) = (rules.latency, &lineup.region) {
            let (_, ms) = ticket.latencies.iter().find(|(name, _)| name == region).unwrap();
            assert!(u32::from(*ms) <= limit.after(waited(ticket)), "too far away");
            report.latencies.extend(ticket.players.iter().map(|_| *ms));
        }
        report.waits.push(now - ticket.since.0);
    }
    if let Some(window) = rules.skill {
        // It was found a moment ago at the latest: windows have not narrowed since.
        let wide = |ticket: &&Ticket| i64::from(window.after(waited(ticket)));
        let low = tickets.iter().map(|t| i64::from(t.rating()) - wide(t)).max().unwrap();
        let high = tickets.iter().map(|t| i64::from(t.rating()) + wide(t)).min().unwrap();
        assert!(low <= high, "no level lies in all windows");
    }
    let means = lineup.teams.iter().map(|team| {
        team.iter().map(|entrant| i64::from(entrant.rating)).sum::<i64>() / i64::try_from(team.len()).unwrap()
    });
    let means: Vec<i64> = means.collect();
    report.uneven.push(means.iter().max().unwrap() - means.iter().min().unwrap());
    report.matches += 1;
}

#[test]
fn ten_thousand_players_in_teams_of_five_all_come_to_play_among_their_like() {
    let fives = [
        ("team-size", "5"),
        ("skill-window", "60"),
        ("skill-widen", "5"),
        ("latency-most", "60"),
        ("latency-widen", "2"),
        ("ready-seconds", "10"),
    ];
    let mut report = run(rules(&fives), 10_000, 7);
    report.print("5 against 5");
    let played = report.matches * 10;
    let left = 10_000 - played;
    assert!(report.waits.iter().max().unwrap() < &180_000, "nobody starves");
    assert!(left < 10 + report.dropped * 3, "{left} did not play: a remainder, and those who did not confirm");
    assert!(at(&report.waits, 50) < 30_000, "half of them play within 30 s");
    assert!(at(&report.uneven, 50) < 60, "teams are alike");
    assert!(at(&report.latencies, 50) <= 60);
}

#[test]
fn teams_of_three_wait_less_and_are_as_alike() {
    let duel = [("team-size", "3"), ("skill-window", "40"), ("skill-widen", "4"), ("ready-seconds", "10")];
    let mut report = run(rules(&duel), 10_000, 8);
    report.print("3 against 3");
    assert!(report.waits.iter().max().unwrap() < &180_000, "nobody starves");
    assert!(at(&report.waits, 99) < 60_000);
    assert!(at(&report.uneven, 50) < 60);
}

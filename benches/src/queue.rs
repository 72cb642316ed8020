//! `stadion bench queue`: how many players a second the matchmaker brings into matches on one core.
//!
//! | row | what |
//! |---|---|
//! | `duel` | one against one, first come, first served |
//! | `duel-by-skill` | one against one, by ratings |
//! | `fives-by-skill` | five against five in parties of one to three, by ratings and latencies, some blocked |
//! | `fives-ready-check` | the same, and each player confirms |
//! | `searches` | the whole way, from a search by the public API to the match; `replica-searches` on PostgreSQL and Redis |
//!
//! A crowd waits, and the queue is stepped until 19 of 20 play, as often as it takes (the rest waits for others to come): virtual time stands for
//! the waiting, and only the matchmaker's own work is timed. Notes in coordination and the matches themselves are in the last rows alone
//! ([`crate::searches`]), where callers and server share the machine's cores.

use std::time::Duration;

use anyhow::Context;
use stadion_control_plane::model::UnixMs;
use stadion_control_plane::queues::{Entrant, Queue, QueueWord, Ticket, TicketId};
use stadion_protocol::MatchId;
use stadion_protocol::contract::{QueueRules, queues_of};

use crate::conditions::LoadMeter;
use crate::searches::{self, Searches};
use crate::{Conditions, Figures, Line, Omitted, clock};

/// Between two steps, milliseconds of virtual time: as the control plane does.
const STEP_MS: u64 = 500;
/// Steps at most: windows have widened to everything long before.
const MOST_STEPS: u32 = 2_000;
/// Tickets a second that Open Match 2 publishes for itself, for comparison.
const PUBLISHED: u32 = 500;
/// Players a second that ours is built for, on one core.
const GOAL: u32 = 5_000;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Players who wait at once.
    pub players: u32,
    /// Crowds, one after the other.
    pub crowds: u32,
    /// The rows `searches`, or why they are left out.
    pub searches: Result<Searches, String>,
}

/// Measures. Blocks for some seconds; `progress` is told, for people, what is being measured.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    let (load, conditions) = (LoadMeter::start(), Conditions::read());
    let fives = [("team-size", "5"), ("skill-window", "60"), ("latency-most", "60"), ("latency-widen", "2")];
    let at_once = |pairs: &[(&'static str, &'static str)]| rules(&[pairs, &[("ready-seconds", "0")]].concat());
    let kinds = [
        ("duel", at_once(&[])?),
        ("duel-by-skill", at_once(&[("skill-window", "40")])?),
        ("fives-by-skill", at_once(&fives)?),
        ("fives-ready-check", rules(&fives)?),
    ];
    let mut lines = Vec::new();
    for (name, rules) in kinds {
        progress(name);
        lines.push(line(name, rules, options));
    }
    let mut omitted = Vec::new();
    match &options.searches {
        Ok(searches) => {
            lines.extend(searches::rows(searches, progress)?);
            omitted.extend(searches.shared.is_none().then(crate::start::rest::no_replica));
        }
        Err(why) => omitted.push(Omitted { name: "searches", why: why.clone() }),
    }
    let conditions = Conditions { foreign: load.stop(), ..conditions };
    let notes = vec![
        format!("peer is Open Match 2, which publishes {PUBLISHED} tickets a second; not measured here"),
        format!("the goal is {GOAL} players a second on one core"),
        "the matchmaker's rows: one thread; virtual time stands for the waiting".to_owned(),
    ];
    Ok(Figures { lines, omitted, conditions, notes })
}

fn rules(pairs: &[(&str, &str)]) -> anyhow::Result<QueueRules> {
    let keys: Vec<String> = pairs.iter().map(|(key, _)| format!("queue.bench.{key}")).collect();
    let pairs = keys.iter().zip(pairs).map(|(key, (_, value))| (key.as_str(), *value));
    let queues = queues_of(pairs.chain([("queue.bench.teams", "2")]))?;
    queues.into_values().next().context("a queue is declared")
}

fn line(name: &'static str, rules: QueueRules, options: &Options) -> Line {
    let (mut spent, mut played, mut steps, mut slowest) = (Duration::ZERO, 0u64, 0u32, Duration::ZERO);
    for seed in 0..options.crowds {
        let mut queue = Queue::new(rules);
        let crowd = crowd(options.players, rules.team_size, u64::from(seed));
        let began = clock::now();
        crowd.into_iter().for_each(|ticket| queue.add(ticket).expect("everybody comes once"));
        spent += began.elapsed();
        for step in 1..=MOST_STEPS {
            if queue.players() * 20 < options.players as usize {
                break;
            }
            let began = clock::now();
            played += take_step(&mut queue, UnixMs(u64::from(step) * STEP_MS));
            slowest = slowest.max(began.elapsed());
            spent += began.elapsed();
            steps += 1;
        }
    }
    Line::new(name)
        .with("players_per_s", played as f64 / spent.as_secs_f64())
        .with("players", played)
        .with("steps", steps)
        .with("slowest_step_ms", slowest.as_secs_f64() * 1e3)
        .with("peer_tickets_per_s", PUBLISHED)
}

/// Players whose match was formed.
fn take_step(queue: &mut Queue, now: UnixMs) -> u64 {
    let mut last = u128::from(now.0) << 64;
    let words = queue.step(now, || {
        last += 1;
        MatchId(last.to_be_bytes())
    });
    let mut played = 0;
    for word in words {
        match word {
            QueueWord::Formed(lineup) => played += lineup.players().count() as u64,
            QueueWord::Found { lineup, .. } => {
                for entrant in lineup.players() {
                    let words = queue.answer(lineup.id, &entrant.player, true, now).expect("the match was just found");
                    played += if words.is_empty() { 0 } else { lineup.players().count() as u64 };
                }
            }
            QueueWord::Returned { .. } | QueueWord::Dropped { .. } | QueueWord::Filled { .. } => {}
        }
    }
    played
}

/// Players in parties of up to three where teams are larger than one, with ratings around 1500.
fn crowd(players: u32, team_size: u16, seed: u64) -> Vec<Ticket> {
    let mut dice = seed;
    let mut roll = |below: u64| {
        // SplitMix64.
        dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (dice ^ (dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    };
    let (mut tickets, mut next) = (Vec::new(), 0u32);
    while next < players {
        let size = if team_size == 1 || roll(10) < 7 { 1 } else { 2 + roll(2) as u32 }.min(players - next);
        let level = 1000 + (0..4).map(|_| roll(250) as i32).sum::<i32>();
        let blocked = if roll(20) == 0 { vec![player(players + 1)] } else { Vec::new() };
        let entrants = (next..next + size).map(|n| Entrant {
            player: player(n),
            name: String::new(),
            rating: level,
            blocked: blocked.clone(),
        });
        let home = roll(3);
        let regions = ["eu", "us", "asia"].iter().zip(0u64..);
        let ms = |place: u64| if place == home { 30 } else { 120 };
        tickets.push(Ticket {
            id: TicketId(MatchId(u128::from(next).to_be_bytes())),
            players: entrants.collect(),
            latencies: regions.map(|(region, place)| ((*region).to_owned(), ms(place))).collect(),
            since: UnixMs(0),
        });
        next += size;
    }
    tickets
}

fn player(n: u32) -> stadion_protocol::PlayerId {
    format!("p-{n}").parse().expect("a number is printable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_brings_as_good_as_all_players_into_matches() {
        let figures = run(&Options { players: 400, crowds: 1, searches: Err(String::new()) }, &mut |_| ()).unwrap();
        assert_eq!(figures.lines.len(), 4);
        for line in &figures.lines {
            assert!(line.get("players").unwrap() >= 380.0, "{line:?}");
        }
    }
}

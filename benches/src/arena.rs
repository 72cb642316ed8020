//! `stadion bench arena`: how many matches of relay-arena, with four live players each, one core carries.
//!
//! Every match is whole: wasm session, journal in a log on disk, shard, gateway, encrypted QUIC. Each player says an input of 32 bytes 20
//! times a second and hears a state of 100 bytes as often. A match count counts if ticks begin less than 10 ms late (99
//! of 100), echoes come back in less than 60 ms (99 of 100; half of a tick's 50 ms is waiting for it), and at least 99 %
//! of the states are heard. Counts are raised until one fails; the last that held is the result.
//!
//! The floor in the same run is raw quinn, which sends each input back at once and does nothing else.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use stadion_protocol::MatchId;
use stadion_protocol::wire::ALPN;

use crate::conditions::LoadMeter;
use crate::load::{Bare, Fleet, Player, Target, View};
use crate::pin::{Cores, Pinned, two_cores};
use crate::report::Omitted;
use crate::stage::{Counted, HostSetup, RAW_ALPN, Ready, Setup, Stage};
use crate::stretch::{Stretch, ms};
use crate::tickets::Tickets;
use crate::{Conditions, Figures, Line};

/// Players of a match.
const SEATS: u16 = 4;
/// 20 inputs and 20 states a second.
const PERIOD: Duration = Duration::from_millis(50);
/// Played before each stretch that counts.
const WARM_UP: Duration = Duration::from_secs(1);

/// What a count must keep to.
const LATENESS_P99: Duration = Duration::from_millis(10);
const ECHO_P99: Duration = Duration::from_millis(60);
const HEARD_SHARE: f64 = 0.99;

/// The goal of the design.
const GOAL_MATCHES: u32 = 600;
const GOAL_CPU_PERCENT: f64 = 0.15;

/// Slots of the host; more matches than any core here carries.
const SLOTS: u32 = 4_000;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Exactly so many matches; `None`: the greatest number that holds.
    pub matches: Option<u32>,
    /// How long each count is measured.
    pub lasts: Duration,
    /// `none`, `process` or `disk`.
    pub durability: String,
    /// The `stadion` program.
    pub stadion_exe: PathBuf,
    /// relay-arena as it is uploaded.
    pub game_wasm: PathBuf,
}

/// Measures. Blocks for up to two minutes; `progress` is told, for people, what is being measured.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    let (load, conditions) = (LoadMeter::start(), Conditions::read());
    let cores = two_cores();
    let mut bench = Bench { options, progress, cores, lines: Vec::new(), notes: Vec::new() };
    let omitted = match cores {
        Some(cores) => {
            bench.notes.push(format!(
                "the server has core {} to itself, the load generator core {}; an echo reads up to 1 ms late",
                cores.server, cores.load
            ));
            Vec::new()
        }
        None => vec![Omitted { name: "pinning", why: "there are no two cores to keep apart".to_owned() }],
    };
    let _pinned = Pinned::to(cores.map(|cores| cores.load))?;
    let best = bench.matches().context("measuring matches")?;
    bench.floor(best).context("measuring raw quinn")?;
    bench.verdict();
    bench.notes.push(format!("the log is in {}, durability {}", std::env::temp_dir().display(), options.durability));
    let Bench { lines, notes, .. } = bench;
    let conditions = Conditions { foreign: load.stop(), ..conditions };
    Ok(Figures { lines, omitted, conditions, notes })
}

struct Bench<'a> {
    options: &'a Options,
    progress: &'a mut dyn FnMut(&str),
    cores: Option<Cores>,
    lines: Vec<Line>,
    notes: Vec<String>,
}

impl Bench<'_> {
    /// Raises the count until it no longer holds. Answers the greatest that held, or the only one that was tried.
    fn matches(&mut self) -> anyhow::Result<u32> {
        let mut arena = Arena::open(self.options, self.cores)?;
        if let Some(matches) = self.options.matches {
            self.count(&mut arena, matches)?;
            return Ok(matches);
        }
        let (mut held, mut failed) = (0, None);
        for matches in [200, 400, 600, 700, 800, 900, 1_000, 1_200, 1_400] {
            if !self.count(&mut arena, matches)? {
                failed = Some(matches);
                break;
            }
            held = matches;
        }
        // Once more between the two.
        if let Some(failed) = failed
            && failed - held >= 100
        {
            let between = (failed + held) / 2 / 10 * 10;
            arena.shrink(between)?;
            if self.count(&mut arena, between)? {
                held = between;
            }
        }
        Ok(held.max(200))
    }

    /// Measures one count. Answers whether it holds.
    fn count(&mut self, arena: &mut Arena, matches: u32) -> anyhow::Result<bool> {
        (self.progress)(&format!("{matches} matches"));
        arena.grow(matches)?;
        arena.fleet.warm_up(WARM_UP)?;
        arena.stage.mark()?;
        let turns_before = arena.stage.count()?.gateway_turns;
        let stretch = Stretch::play(&mut arena.fleet, &arena.stage, self.options.lasts)?;
        let mut counted = arena.stage.count()?;
        counted.gateway_turns -= turns_before;
        let line = arena_line(matches, &stretch, &counted);
        let holds = line.get("holds") == Some(1.0);
        self.lines.push(line);
        if let Some((count, why)) = arena.fleet.out() {
            self.notes.push(format!("at {matches} matches {count} players were lost: {why}"));
            return Ok(false);
        }
        Ok(holds)
    }

    /// As many connections as the best count has, on raw quinn.
    fn floor(&mut self, matches: u32) -> anyhow::Result<()> {
        (self.progress)("the same connections on raw quinn");
        let stage = Stage::start(&self.options.stadion_exe, &Setup::Raw, self.cores.map(|cores| cores.server))?;
        let target = Target { address: stage.ready.address, alpn: RAW_ALPN };
        let mut fleet = Fleet::new(target, PERIOD)?;
        fleet.join((0..matches * u32::from(SEATS)).map(|_| Bare::new()))?;
        fleet.warm_up(WARM_UP)?;
        let stretch = Stretch::play(&mut fleet, &stage, self.options.lasts)?;
        self.lines.push(floor_line(matches, &stretch));
        Ok(())
    }

    fn verdict(&mut self) {
        let held = self.lines.iter().filter(|line| line.get("holds") == Some(1.0));
        let best = held.max_by(|a, b| a.get("matches").unwrap_or(0.0).total_cmp(&b.get("matches").unwrap_or(0.0)));
        self.notes.push(match best {
            Some(line) => {
                let (matches, cpu) = (line.get("matches").unwrap_or(0.0), line.get("cpu_per_match_pct").unwrap_or(0.0));
                let met = matches >= f64::from(GOAL_MATCHES) && cpu <= GOAL_CPU_PERCENT;
                format!(
                    "{matches} matches on one core at {cpu} % of it each; the goal of {GOAL_MATCHES} at \
                     {GOAL_CPU_PERCENT} % is {}",
                    if met { "met" } else { "missed" }
                )
            }
            None => "no count held".to_owned(),
        });
    }
}

/// The server and its players.
struct Arena {
    stage: Stage,
    fleet: Fleet<Player>,
    tickets: Tickets,
    matches: Vec<MatchId>,
}

impl Arena {
    fn open(options: &Options, cores: Option<Cores>) -> anyhow::Result<Arena> {
        let setup = Setup::Host(HostSetup {
            games: vec![options.game_wasm.clone()],
            slots: SLOTS,
            shards: 1,
            dense: false,
            durability: options.durability.clone(),
        });
        let stage = Stage::start(&options.stadion_exe, &setup, cores.map(|cores| cores.server))?;
        let target = Target { address: stage.ready.address, alpn: ALPN };
        let fleet = Fleet::new(target, PERIOD)?;
        Ok(Arena { stage, fleet, tickets: Tickets::new(), matches: Vec::new() })
    }

    /// Up to so many matches, each with its players.
    fn grow(&mut self, to: u32) -> anyhow::Result<()> {
        while self.matches.len() < to as usize {
            let some = (to as usize - self.matches.len()).min(25);
            let (new, _) = self.stage.create(0, u32::try_from(some)?, SEATS)?;
            let schema = *self.stage.ready.schemas.first().context("the game has a schema")?;
            let ready: &Ready = &self.stage.ready;
            let seats = new.iter().flat_map(|id| (0..SEATS).map(|seat| (*id, seat)));
            let now = self.fleet.start();
            let players = seats.map(|at| Ok(Player::new(&self.tickets.give(ready, at, (schema, View::Arena))?, now)));
            let players: Vec<Player> = players.collect::<anyhow::Result<_>>()?;
            self.fleet.join(players)?;
            self.matches.extend(new);
        }
        Ok(())
    }

    /// Down to so many matches.
    fn shrink(&mut self, to: u32) -> anyhow::Result<()> {
        let ending = self.matches.split_off((to as usize).min(self.matches.len()));
        self.stage.end(ending)?;
        self.fleet.shrink(self.matches.len() * usize::from(SEATS))
    }
}

fn arena_line(matches: u32, stretch: &Stretch, counted: &Counted) -> Line {
    let Stretch { tally, server, load, lasted } = stretch;
    let share = |used| stretch.percent(used);
    let players = f64::from(matches) * f64::from(SEATS);
    let due = players * lasted.as_secs_f64() / PERIOD.as_secs_f64();
    let heard = tally.heard as f64 / due;
    let echo_p99 = tally.echo_percentile(99.0);
    let holds = counted.lateness_p99_us < us(LATENESS_P99) && echo_p99 < ECHO_P99 && heard >= HEARD_SHARE;
    Line::new(format!("arena-{matches}"))
        .with("matches", matches)
        .with("players", players)
        .with("holds", u64::from(holds))
        .with("cpu_per_match_pct", share(server.total()) / f64::from(matches))
        .with("server_cpu_pct", share(server.total()))
        .with("gateway_cpu_pct", share(server.of_role("stadion-gateway")))
        .with("shard_cpu_pct", share(server.of_role("shard")))
        .with("journal_cpu_pct", share(server.of_role("log")))
        .with("load_cpu_pct", share(*load))
        .with("lateness_p50_ms", counted.lateness_p50_us as f64 / 1e3)
        .with("lateness_p99_ms", counted.lateness_p99_us as f64 / 1e3)
        .with("lateness_max_ms", counted.lateness_max_us as f64 / 1e3)
        .with("echo_p50_ms", ms(tally.echo_percentile(50.0)))
        .with("echo_p99_ms", ms(echo_p99))
        .with("states_heard_pct", heard * 100.0)
        .with("step_p50_us", counted.step_p50_us)
        .with("step_p99_us", counted.step_p99_us)
        .with("ticks_per_s", counted.ticks as f64 / lasted.as_secs_f64())
        .with("shard_turns_per_s", counted.shard_turns as f64 / lasted.as_secs_f64())
        .with("gateway_turns_per_s", counted.gateway_turns as f64 / lasted.as_secs_f64())
        .with("load_late_turns", tally.late_turns)
        .with("measured_s", lasted.as_secs_f64())
}

fn floor_line(matches: u32, stretch: &Stretch) -> Line {
    let Stretch { tally, server, load, lasted } = stretch;
    let share = |used| stretch.percent(used);
    let players = f64::from(matches) * f64::from(SEATS);
    let due = players * lasted.as_secs_f64() / PERIOD.as_secs_f64();
    Line::new("raw-quinn")
        .with("matches", matches)
        .with("players", players)
        .with("cpu_per_match_pct", share(server.total()) / f64::from(matches))
        .with("server_cpu_pct", share(server.total()))
        .with("load_cpu_pct", share(*load))
        .with("echo_p50_ms", ms(tally.echo_percentile(50.0)))
        .with("echo_p99_ms", ms(tally.echo_percentile(99.0)))
        .with("states_heard_pct", tally.heard as f64 / due * 100.0)
        .with("load_late_turns", tally.late_turns)
        .with("measured_s", lasted.as_secs_f64())
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

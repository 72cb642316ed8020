//! `stadion bench density`: how many matches one process holds, what an idle one takes, and how many keep time on one core.
//!
//! | row | what |
//! |---|---|
//! | `idle` | event-driven matches (tictactoe) in which nobody plays: memory of each, as many as fit |
//! | `ticking` | matches of relay-arena, 20 ticks a second each, in which nobody plays: memory, lateness, CPU |
//!
//! Memory is what the process grew by, shared pages counted by their share (PSS), divided by the matches; the guest's own
//! part is the linear memory that it may touch, of which only touched pages are resident.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use stadion_protocol::MatchId;

use crate::conditions::LoadMeter;
use crate::pin::{Pinned, two_cores};
use crate::samples::percentile_us;
use crate::stage::{HostSetup, Setup, Stage};
use crate::{Conditions, Figures, Line, clock};

/// Matches asked for in one go.
const BATCH: u32 = 500;
/// Matches that come and go before memory is looked at: what a host makes once is not a match's.
const WARM_UP: u32 = 50;
/// Until what began with the matches is over.
const SETTLE: Duration = Duration::from_secs(2);

/// The goal of the design: so many, 20 times a second, on one core.
const GOAL_TICKING: u32 = 10_000;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Matches of the row `ticking`.
    pub ticking: u32,
    /// At most so many of the row `idle`; as many as fit if that is less.
    pub idle: u32,
    /// How long lateness is measured.
    pub lasts: Duration,
    /// 16 MiB of address space for each match instead of 4 GiB.
    pub dense: bool,
    /// The `stadion` program.
    pub stadion_exe: PathBuf,
    /// relay-arena as it is uploaded.
    pub ticking_wasm: PathBuf,
    /// tictactoe as it is uploaded.
    pub idle_wasm: PathBuf,
}

/// Measures. Blocks for about a minute; `progress` is told, for people, what is being measured.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    let (load, conditions) = (LoadMeter::start(), Conditions::read());
    let cores = two_cores();
    let _pinned = Pinned::to(cores.map(|cores| cores.load))?;
    let core = cores.map(|cores| cores.server);
    let mut notes = Vec::new();
    progress("idle matches");
    let idle = (options.idle_wasm.as_path(), 0);
    let idle = Host::open(options, idle, core, &mut notes)?.measure("idle", options.idle, options.lasts)?;
    progress("matches that tick");
    // As many slots as are asked for: a pool that is sized for any game keeps more in reserve than this one needs.
    let ticking = (options.ticking_wasm.as_path(), options.ticking + WARM_UP);
    let ticking = Host::open(options, ticking, core, &mut notes)?.measure("ticking", options.ticking, options.lasts)?;
    let late = ticking.get("lateness_p99_ms").unwrap_or(0.0);
    notes.push(format!(
        "{} matches tick 20 times a second on one core, 99 of 100 ticks at most {late} ms late; the goal is {GOAL_TICKING}",
        ticking.get("matches").unwrap_or(0.0)
    ));
    let conditions = Conditions { foreign: load.stop(), ..conditions };
    Ok(Figures { lines: vec![idle, ticking], omitted: Vec::new(), conditions, notes })
}

/// A host with one game and no players.
struct Host(Stage);

impl Host {
    /// `slots` of 0: as many as fit the machine.
    fn open(
        options: &Options,
        (game, slots): (&Path, u32),
        core: Option<usize>,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<Host> {
        let setup = Setup::Host(HostSetup {
            games: vec![game.to_owned()],
            slots,
            shards: 1,
            dense: options.dense,
            durability: "process".to_owned(),
        });
        let mut stage = Stage::start(&options.stadion_exe, &setup, core)?;
        if let Some(limit) = stage.ready.max_map_count {
            let capacity = stage.ready.capacity;
            notes.push(format!("the pool has room for {capacity} matches, sized from vm.max_map_count = {limit}"));
        }
        let (warm, _) = stage.create(0, WARM_UP, 0)?;
        stage.end(warm)?;
        Ok(Host(stage))
    }

    fn measure(mut self, name: &str, most: u32, lasts: Duration) -> anyhow::Result<Line> {
        let stage = &mut self.0;
        let memory = stage.memory();
        let (matches, took_us) = fill(stage, most).with_context(|| format!("filling a host: {name}"))?;
        std::thread::sleep(SETTLE);
        stage.mark()?;
        let (cpu, began) = (stage.cpu(), clock::now());
        std::thread::sleep(lasts);
        let (used, lasted) = (stage.cpu().since(&cpu), began.elapsed());
        let counted = stage.count()?;
        let seen = stage.look(&matches[..matches.len().min(1_000)])?;
        let (grown, count) = (stage.memory(), matches.len().max(1) as f64);
        let each = |now: u64, before: u64| now.saturating_sub(before) as f64 / 1024.0 / count;
        let percent = |used: Duration| used.as_secs_f64() / lasted.as_secs_f64() * 100.0;
        Ok(Line::new(name)
            .with("matches", matches.len())
            .with("memory_per_match_pss_kib", each(grown.pss, memory.pss))
            .with("memory_per_match_rss_kib", each(grown.rss, memory.rss))
            .with("guest_memory_per_match_kib", seen.guest_bytes as f64 / 1024.0 / f64::from(seen.matches.max(1)))
            .with("mappings", stage.mappings())
            .with("create_p50_us", percentile_us(&took_us, 50))
            .with("create_p99_us", percentile_us(&took_us, 99))
            .with("ticks_per_s", counted.ticks as f64 / lasted.as_secs_f64())
            .with("lateness_p50_ms", counted.lateness_p50_us as f64 / 1e3)
            .with("lateness_p99_ms", counted.lateness_p99_us as f64 / 1e3)
            .with("lateness_max_ms", counted.lateness_max_us as f64 / 1e3)
            .with("server_cpu_pct", percent(used.total()))
            .with("shard_cpu_pct", percent(used.of_role("shard")))
            .with("measured_s", lasted.as_secs_f64()))
    }
}

/// Creates matches until there are so many or the host is full.
fn fill(stage: &mut Stage, most: u32) -> anyhow::Result<(Vec<MatchId>, Vec<f64>)> {
    let (mut matches, mut took_us) = (Vec::new(), Vec::new());
    while (matches.len() as u32) < most {
        let wanted = BATCH.min(most - matches.len() as u32);
        let (new, took) = stage.create(0, wanted, 0)?;
        let full = (new.len() as u32) < wanted;
        matches.extend(new);
        took_us.extend(took);
        if full {
            break;
        }
    }
    Ok((matches, took_us))
}

//! `stadion bench hibernate`: what a match takes that is out of memory, and how long it takes to come back.
//!
//! | row | what |
//! |---|---|
//! | `asleep` | matches of tictactoe whose player came, stayed until the game knew, and went: memory of each and of the process |
//! | `wake-one` | one player after another comes back to a match that sleeps |
//! | `wake-many` | many players come back at the same instant |
//!
//! The log is on disk, durability `process`. A wake is timed from the player's hello to the new resume token, which is handed over
//! once the first step after it is durable. Memory is what the process grew by since the host was empty, after some matches had
//! come and gone; the players' tokens, which the measured process keeps too, are in it.

use std::path::PathBuf;

use stadion_protocol::MatchId;

use crate::conditions::LoadMeter;
use crate::pin::{Pinned, two_cores};
use crate::samples::percentile_us;
use crate::stage::{Setup, SleepersSetup, Stage};
use crate::{Conditions, Figures, Line, clock};

/// Matches that come and are put to bed together.
const BATCH: u32 = 250;
/// Matches that come and go before memory is looked at: what a host makes once is not a match's.
const WARM_UP: u32 = BATCH;
/// Matches that may be awake at once.
const SLOTS: u32 = 1_000;
/// The goals of the design.
const GOAL_MIB: f64 = 100.0;
const GOAL_WAKE_MS: f64 = 100.0;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Matches of the row `asleep`.
    pub matches: u32,
    /// Wakes of the row `wake-one`.
    pub wakes: u32,
    /// Matches of the row `wake-many`, at most [`SLOTS`].
    pub at_once: u32,
    /// On whose disk; the log goes into a temporary folder in it.
    pub folder: PathBuf,
    /// The `stadion` program.
    pub stadion_exe: PathBuf,
    /// tictactoe as it is uploaded.
    pub game_wasm: PathBuf,
}

/// Measures. Blocks for about two minutes; `progress` is told, for people, what is being measured.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    let (load, conditions) = (LoadMeter::start(), Conditions::read());
    let cores = two_cores();
    let _pinned = Pinned::to(cores.map(|cores| cores.load))?;
    let folder = tempfile::tempdir_in(&options.folder)?;
    let setup = Setup::Sleepers(SleepersSetup {
        game: options.game_wasm.clone(),
        slots: SLOTS,
        journal: folder.path().to_owned(),
    });
    let mut stage = Stage::start(&options.stadion_exe, &setup, cores.map(|cores| cores.server))?;
    stage.doze(WARM_UP)?;
    let warm = stage.sleepers()?;
    stage.end(warm)?;
    let asleep = asleep(&mut stage, options.matches, progress)?;
    let sleepers = stage.sleepers()?;
    progress("players come back one by one");
    let one = wakes(&mut stage, "wake-one", sample(&sleepers, options.wakes), false)?;
    progress("players come back at once");
    let many = wakes(&mut stage, "wake-many", sample(&sleepers, options.at_once.min(SLOTS)), true)?;
    let notes = notes(&asleep, &one);
    let conditions = Conditions { foreign: load.stop(), ..conditions };
    Ok(Figures { lines: vec![asleep, one, many], omitted: Vec::new(), conditions, notes })
}

fn asleep(stage: &mut Stage, matches: u32, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Line> {
    let (empty, began) = (stage.memory(), clock::now());
    let mut there = 0;
    while there < matches {
        progress(&format!("{there} matches sleep"));
        let more = BATCH.min(matches - there);
        stage.doze(more)?;
        there += more;
    }
    let took = began.elapsed();
    let full = stage.memory();
    let grown = |now: u64, before: u64| now.saturating_sub(before) as f64 / 1024.0;
    Ok(Line::new("asleep")
        .with("matches", there)
        .with("memory_per_match_pss_kib", grown(full.pss, empty.pss) / f64::from(there.max(1)))
        .with("memory_of_all_pss_mib", grown(full.pss, empty.pss) / 1024.0)
        .with("process_empty_pss_mib", empty.pss as f64 / f64::from(1 << 20))
        .with("process_full_pss_mib", full.pss as f64 / f64::from(1 << 20))
        .with("mappings", stage.mappings())
        .with("filled_in_s", took.as_secs_f64()))
}

fn wakes(stage: &mut Stage, name: &str, matches: Vec<MatchId>, at_once: bool) -> anyhow::Result<Line> {
    let count = matches.len();
    let took_us = stage.rouse(matches, at_once)?;
    Ok(Line::new(name)
        .with("wakes", count)
        .with("wake_p50_ms", percentile_us(&took_us, 50) / 1e3)
        .with("wake_p99_ms", percentile_us(&took_us, 99) / 1e3)
        .with("wake_max_ms", percentile_us(&took_us, 100) / 1e3))
}

/// So many of them, spread over all.
fn sample(matches: &[MatchId], count: u32) -> Vec<MatchId> {
    let step = (matches.len() / (count as usize).max(1)).max(1);
    matches.iter().step_by(step).take(count as usize).copied().collect()
}

fn notes(asleep: &Line, one: &Line) -> Vec<String> {
    let figure = |line: &Line, key| line.get(key).unwrap_or(0.0);
    vec![
        format!(
            "{} matches out of memory take {:.1} MiB; the goal for 10,000 is {GOAL_MIB} MiB",
            figure(asleep, "matches"),
            figure(asleep, "memory_of_all_pss_mib")
        ),
        format!("99 of 100 are back within {:.1} ms; the goal is {GOAL_WAKE_MS} ms", figure(one, "wake_p99_ms")),
    ]
}

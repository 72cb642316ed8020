//! `stadion bench neighbours`: what a match that misbehaves costs the others.
//!
//! 50 well-behaved matches of relay-arena tick on one shard, on one core, for a while alone and then beside a villain of
//! each kind; a villain that was ended is replaced at once. What counts is how late the others' ticks begin: 99 of 100 may
//! be at most twice as late as without the villain, or 2 ms later.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use crate::conditions::LoadMeter;
use crate::pin::{Pinned, two_cores};
use crate::stage::{HostSetup, Setup, Stage};
use crate::villains::{VILLAINS, Villain};
use crate::{Conditions, Figures, Line, clock};

/// Those who behave.
const NEIGHBOURS: u32 = 50;
/// How often it is seen to that a villain is there.
const REPLACE_EVERY: Duration = Duration::from_millis(50);
/// Slots: the neighbours, and villains that are being cleared up.
const SLOTS: u32 = 500;

/// What the design allows: so many times the lateness without a villain, or so much more.
const TIMES: f64 = 2.0;
const MORE_MS: f64 = 2.0;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long each row is measured.
    pub lasts: Duration,
    /// The `stadion` program.
    pub stadion_exe: PathBuf,
    /// relay-arena as it is uploaded.
    pub game_wasm: PathBuf,
}

/// Measures. Blocks for about a minute; `progress` is told, for people, what is being measured.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    let (load, conditions) = (LoadMeter::start(), Conditions::read());
    let cores = two_cores();
    let _pinned = Pinned::to(cores.map(|cores| cores.load))?;
    let scratch = tempfile::tempdir()?;
    let mut games = vec![options.game_wasm.clone()];
    for villain in &VILLAINS {
        games.push(villain.write(scratch.path())?);
    }
    let mut stage = open(&options.stadion_exe, games, cores.map(|cores| cores.server))?;
    progress("50 matches alone");
    let alone = row(&mut stage, None, options.lasts)?;
    let before = alone.get("lateness_p99_ms").unwrap_or(0.0);
    let allowed = (before * TIMES).max(before + MORE_MS);
    let mut lines = vec![alone];
    for (at, villain) in VILLAINS.iter().enumerate() {
        progress(&format!("50 matches beside one that {}", villain.does));
        let line = row(&mut stage, Some((at + 1, villain)), options.lasts).with_context(|| villain.name.to_owned())?;
        let holds = line.get("lateness_p99_ms").is_some_and(|late| late <= allowed);
        lines.push(line.with("holds", u64::from(holds)));
    }
    let notes = vec![
        format!("allowed: {allowed:.3} ms, the greater of {TIMES} times and {MORE_MS} ms more than alone"),
        "one shard and the slow lane share one core".to_owned(),
    ];
    let conditions = Conditions { foreign: load.stop(), ..conditions };
    Ok(Figures { lines, omitted: Vec::new(), conditions, notes })
}

fn open(program: &Path, games: Vec<PathBuf>, core: Option<usize>) -> anyhow::Result<Stage> {
    let setup = HostSetup { games, slots: SLOTS, shards: 1, dense: false, durability: "process".to_owned() };
    Stage::start(program, &Setup::Host(setup), core)
}

/// New neighbours for each row, so that what they counted is of this row alone.
fn row(stage: &mut Stage, villain: Option<(usize, &Villain)>, lasts: Duration) -> anyhow::Result<Line> {
    let (neighbours, _) = stage.create(0, NEIGHBOURS, 0)?;
    let (mut made, mut refused, mut living) = (0u64, 0u64, Vec::new());
    let until = clock::now() + lasts;
    while clock::now() < until {
        if let Some((game, _)) = villain
            && stage.look(&living)?.matches == 0
        {
            // A host that has no room for it for a moment is one that copes.
            match stage.create(game, 1, 0) {
                Ok((new, _)) => {
                    made += new.len() as u64;
                    living = new;
                }
                Err(_) => refused += 1,
            }
        }
        std::thread::sleep(REPLACE_EVERY);
    }
    let seen = stage.look(&neighbours)?;
    stage.end(living)?;
    stage.end(neighbours)?;
    let due = f64::from(NEIGHBOURS) * lasts.as_secs_f64() * 20.0;
    Ok(Line::new(villain.map_or("alone", |(_, villain)| villain.name))
        .with("neighbours_alive", seen.matches)
        .with("lateness_p50_ms", seen.lateness_p50_us as f64 / 1e3)
        .with("lateness_p99_ms", seen.lateness_p99_us as f64 / 1e3)
        .with("lateness_max_ms", seen.lateness_max_us as f64 / 1e3)
        .with("ticks_of_due_pct", seen.ticks as f64 / due * 100.0)
        .with("skipped_ticks", seen.skipped)
        .with("villains", made)
        .with("villains_refused", refused)
        .with("measured_s", lasts.as_secs_f64()))
}

//! `stadion bench start`: what it costs to have a match, from the bare engine to a container.
//!
//! | row | from .. to |
//! |---|---|
//! | `raw-wasmtime` | instantiate, `start`, first `step` of the game on a bare wasmtime with our settings and none of our code: the floor |
//! | `host` | the same on our session, as a shard does it, in a slot of the pool that was used before |
//! | `host-fresh` | in a slot that was never used: the kernel has to find its pages |
//! | `host-queued` | a match asked for by another thread, from the request to its answer |
//! | `rest` | a private match by the public API, from the request to the join token |
//! | `spawn` | `/bin/true`, from spawn to its end |
//! | `jvm` | a minimal Java UDP server, from spawn to its first answer |
//! | `jvm-container` | the same in an OCI container |
//!
//! Every row is bounded in runs and in time. What cannot be measured on a machine is left out, with the reason.

mod container;
pub(crate) mod http;
mod ours;
mod process;
mod queued;
mod raw;
pub mod rest;

use std::path::PathBuf;

use anyhow::Context;

use crate::conditions::LoadMeter;
use crate::samples::Samples;
use crate::{Conditions, Omitted, Report, Row};

/// What to measure, and how often.
#[derive(Clone, Debug)]
pub struct Options {
    /// Runs of the rows that take microseconds; at most 100,000.
    pub runs: u32,
    /// Runs of `host-queued` and `rest`; at most 10,000.
    pub match_runs: u32,
    /// Runs of the rows that start processes; at most 200.
    pub process_runs: u32,
    /// The `stadion` program, for the server of `rest`.
    pub stadion_exe: PathBuf,
    /// relay-arena as it is uploaded: the game that every row plays.
    pub game_wasm: PathBuf,
}

impl Options {
    /// The usual numbers of runs: about half a minute in all.
    pub fn new(stadion_exe: PathBuf, game_wasm: PathBuf) -> Options {
        Options { runs: 10_000, match_runs: 1_000, process_runs: 20, stadion_exe, game_wasm }
    }

    fn bounded(&self) -> Options {
        Options {
            runs: self.runs.clamp(1, 100_000),
            match_runs: self.match_runs.clamp(1, 10_000),
            process_runs: self.process_runs.clamp(1, 200),
            ..self.clone()
        }
    }
}

/// The floor and ours take turns this often, so that both meet the same weather.
const ROUNDS: u32 = 10;

/// Measures every row. Blocks for about half a minute; not to be called on a thread of an async runtime. `progress` is
/// told, for people, what is being measured.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Report> {
    let options = options.bounded();
    let load = LoadMeter::start();
    let wasm = std::fs::read(&options.game_wasm)
        .with_context(|| format!("{} is not there: run `cargo xtask games`", options.game_wasm.display()))?;
    let mut bench = Bench { options: &options, progress, rows: Vec::new(), omitted: Vec::new(), notes: Vec::new() };
    bench.sessions(&wasm).context("measuring sessions")?;
    bench.matches(&wasm);
    bench.processes().context("measuring processes")?;
    let Bench { rows, omitted, notes, .. } = bench;
    let conditions = Conditions { foreign: load.stop(), ..Conditions::read() };
    Ok(Report { rows, omitted, conditions, notes })
}

struct Bench<'a> {
    options: &'a Options,
    progress: &'a mut dyn FnMut(&str),
    rows: Vec<Row>,
    omitted: Vec<Omitted>,
    notes: Vec<String>,
}

impl Bench<'_> {
    /// `raw-wasmtime`, `host` and `host-fresh`. Without these there is nothing to compare: an error ends the run.
    fn sessions(&mut self, wasm: &[u8]) -> anyhow::Result<()> {
        (self.progress)("compiling the game");
        let ours = ours::Ours::load(wasm)?;
        let raw = raw::Raw::compile(ours.component())?;
        let runs = self.options.runs;
        let (mut floor, mut warm) = (Samples::with_capacity(runs), Samples::with_capacity(runs));
        for round in 0..ROUNDS {
            (self.progress)(&format!("raw wasmtime and a session in a warm slot, round {} of {ROUNDS}", round + 1));
            raw.measure(runs.div_ceil(ROUNDS), &mut floor)?;
            ours.measure_warm(runs.div_ceil(ROUNDS), &mut warm)?;
        }
        self.rows.extend(floor.row("raw-wasmtime"));
        self.rows.extend(warm.row("host"));
        (self.progress)("sessions in fresh slots");
        self.rows.extend(ours::Ours::measure_fresh(wasm, runs)?.row("host-fresh"));
        Ok(())
    }

    /// `host-queued` and `rest`.
    fn matches(&mut self, wasm: &[u8]) {
        let Options { match_runs, stadion_exe, .. } = self.options;
        (self.progress)("matches asked for by another thread");
        self.keep("host-queued", queued::row(wasm, *match_runs));
        (self.progress)("matches by the public API");
        self.keep("rest", rest::row(stadion_exe, wasm, *match_runs));
    }

    /// `spawn`, `jvm` and `jvm-container`.
    fn processes(&mut self) -> anyhow::Result<()> {
        let runs = self.options.process_runs;
        (self.progress)("a plain process");
        self.keep("spawn", process::spawn(runs.saturating_mul(10)));
        let scratch = tempfile::tempdir()?;
        (self.progress)("a Java server");
        let java = match process::JavaServer::compile(scratch.path()) {
            Ok(java) => java,
            Err(error) => {
                self.omit("jvm", &error);
                self.omit("jvm-container", &error);
                return Ok(());
            }
        };
        self.keep("jvm", java.row(runs));
        (self.progress)("a Java server in a container");
        match container::row(&java, scratch.path(), runs) {
            Ok((row, runtime)) => {
                self.rows.push(row);
                self.notes.push(format!("jvm-container was launched by {runtime}, with the network of the machine"));
            }
            Err(error) => self.omit("jvm-container", &error),
        }
        Ok(())
    }

    fn keep(&mut self, name: &'static str, row: anyhow::Result<Row>) {
        match row {
            Ok(row) => self.rows.push(row),
            Err(error) => self.omit(name, &error),
        }
    }

    fn omit(&mut self, name: &'static str, error: &anyhow::Error) {
        self.omitted.push(Omitted { name, why: format!("{error:#}") });
    }
}

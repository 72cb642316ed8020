//! `stadion bench`: what a match costs on this machine, beside what others cost on it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use stadion_benches::start::{self, Options};

use super::Context;
use crate::failure::{Failure, Outcome};

/// Measures on this machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion bench start                                 a table: ours, raw wasmtime, processes, a JVM, a container
  stadion bench start --json > start.json             one array of {name, p50_us, p99_us, runs}
  stadion bench start --game target/games/relay-arena.wasm --runs 1000")]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// From the request for a match to a match that runs. Takes about a minute; nothing else should run meanwhile.
    Start {
        /// relay-arena as it is uploaded [default: in STADION_GAMES_DIR, else target/games].
        #[arg(long, value_name = "FILE.wasm")]
        game: Option<PathBuf>,
        /// Runs of the rows that take microseconds.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        runs: Option<u32>,
        /// Runs of the rows that start processes.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
        process_runs: Option<u32>,
    },
}

pub(crate) fn run(args: Bench, context: &Context) -> Outcome {
    let What::Start { game, runs, process_runs } = args.what;
    let exe = std::env::current_exe().map_err(|error| Failure::failed(format!("where this program is: {error}")))?;
    let mut options = Options::new(exe, game.map_or_else(found_game, Ok)?);
    options.runs = runs.unwrap_or(options.runs);
    options.process_runs = process_runs.unwrap_or(options.process_runs);
    let spinner = context.out.spinner("measuring");
    let report = start::run(&options, &mut |what| spinner.set_message(what.to_owned()));
    spinner.finish_and_clear();
    let report = report?;
    context.out.value(&report.rows);
    context.out.line(report.to_string().trim_end());
    Ok(())
}

fn found_game() -> Outcome<PathBuf> {
    const NAME: &str = "relay-arena.wasm";
    let folder = std::env::var_os("STADION_GAMES_DIR").map_or_else(|| PathBuf::from("target/games"), PathBuf::from);
    let game = folder.join(NAME);
    if game.is_file() {
        return Ok(game);
    }
    Err(Failure::not_found(format!("there is no {}", game.display()))
        .fix("build the games with `cargo xtask games`, or name one with --game"))
}

//! `stadion bench`: what a match costs on this machine, beside what others cost on it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use stadion_benches::searches::Searches;
use stadion_benches::start::rest::Shared;
use stadion_benches::{
    Figures, arena, create, density, events, gateway, hibernate, image, journal, neighbours, queue, sign_in, stage,
    start,
};

use super::Context;
use crate::failure::{Failure, Outcome};

/// Measures on this machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion bench start                                 a table: ours, raw wasmtime, processes, a JVM, a container
  stadion bench start --json > start.json             one array of {name, p50_us, p99_us, runs}
  stadion bench start --game target/games/relay-arena.wasm --runs 1000
  stadion bench arena                                 how many matches with live players one core carries
  stadion bench arena --matches 600 --seconds 20      how these do
  stadion bench gateway | journal | density | hibernate | neighbours | create | sign-in | queue | image   each a table, or with --json an array of rows")]
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
    /// How many matches of relay-arena with four live players each one core carries, over real QUIC. Takes up to two
    /// minutes and both cores of two.
    Arena {
        /// Measure this many instead of searching the most.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=4_000))]
        matches: Option<u32>,
        /// How long each count is measured.
        #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
        /// What matches survive: none, process or disk.
        #[arg(long, default_value = "process", value_parser = ["none", "process", "disk"])]
        durability: String,
    },
    /// An echo through the gateway beside an echo through raw quinn: CPU, memory, latency.
    Gateway {
        /// Connections of the paced rows.
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..=20_000))]
        connections: u32,
        /// How long each row is measured.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
    },
    /// How many matches one process holds, what an idle one takes, and how many keep time on one core.
    Density {
        /// Matches that tick 20 times a second.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        ticking: u32,
        /// Idle, event-driven matches; as many as fit if that is less.
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        idle: u32,
        /// How long lateness is measured.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
        /// 16 MiB of address space for each match instead of 4 GiB.
        #[arg(long)]
        dense: bool,
    },
    /// What matches take that are out of memory, and how long they take to come back.
    Hibernate {
        /// Matches that sleep.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        matches: u32,
        /// Players who come back one after another.
        #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        wakes: u32,
        /// Players who come back at the same instant.
        #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        at_once: u32,
        /// On whose disk: the log goes into a temporary folder in this one.
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        folder: PathBuf,
    },
    /// What a match that spins, eats memory or traps costs 50 others on its core.
    Neighbours {
        /// How long each row is measured.
        #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
    },
    /// A match by the public API, with one caller and with 16.
    Create {
        /// Matches of the one caller.
        #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        runs: u32,
        /// Bursts of the 16, 640 matches each.
        #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        bursts: u32,
        #[command(flatten)]
        shared: SharedArgs,
    },
    /// Guests, registrations and sign-ins by the public API, with one caller and with 16.
    SignIn {
        /// Calls of each row.
        #[arg(long, default_value_t = 320, value_parser = clap::value_parser!(u32).range(16..=30_000))]
        runs: u32,
        #[command(flatten)]
        shared: SharedArgs,
    },
    /// How long a record takes until it is durable, beside what the disk needs, and what the log of a busy host costs.
    Journal {
        /// On whose disk: the log goes into a temporary folder in this one.
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        folder: PathBuf,
        /// Records of each latency.
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        records: u32,
        /// Matches at 20 Hz, an input in every tick.
        #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=20_000))]
        matches: u32,
        /// How long these are measured.
        #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
    },
    /// Taking the image of a session, and going on from it, with 1, 4 and 16 MiB of its memory written. Takes some seconds.
    Image {
        /// Images of each size.
        #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        runs: u32,
    },
    /// Events a second that reach players on another replica.
    Events {
        /// Players who listen.
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(16..=20_000))]
        players: u32,
        /// Events for each of them.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        events: u32,
        /// A Redis server to measure besides, such as redis://127.0.0.1:6379; what it keeps of that is gone after a day.
        #[arg(long, value_name = "URL")]
        redis: Option<String>,
    },
    /// Players a second that the matchmaker brings into matches on one core, and that find one by the public API. Takes some
    /// seconds.
    Queue {
        /// Players who wait at once.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=50_000))]
        players: u32,
        /// Crowds of so many, one after the other.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        crowds: u32,
        /// Guests who search by the public API.
        #[arg(long, default_value_t = 640, value_parser = clap::value_parser!(u32).range(64..=8_000))]
        searchers: u32,
        #[command(flatten)]
        shared: SharedArgs,
    },
    /// What another `bench` measures, in a process of its own.
    #[command(hide = true)]
    Stage {
        /// As the other one says.
        setup: String,
    },
}

/// Where a replica has its state; with both, one is measured beside the embedded server.
#[derive(Debug, Args)]
struct SharedArgs {
    /// An empty database of PostgreSQL: a replica is measured besides.
    #[arg(long, value_name = "URL", requires = "redis")]
    database: Option<String>,
    /// A Redis that nothing else uses.
    #[arg(long, value_name = "URL", requires = "database")]
    redis: Option<String>,
}

impl SharedArgs {
    fn both(self) -> Option<Shared> {
        Some(Shared { database: self.database?, redis: self.redis? })
    }
}

pub(crate) fn run(args: Bench, context: &Context) -> Outcome {
    let exe = || std::env::current_exe().map_err(|error| Failure::failed(format!("where this program is: {error}")));
    match args.what {
        What::Start { game, runs, process_runs } => {
            let mut options = start::Options::new(exe()?, game.map_or_else(|| found_game(ARENA), Ok)?);
            options.runs = runs.unwrap_or(options.runs);
            options.process_runs = process_runs.unwrap_or(options.process_runs);
            let report = measured(context, |progress| start::run(&options, progress))?;
            context.out.value(&report.rows);
            context.out.line(report.to_string().trim_end());
            Ok(())
        }
        What::Arena { matches, seconds, durability } => {
            let lasts = Duration::from_secs(seconds);
            let options =
                arena::Options { matches, lasts, durability, stadion_exe: exe()?, game_wasm: found_game(ARENA)? };
            show(context, |progress| arena::run(&options, progress))
        }
        What::Gateway { connections, seconds } => {
            let lasts = Duration::from_secs(seconds);
            let options = gateway::Options { connections, lasts, stadion_exe: exe()? };
            show(context, |progress| gateway::run(&options, progress))
        }
        What::Density { ticking, idle, seconds, dense } => {
            let (ticking_wasm, idle_wasm) = (found_game(ARENA)?, found_game(IDLE)?);
            let lasts = Duration::from_secs(seconds);
            let options =
                density::Options { ticking, idle, lasts, dense, stadion_exe: exe()?, ticking_wasm, idle_wasm };
            show(context, |progress| density::run(&options, progress))
        }
        What::Hibernate { matches, wakes, at_once, folder } => {
            let (stadion_exe, game_wasm) = (exe()?, found_game(IDLE)?);
            let options = hibernate::Options { matches, wakes, at_once, folder, stadion_exe, game_wasm };
            show(context, |progress| hibernate::run(&options, progress))
        }
        What::Neighbours { seconds } => {
            let lasts = Duration::from_secs(seconds);
            let options = neighbours::Options { lasts, stadion_exe: exe()?, game_wasm: found_game(ARENA)? };
            show(context, |progress| neighbours::run(&options, progress))
        }
        What::SignIn { runs, shared } => {
            let options = sign_in::Options { runs, stadion_exe: exe()?, shared: shared.both() };
            show(context, |progress| sign_in::run(&options, progress))
        }
        What::Create { runs, bursts, shared } => {
            let (game_wasm, shared) = (found_game(ARENA)?, shared.both());
            let options = create::Options { runs, bursts, stadion_exe: exe()?, game_wasm, shared };
            show(context, |progress| create::run(&options, progress))
        }
        What::Journal { folder, records, matches, seconds } => {
            let options = journal::Options { folder, records, matches, lasts: Duration::from_secs(seconds) };
            show(context, |progress| journal::run(&options, progress))
        }
        What::Events { players, events, redis } => {
            show(context, |progress| events::run(&events::Options { players, events, redis }, progress))
        }
        What::Queue { players, crowds, searchers, shared } => {
            let (stadion_exe, shared) = (exe()?, shared.both());
            let searches = |game_wasm| Searches { players: searchers, stadion_exe, game_wasm, shared };
            let searches = found_game(ARENA).map(searches).map_err(|missing| missing.message);
            let options = queue::Options { players, crowds, searches };
            show(context, |progress| queue::run(&options, progress))
        }
        What::Image { runs } => show(context, |progress| image::run(image::Options { runs }, progress)),
        What::Stage { setup } => {
            // Stdout is for answers; what the host warns of is for whoever started the benchmark.
            let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN);
            log.with_ansi(false).init();
            Ok(stage::child_main(&setup)?)
        }
    }
}

/// Measures and prints what was found.
fn show(context: &Context, run: impl FnOnce(&mut dyn FnMut(&str)) -> anyhow::Result<Figures>) -> Outcome {
    let figures = measured(context, run)?;
    context.out.value(&figures.lines);
    context.out.line(figures.to_string().trim_end());
    Ok(())
}

/// Measures behind a spinner.
fn measured<T>(context: &Context, run: impl FnOnce(&mut dyn FnMut(&str)) -> anyhow::Result<T>) -> Outcome<T> {
    let spinner = context.out.spinner("measuring");
    let found = run(&mut |what| spinner.set_message(what.to_owned()));
    spinner.finish_and_clear();
    Ok(found?)
}

const ARENA: &str = "relay-arena.wasm";
const IDLE: &str = "tictactoe.wasm";

fn found_game(name: &str) -> Outcome<PathBuf> {
    let folder = std::env::var_os("STADION_GAMES_DIR").map_or_else(|| PathBuf::from("target/games"), PathBuf::from);
    let game = folder.join(name);
    if game.is_file() {
        return Ok(game);
    }
    Err(Failure::not_found(format!("there is no {}", game.display()))
        .fix("build the games with `cargo xtask games`, or name their folder with STADION_GAMES_DIR"))
}

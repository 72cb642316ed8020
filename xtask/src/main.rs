//! The developers' door: `cargo xtask <command>`. What CI runs is `cargo xtask test`, and nothing else.
//!
//! Each command is one module. Everything here is a thin order of `cargo` calls: no knowledge of the system itself.

mod bench;
mod browser;
mod cargo;
mod chaos;
mod determinism;
mod fuzz;
mod games;
mod hostile;
mod lint;
mod place;
mod say;
mod serve;
mod sim;
mod stranger;
mod test;
mod tools;

use std::process::ExitCode;

use anyhow::Result;

const USAGE: &str = "\
cargo xtask <command>

  serve [ARGS]     build everything and run `stadion serve`; ARGS go to it (see `cargo xtask serve --help`)
  test [FILTER]    everything that CI checks; with FILTER only the tests whose names contain it
  test hostile [--row N] [--seconds S]
                   what canaries feel of each hostile guest, 20 s each: about 15 min, with nothing else on the machine
  browser          the web client in Node and the games in Chromium; `test` runs it too
  web              writes the built web client and the types of the games' pages anew; needs Node.js
  lint             formatting, clippy, dependencies' licences and sources
  games            the example games, as wasm, into target/games
  bench [ARGS]     `stadion bench ARGS` (start, arena, gateway ...), optimized as for a fleet; `bench micro`: criterion
  determinism [--ticks N]
                   games and nasty guests over N random ticks (default 10,000): other process, load, pool, images
  stranger         programs that know our documents alone meet the real server: a client written from the protocol's page,
                   and schemathesis with openapi.json (STADION_API_SECONDS=1800: for half an hour)
  chaos kill [--times N] [--matches M] [--seed S]
                   kills a server again and again while clients play, and counts what is lost: nothing may be
  sim [--seeds N]  stories in virtual time: a match, its log and its players, and everything goes wrong (default 1,000);
                   `--seed SEED` tells one of them again; `--failing-disk` adds syncs that fail and a full disk
  fuzz [SECONDS]   every fuzz target for SECONDS (default 60); needs a nightly toolchain and cargo-fuzz

Examples:
  cargo xtask serve --port 9000
  cargo xtask test a_lost_player_keeps_the_seat
";

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let command = if args.is_empty() { String::new() } else { args.remove(0) };
    match run(&command, &args) {
        Ok(code) => code,
        Err(error) => {
            say::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, args: &[String]) -> Result<ExitCode> {
    match command {
        "serve" => return serve::run(args),
        "test" => test::run(args)?,
        "browser" => browser::run()?,
        "web" => browser::write()?,
        "lint" => lint::run()?,
        "games" => drop(games::run()?),
        "bench" => bench::run(args)?,
        "determinism" => determinism::run(args)?,
        "stranger" => stranger::run()?,
        "chaos" => chaos::run(args)?,
        "sim" => sim::run(args)?,
        "fuzz" => fuzz::run(args)?,
        "help" | "--help" | "-h" => say::text(USAGE),
        _ => {
            say::text(USAGE);
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

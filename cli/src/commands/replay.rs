//! `stadion replay`: a match once more, bit for bit: compared with its journal, with another journal, or with another build
//! of the game; stopped at any tick, seen as a seat saw it, or run into the trap that ended it.
//!
//! [`tape`]: the journal. [`shelf`]: the versions that it needs. A module for each thing that is asked of them.

mod build;
mod diff;
mod shelf;
mod state;
mod tape;
mod trap;
mod verify;
mod walk;

use std::path::PathBuf;

use bytes::Bytes;
use clap::Args;
use stadion_host::journal::EndRecord;
use stadion_host::replay::{Difference, PlayError, Playback, ReplayError};

use super::Context;
use crate::failure::{Failure, Kind, Outcome};
use shelf::Shelf;
use tape::Tape;

/// Replays a match and compares every tick with its journal.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion replay 06c1r8v5q2z3t4w5x6y7z8a9b0             a match of the server, by its id
  stadion replay 06c1r8v5q2z3t4w5x6y7z8a9b0 --print     every tick, decoded
  stadion replay match.stj --game hello.wasm            from files, without a server
  stadion replay match.stj --until 400 --print          the first 400 ticks alone
  stadion replay match.stj --state 400 --seat 1         what seat 1 saw at tick 400
  stadion replay match.stj --trap                       runs the tick that trapped, too
  stadion replay match.stj --game new.wasm              the first tick that a new build plays otherwise
  stadion replay match.stj --diff other.stj             the first tick at which two matches differ
  stadion replay match.stj --walk                       jump from tick to tick, back and forth
  stadion replay 06c1r8v5q2z3t4w5x6y7z8a9b0 --save match.stj

A --game that the match ran is used in place of the server's; one that it did not run is compared with it.
Exits with 6 if anything differs.")]
pub(crate) struct Replay {
    /// A journal's file, or the id of a match.
    #[arg(value_name = "FILE|ID")]
    what: String,
    /// The game as it was uploaded [default: fetched from the server], or another build of it.
    #[arg(long, value_name = "FILE.wasm")]
    game: Vec<PathBuf>,
    /// Print every tick in which something happened, decoded by the game's schema.
    #[arg(long)]
    print: bool,
    /// Stop after this tick.
    #[arg(long, value_name = "N")]
    until: Option<u64>,
    /// Show what seats saw at this tick.
    #[arg(long, value_name = "N", conflicts_with_all = ["until", "print", "diff", "trap", "walk"])]
    state: Option<u64>,
    /// This seat alone.
    #[arg(long, value_name = "S", requires = "state")]
    seat: Option<u16>,
    /// Find the first tick at which another journal differs: a file, or the id of a match.
    #[arg(long, value_name = "FILE|ID", conflicts_with_all = ["until", "print", "trap", "walk"])]
    diff: Option<String>,
    /// Also run the tick that did not return when the match ended, and show how it ends.
    #[arg(long, conflicts_with_all = ["until", "walk"])]
    trap: bool,
    /// Read from stdin where to go: a tick, `+`, `-`, or `q`.
    #[arg(long, conflicts_with_all = ["until", "print"])]
    walk: bool,
    /// Also write the journal to this file.
    #[arg(long, value_name = "FILE.stj")]
    save: Option<PathBuf>,
}

pub(crate) fn run(args: &Replay, context: &Context) -> Outcome {
    let tape = Tape::open(&args.what, context)?;
    if let Some(path) = &args.save {
        std::fs::write(path, &tape.journal).map_err(|error| Failure::file("writing", path, &error))?;
        context.out.note(format!("{} bytes written to {}", tape.journal.len(), path.display()));
    }
    let mut shelf = Shelf::new(context, tape.setup.game.clone());
    let build = shelf.put(&args.game, &tape)?;
    if let Some(other) = &args.diff {
        let other = Tape::open(other, context)?;
        return diff::run((&tape, &other), &mut shelf, context.out);
    }
    if let Some((path, build)) = build {
        let only = args.print || args.until.is_some() || args.state.is_some() || args.trap || args.walk;
        if only {
            return Err(not_its_own(&path, &build, &tape));
        }
        return build::run(&tape, (&path, build), &mut shelf, context.out);
    }
    if let Some(tick) = args.state {
        return state::run(&tape, tick, args.seat, &mut shelf, context.out);
    }
    if args.walk {
        return walk::run(&tape, &mut shelf, context.out);
    }
    let how = verify::How { print: args.print, until: args.until, trap: args.trap };
    verify::run(&tape, how, &mut shelf, context.out)
}

/// Another build is compared with the match, and cannot stand in for the one that it ran.
fn not_its_own(path: &std::path::Path, build: &Bytes, tape: &Tape) -> Failure {
    let ran: Vec<String> = tape.versions.iter().map(stadion_protocol::VersionId::short).collect();
    let given = stadion_host::compile::version_of(build).short();
    let message = format!("the match ran version {}, {} is version {given}", ran.join(", then "), path.display());
    Failure::new(Kind::Refused, message)
        .fix("give the file that was uploaded, or leave the other options out to compare the two")
}

/// Opens a tape with its own versions.
fn playback<'a>(tape: &'a Tape, shelf: &mut Shelf<'_>) -> Outcome<Playback<'a>> {
    Playback::open(Box::new(shelf.library(tape)?), &tape.journal).map_err(|error| unplayable(&error))
}

/// What a replay cannot get past. A difference has an exit code of its own.
fn stopped(error: PlayError) -> Failure {
    match error {
        PlayError::Differs(difference) => differs(&difference),
        PlayError::Replay(error) => unplayable(&error),
    }
}

fn differs(difference: &Difference) -> Failure {
    Failure::new(Kind::Differs, format!("the replay differs from its journal: {difference}"))
}

fn unplayable(error: &ReplayError) -> Failure {
    Failure::failed(error.to_string())
}

/// The tick that did not return, as a journal's end has it.
fn cut_of(end: Option<&EndRecord>) -> Option<&stadion_host::journal::Cut> {
    end.and_then(|end| end.cut.as_ref())
}

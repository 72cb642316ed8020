//! `stadion dev`: a game's folder, played while it is written.

use std::path::PathBuf;

use clap::Args;

use super::{Context, block_on};
use crate::dev::{self, Choice};
use crate::failure::Outcome;
use crate::project::Project;

/// Builds, publishes and plays the game in a folder, and again whenever a file is saved: running matches go on in the new
/// code.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion dev                              the game in this folder, on a server of its own or one that runs
  stadion dev hello --open                 and opens the playground
  stadion dev --on-difference restart      what to do with matches that the new code would have played otherwise

It watches src/, web/, Cargo.toml and stadion.toml. On save every running match is played again on the new build, and
goes on in it from the next tick; nobody reconnects. Where the new build asks for something else than was played, the
first such tick is shown, and the match is kept on the old build, restarted, carried over by save and load, or goes on in
the new build all the same. When a build fails, the old one plays on.")]
pub(crate) struct Dev {
    /// The game's folder.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// What becomes of a match that the new build would have played otherwise [default: ask, or keep without a terminal].
    #[arg(long, value_enum)]
    on_difference: Option<Choice>,
    /// Open the playground in a browser.
    #[arg(long)]
    open: bool,
    /// The port of a server that has to be started first; 0: any [default: 7878].
    #[arg(long)]
    port: Option<u16>,
    /// Start a server of its own that keeps nothing, whatever else runs.
    #[arg(long, conflicts_with = "port")]
    ephemeral: bool,
}

pub(crate) fn run(args: &Dev, context: &Context) -> Outcome {
    let project = Project::load(&args.dir)?;
    let wanted =
        dev::Wanted { on_difference: args.on_difference, open: args.open, port: args.port, ephemeral: args.ephemeral };
    block_on(Box::pin(dev::run(project, &wanted, context)))
}

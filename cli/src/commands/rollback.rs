//! `stadion rollback`: a channel goes back to what it had before.

use clap::Args;

use super::channels::show;
use super::{Context, ask};
use crate::failure::Outcome;

/// Has a channel point at the version that it had before; again goes back further.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion rollback hello
  stadion rollback hello beta
  stadion rollback hello --json | jq -r .version

Versions that are deprecated or in quarantine are passed over. Matches that run finish on their version.")]
pub(crate) struct Rollback {
    /// The game.
    game: String,
    /// The channel.
    #[arg(default_value = "stable")]
    channel: String,
}

pub(crate) fn run(args: &Rollback, context: &Context) -> Outcome {
    let channel = ask(context.api()?.roll_back(&args.game, &args.channel))?;
    show(&[channel], context)
}

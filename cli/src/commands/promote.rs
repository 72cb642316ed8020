//! `stadion promote`: one channel's version for another one.

use clap::Args;

use super::channels::show;
use super::{Context, ask};
use crate::failure::Outcome;

/// Gives a channel's version to another channel: by itself, the canary's to everybody.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion promote hello                     what the canary has, to everybody
  stadion promote hello beta --to canary
  stadion promote hello --json | jq -r .version

`stadion rollback hello` takes it back.")]
pub(crate) struct Promote {
    /// The game.
    game: String,
    /// The channel whose version it is.
    #[arg(default_value = "canary")]
    channel: String,
    /// The channel that gets it.
    #[arg(long, default_value = "stable")]
    to: String,
}

pub(crate) fn run(args: &Promote, context: &Context) -> Outcome {
    let channel = ask(context.api()?.promote(&args.game, &args.channel, &args.to))?;
    show(&[channel], context)
}

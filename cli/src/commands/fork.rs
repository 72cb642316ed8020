//! `stadion fork`: a developer's copy of a running match.

use clap::Args;

use super::{Context, ask};
use crate::failure::{Failure, Outcome};

/// Copies a running match at its newest tick, for its game's owner.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion fork 06c1r8v5q2z3t4w5x6y7z8a9b0
  stadion play hello KBQT                            sits where somebody sat in the original

The original plays on and knows nothing of it. The copy's players are whoever joins by its code.")]
pub(crate) struct Fork {
    /// The match to copy.
    #[arg(value_name = "MATCH")]
    id: String,
}

pub(crate) fn run(args: &Fork, context: &Context) -> Outcome {
    args.id.parse::<stadion_protocol::MatchId>().map_err(|error| Failure::usage(error.to_string()))?;
    let forked = ask(context.api()?.fork(&args.id))?;
    context.out.value(&forked);
    context.out.line(format!(
        "{} is a copy of {} at tick {}, on version {}",
        forked.of.id,
        args.id,
        forked.tick,
        forked.version.chars().take(8).collect::<String>()
    ));
    context.out.line(format!("its {} seats are joined by the code {}", forked.seat_count, forked.of.code));
    Ok(())
}

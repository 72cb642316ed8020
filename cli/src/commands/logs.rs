//! `stadion logs`: what a match's game logs and prints.

use clap::Args;

use super::{Context, ask};
use crate::api::{Followed, LogLine};
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Shows what a match's game logs and prints, for its owner.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion logs 06c1r8v5q2z3t4w5x6y7z8a9b0             the lines that are kept
  stadion logs 06c1r8v5q2z3t4w5x6y7z8a9b0 --follow    as they come, until the match is over
  stadion logs 06c1r8v5q2z3t4w5x6y7z8a9b0 --after 40 --json

The newest lines are kept while the match runs and for a while after, the last 20 for good. A connection that is lost is
made again, and no line is told twice.")]
pub(crate) struct Logs {
    /// The match.
    #[arg(value_name = "MATCH")]
    id: String,
    /// Wait for more lines until the match is over.
    #[arg(long, short)]
    follow: bool,
    /// Only lines after this number.
    #[arg(long, value_name = "N", default_value_t = 0)]
    after: u64,
}

pub(crate) fn run(args: &Logs, context: &Context) -> Outcome {
    args.id.parse::<stadion_protocol::MatchId>().map_err(|error| {
        Failure::usage(format!("{:?} is not the id of a match: {error}", args.id)).fix("`stadion matches` lists ids")
    })?;
    let (api, out) = (context.api()?, context.out);
    if args.follow {
        let mut tell = |followed| match followed {
            Followed::Line(line) => show(&line, out),
            Followed::Lost => out.note("the connection is lost; trying again"),
        };
        ask(api.follow_log(&args.id, args.after, &mut tell))?;
        out.note("the match is over");
        return Ok(());
    }
    let lines = ask(api.log(&args.id, args.after))?;
    if lines.is_empty() {
        out.note("nothing was logged; --follow waits for it");
    }
    lines.iter().for_each(|line| show(line, out));
    Ok(())
}

fn show(line: &LogLine, out: Output) {
    out.value(line);
    out.line(shown(line));
}

/// A line as people read it: when in the match, how grave, what.
pub(super) fn shown(line: &LogLine) -> String {
    format!("tick {:<6} {:<5} {}", line.tick, line.level, line.text)
}

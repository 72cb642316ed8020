//! `stadion report` and `stadion reports`: players who are reported, by others and to owners.

use clap::{Args, ValueEnum};

use super::{Context, ask, block_on};
use crate::account::signed_in;
use crate::api::PlayerReport;
use crate::failure::{Failure, Outcome};

/// Reports that are listed at most.
const MOST: usize = 1_000;

/// Reports a player to the owner of the game.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion report 06c1r8v5q2z3t4w5x6y7z8a9b0 p-0102030405060708090a0b0c --reason cheating
  stadion report 06c1r8v5q2z3t4w5x6y7z8a9b0 p-0102030405060708090a0b0c --reason abuse --text tick-400

Both of you sat in the match; `stadion matches MATCH --json` shows who did. What everybody did in it is kept until the owner
has looked at it. Needs an account: `stadion account register NAME`.")]
pub(crate) struct ReportArgs {
    /// The match in which it happened.
    #[arg(value_name = "MATCH")]
    of: String,
    /// Account id of the player.
    player: String,
    /// What for.
    #[arg(long, value_enum)]
    reason: Reason,
    /// In your words, at most 1,000 characters.
    #[arg(long)]
    text: Option<String>,
}

/// What somebody is reported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Reason {
    /// With a program, or by what the game does not mean to allow.
    Cheating,
    /// By what they say or are called.
    Abuse,
    /// By playing so that nobody else can.
    Griefing,
    /// By leaving, or by not playing.
    Leaving,
    /// As the text says.
    Other,
}

/// Lists what players of your game report of one another, and closes it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion reports bomberman                           the open ones
  stadion reports bomberman --state resolved
  stadion reports --close r-5f1c0ad2b6e94c1d01020304 --note banned
  stadion reports --dismiss r-5f1c0ad2b6e94c1d01020304

`stadion replay MATCH` shows what happened: the journal of a match is kept while a report of it is open.")]
pub(crate) struct Reports {
    /// The game.
    #[arg(required_unless_present_any = ["close", "dismiss", "reopen"])]
    game: Option<String>,
    /// Only those that stand so: open, resolved, dismissed or all.
    #[arg(long, default_value = "open", requires = "game", value_parser = ["open", "resolved", "dismissed", "all"])]
    state: String,
    /// Something was done about this one.
    #[arg(long, value_name = "REPORT", conflicts_with_all = ["game", "dismiss", "reopen"])]
    close: Option<String>,
    /// There was nothing to do about this one.
    #[arg(long, value_name = "REPORT", conflicts_with_all = ["game", "reopen"])]
    dismiss: Option<String>,
    /// This one is open again.
    #[arg(long, value_name = "REPORT", conflicts_with = "game")]
    reopen: Option<String>,
    /// For those who look at it later.
    #[arg(long, conflicts_with = "game")]
    note: Option<String>,
}

pub(crate) fn file(args: &ReportArgs, context: &Context) -> Outcome {
    args.of.parse::<stadion_protocol::MatchId>().map_err(|error| Failure::usage(error.to_string()))?;
    let reason = args.reason.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    block_on(async {
        let (_, api) = signed_in(context).await?;
        let filed = api.report(&args.of, &args.player, &reason, args.text.as_deref()).await?;
        context.out.value(&filed);
        context.out.line("reported; the owner of the game sees it");
        Ok(())
    })
}

pub(crate) fn run(args: &Reports, context: &Context) -> Outcome {
    let (api, out) = (context.api()?, context.out);
    let closed = [(&args.close, "resolved"), (&args.dismiss, "dismissed"), (&args.reopen, "open")];
    if let Some((id, state)) = closed.into_iter().find_map(|(id, state)| Some((id.as_ref()?, state))) {
        let report = ask(api.set_report(id, state, args.note.as_deref()))?;
        out.value(&report);
        out.line(format!("{} is {}", report.id, report.state));
        return Ok(());
    }
    let Some(game) = &args.game else { return Err(Failure::usage("which game?")) };
    let state = Some(args.state.as_str()).filter(|state| *state != "all");
    let reports = ask(api.reports(game, state, MOST))?;
    reports.iter().for_each(|report| out.value(report));
    if reports.is_empty() {
        out.note("nobody is reported");
    }
    for report in &reports {
        shown(report).into_iter().for_each(|line| out.line(line));
    }
    Ok(())
}

/// A report for people. Its texts hold no control characters but line breaks.
fn shown(report: &PlayerReport) -> Vec<String> {
    let at = report.at.get(..16).unwrap_or(&report.at).replace('T', " ");
    let mut lines = vec![
        format!("{}  {at}  {}  {}", report.id, report.state, report.reason),
        format!("  {} about {} in {}", report.reporter, report.player, report.of),
    ];
    lines.extend(report.text.lines().map(|line| format!("  | {line}")));
    lines.extend(report.note.lines().map(|line| format!("  > {line}")));
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_shows_who_says_what_of_whom() {
        let report = serde_json::from_value(json!({
            "id": "r-1", "at": "2026-11-20T10:00:00.000Z", "match": "m", "game": "duel", "reporter": "p-1", "player": "p-2",
            "reason": "cheating", "text": "walks\nthrough walls", "state": "resolved", "note": "banned",
        }));
        assert_eq!(
            shown(&report.unwrap()),
            [
                "r-1  2026-11-20 10:00  resolved  cheating",
                "  p-1 about p-2 in m",
                "  | walks",
                "  | through walls",
                "  > banned",
            ]
        );
    }
}

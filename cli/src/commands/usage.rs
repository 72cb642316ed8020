//! `stadion usage`: what matches used.

use clap::Args;

use super::{Context, ask};
use crate::api::{MatchUsage, Usage, UsageSums};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use stadion_protocol::{GameName, MatchId};

/// Shows what a match used, the matches of a game, or those of all your games.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion usage                                       all your games, the last 30 days
  stadion usage bomberman --days 7                    one game, version by version
  stadion usage 06c1r8v5q2z3t4w5x6y7z8a9b0            one match, so far or in all
  stadion usage bomberman --json

Sums are of matches that have ended.")]
pub(crate) struct UsageOf {
    /// A game or a match [default: all your games].
    #[arg(value_name = "GAME|MATCH")]
    of: Option<String>,
    /// Sum up matches that ended in the last so many days: 1 to 366 [default: 30].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=366))]
    days: Option<u16>,
}

pub(crate) fn run(args: &UsageOf, context: &Context) -> Outcome {
    let (api, out) = (context.api()?, context.out);
    let of = args.of.as_deref();
    if let Some(id) = of.filter(|of| of.parse::<MatchId>().is_ok()) {
        if args.days.is_some() {
            return Err(Failure::usage("--days sums up matches of a game, and this is one match"));
        }
        let usage = ask(api.match_usage(id))?;
        out.value(&usage);
        one(id, &usage).into_iter().for_each(|line| out.line(line));
        return Ok(());
    }
    if let Some(name) = of {
        name.parse::<GameName>().map_err(|error| {
            Failure::usage(format!("{name:?} is neither a game nor the id of a match: {error}"))
                .fix("`stadion games` lists games, `stadion matches` ids")
        })?;
    }
    let sums = ask(api.usage_sums(of, args.days))?;
    out.value(&sums);
    table(&sums, out);
    Ok(())
}

fn table(sums: &UsageSums, out: Output) {
    if sums.matches == 0 {
        out.note(format!("no match has ended since {}", sums.since));
        return;
    }
    let mut rows: Vec<_> =
        sums.versions.iter().map(|of| row([&of.game, short(&of.version)], of.matches, &of.usage)).collect();
    if rows.len() > 1 {
        rows.push(row(["all", ""], sums.matches, &sums.total));
    }
    out.table(["GAME", "VERSION", "MATCHES", "CPU", "MEMORY", "TICKS", "IN", "OUT", "JOURNAL"], &rows);
    out.note(format!("since {}; MEMORY is the most that one match had", sums.since));
}

fn row([game, version]: [&str; 2], matches: u64, usage: &Usage) -> [String; 9] {
    [
        game.to_owned(),
        version.to_owned(),
        matches.to_string(),
        time(usage.cpu_us),
        bytes(usage.peak_memory_bytes),
        usage.ticks.to_string(),
        bytes(usage.bytes_in),
        bytes(usage.bytes_out),
        bytes(usage.journal_bytes),
    ]
}

fn short(version: &str) -> &str {
    version.get(..8).unwrap_or(version)
}

/// One match, for people.
fn one(id: &str, MatchUsage { usage, punctuality, .. }: &MatchUsage) -> Vec<String> {
    let mut lines = vec![
        id.to_owned(),
        format!("  cpu       {} in {} ticks", time(usage.cpu_us), usage.ticks),
        format!("  memory    {} at most", bytes(usage.peak_memory_bytes)),
        format!("  in        {} messages, {}", usage.messages_in, bytes(usage.bytes_in)),
        format!("  out       {} messages, {}", usage.messages_out, bytes(usage.bytes_out)),
        format!("  journal   {}", bytes(usage.journal_bytes)),
    ];
    if let Some(pace) = punctuality {
        let (late, worst_late) = (time(pace.mean_lateness_us), time(pace.worst_lateness_us));
        let (step, worst_step) = (time(pace.mean_step_us), time(pace.worst_step_us));
        lines.push(format!("  late      {late} on average, {worst_late} at worst"));
        lines
            .push(format!("  step      {step} on average, {worst_step} at worst, {} time slices used up", pace.slices));
    }
    lines
}

/// Microseconds in the unit that reads best.
fn time(us: u64) -> String {
    match us {
        0..10_000 => format!("{us} us"),
        10_000..10_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{} s", us / 1_000_000),
    }
}

/// Bytes in the unit that reads best.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_match_reads_in_units_that_fit() {
        let usage = json!({
            "cpu_us": 1_500, "peak_memory_bytes": 262_144, "ticks": 412, "messages_in": 9, "bytes_in": 90,
            "messages_out": 824, "bytes_out": 12_000_000, "journal_bytes": 4_000,
            "punctuality": {"worst_lateness_us": 900, "mean_lateness_us": 40, "worst_step_us": 20_000,
                            "mean_step_us": 12, "slices": 0},
        });
        assert_eq!(
            one("id", &serde_json::from_value(usage).unwrap()),
            [
                "id",
                "  cpu       1500 us in 412 ticks",
                "  memory    262 kB at most",
                "  in        9 messages, 90 B",
                "  out       824 messages, 12 MB",
                "  journal   4000 B",
                "  late      40 us on average, 900 us at worst",
                "  step      12 us on average, 20 ms at worst, 0 time slices used up",
            ]
        );
    }
}

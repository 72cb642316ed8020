//! What is printed of a row.
#![allow(clippy::print_stderr, reason = "this is the suite's table")]

use std::time::Duration;

use super::lateness::Lateness;
use super::stage::{Ended, Holds};

/// Everything that was seen of a row.
pub(crate) struct Line<'a> {
    pub(crate) row: &'a str,
    pub(crate) what: &'a str,
    /// How often it was done.
    pub(crate) ends: &'a [Ended],
    pub(crate) lateness: &'a Lateness,
    pub(crate) before: Holds,
    pub(crate) after: Holds,
    pub(crate) verdict: &'a str,
    /// All of it, what is looked at afterwards included.
    pub(crate) took: Duration,
}

/// The headings.
pub(crate) fn heading() {
    eprintln!(
        "{:>3}  {:<44} {:<40} {:>6}  {:>7} {:>7} {:>8}  {:>8} {:>4} {:>6} {:>6}  verdict",
        "row",
        "what it does",
        "how it ends (close code)",
        "times",
        "p50 ms",
        "p99 ms",
        "max ms",
        "MiB",
        "fds",
        "slots",
        "s"
    );
}

/// The line without anybody hostile.
pub(crate) fn baseline(lateness: &Lateness, rate_hz: f64, holds: Holds) {
    let mib = holds.memory as f64 / f64::from(1 << 20);
    eprintln!(
        "{:>3}  {:<44} {:<40} {:>6}  {} {:>8.1} {:>4} {:>6}         {rate_hz:.3} Hz",
        "",
        "the canaries alone",
        "",
        "",
        percentiles(lateness),
        mib,
        holds.descriptors,
        holds.slots
    );
    eprintln!("     {lateness}");
}

/// One row: memory, descriptors and slots as differences.
pub(crate) fn line(line: &Line<'_>) {
    let Line { row, what, ends, lateness, before, after, verdict, took } = line;
    let mib = (after.memory as f64 - before.memory as f64) / f64::from(1 << 20);
    let fds = after.descriptors as i64 - before.descriptors as i64;
    let slots = after.slots as i64 - before.slots as i64;
    eprintln!(
        "{row:>3}  {what:<44} {:<40} {:>6}  {} {mib:>+8.1} {fds:>+4} {slots:>+6} {:>6.1}  {verdict}",
        kinds(ends),
        ends.len(),
        percentiles(lateness),
        took.as_secs_f64(),
    );
    eprintln!("     {lateness}");
}

fn percentiles(lateness: &Lateness) -> String {
    format!("{:>7.2} {:>7.2} {:>8.1} ", lateness.at(0.5), lateness.p99(), lateness.at(1.0))
}

/// Each way to end once, with what players were told.
fn kinds(ends: &[Ended]) -> String {
    let mut kinds: Vec<String> = Vec::new();
    for ended in ends {
        let code = ended.code.map_or_else(String::new, |code| format!(" ({})", code.number()));
        let kind = format!("{}{code}", ended.kind);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.join(", ")
}

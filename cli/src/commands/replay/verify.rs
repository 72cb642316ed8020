//! Every tick, compared with its journal; to its end, to some tick, or into the trap that ended it.

use serde_json::json;
use stadion_host::replay::{Coverage, Played, Report, told};
use stadion_schema::Schema;

use super::shelf::Shelf;
use super::tape::Tape;
use super::{differs, playback, stopped, trap};
use crate::failure::Outcome;
use crate::output::Output;
use crate::story::Story;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) print: bool,
    pub(super) until: Option<u64>,
    pub(super) trap: bool,
}

pub(super) fn run(tape: &Tape, how: How, shelf: &mut Shelf<'_>, out: Output) -> Outcome {
    tape.check(how.until)?;
    if how.trap {
        trap::check(tape)?;
    }
    let schema = shelf.schema(tape)?;
    let mut playback = playback(tape, shelf)?;
    let last = how.until.unwrap_or(tape.ticks);
    let bar = if how.print { indicatif::ProgressBar::hidden() } else { out.ticks_bar("replaying", last) };
    let found = loop {
        match playback.next_tick() {
            Ok(Some(played)) if played.tick <= last => {
                bar.set_position(played.tick);
                if how.print {
                    print(&played, schema.as_ref(), out);
                }
                // What comes after may be damaged.
                if how.until == Some(played.tick) {
                    break Ok(());
                }
            }
            Ok(_) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    bar.finish_and_clear();
    let report = playback.report();
    if report.first_difference.is_none() {
        found.map_err(stopped)?;
    }
    tell(tape, how, &report, out);
    match report.first_difference {
        Some(difference) => Err(differs(&difference)),
        None if how.trap => trap::run(tape, &mut playback, schema.as_ref(), out),
        None => Ok(()),
    }
}

pub(super) fn print(played: &Played, schema: Option<&Schema>, out: Output) {
    if out.is_json() {
        out.value(&told::tick(schema, played.input.as_ref(), &played.stepped));
    } else if let Some(lines) = Story::new(schema).tick(played.input.as_ref(), &played.stepped.outputs) {
        out.line(lines.join("\n"));
    }
}

fn tell(tape: &Tape, how: How, report: &Report, out: Output) {
    let setup = &tape.setup;
    let end = match &report.coverage {
        _ if how.until.is_some_and(|until| until < tape.ticks) => format!("it has {} ticks", tape.ticks),
        Coverage::Whole(reason) => format!("ended: {reason}"),
        Coverage::Running => "still running when the journal was taken".to_owned(),
        Coverage::Prefix { first, end } => {
            let end = end.as_ref().map_or_else(|| "not known".to_owned(), ToString::to_string);
            format!("ticks from {first} on were not kept; end: {end}")
        }
    };
    let exact = report.is_exact();
    let ticks = how.until.map_or(report.ticks, |until| until.min(report.ticks));
    // Ticks that are folded into one record have a chain together.
    let chain = (ticks == report.ticks).then(|| report.chain.to_string());
    out.value(&json!({
        "match": setup.setup.match_id, "game": setup.game.as_str(), "version": setup.version.to_string(),
        "ticks": ticks, "chain": chain, "exact": exact, "end": end,
        "difference": report.first_difference.as_ref().map(ToString::to_string),
    }));
    out.line(format!("{} of {}@{}   {end}", setup.setup.match_id, setup.game, setup.version.short()));
    let verdict = if exact { "every one the same as in the journal" } else { "then a difference" };
    let chain = chain.map(|chain| format!("   chain {chain}")).unwrap_or_default();
    out.line(format!("{ticks} ticks replayed, {verdict}{chain}"));
}

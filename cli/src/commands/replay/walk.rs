//! Walking through a match: to any tick, forwards and back, each time with what happened and what every seat saw.
//!
//! The match is played once, and images of it are kept on the way; from then on a jump takes milliseconds.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::json;
use stadion_host::model::{Output as Asked, Stepped, Target, TickInput};
use stadion_host::replay::{Rewind, told};
use stadion_protocol::Seat;
use stadion_schema::Schema;
use stadion_schema::envelope::Down;

use super::shelf::Shelf;
use super::state::{Audience, view};
use super::stopped;
use super::tape::Tape;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::story::Story;

/// The longest line of a view.
const LINE_CHARS: usize = 400;

/// Where somebody wants to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    To(u64),
    Out,
}

/// Somebody who walks.
struct Walk<'a> {
    rewind: Rewind<'a>,
    schema: Option<Schema>,
    out: Output,
    /// When each seat was shown something: ascending ticks.
    shown: BTreeMap<Seat, Vec<u64>>,
    last: u64,
}

pub(super) fn run(tape: &Tape, shelf: &mut Shelf<'_>, out: Output) -> Outcome {
    tape.check(None)?;
    let schema = shelf.schema(tape)?;
    let find = Box::new(shelf.library(tape)?);
    let rewind = Rewind::open(find, &tape.journal).map_err(stopped)?;
    let mut walk = Walk { rewind, schema, out, shown: BTreeMap::new(), last: tape.ticks };
    walk.play()?;
    out.note(format!("0 to {}: a tick, + and - for the next and the one before, q to leave", walk.last));
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::failed(format!("reading stdin: {error}")))?;
        match step(line.trim(), walk.rewind.tick(), walk.last) {
            Ok(Step::To(tick)) => walk.to(tick)?,
            Ok(Step::Out) => break,
            Err(what) => out.note(what),
        }
    }
    Ok(())
}

fn step(word: &str, here: u64, last: u64) -> Result<Step, String> {
    let wanted = match word {
        "q" => return Ok(Step::Out),
        "+" | "" => here + 1,
        "-" => here.saturating_sub(1),
        number => number.parse().map_err(|_| format!("{number:?} is no tick, +, - or q"))?,
    };
    if wanted > last { Err(format!("tick {wanted} is past the end: 0 to {last}")) } else { Ok(Step::To(wanted)) }
}

impl Walk<'_> {
    /// All of it once, so that images lie behind.
    fn play(&mut self) -> Outcome {
        let bar = self.out.ticks_bar("replaying", self.last);
        let (shown, mut audience, typed) = (&mut self.shown, Audience::default(), self.schema.is_some());
        let mut note = |input: Option<&TickInput>, stepped: &Stepped| {
            let tick = input.map_or(0, |input| input.number);
            bar.set_position(tick);
            // A game without a schema has no views, whatever its bytes look like.
            for (seat, _) in audience.shown(input, stepped).into_iter().filter(|_| typed) {
                let ticks = shown.entry(seat).or_default();
                if ticks.last() != Some(&tick) {
                    ticks.push(tick);
                }
            }
        };
        let arrived = self.rewind.seek(self.last, &mut note);
        bar.finish_and_clear();
        arrived.map(drop).map_err(stopped)
    }

    fn to(&mut self, tick: u64) -> Outcome {
        let mut views = Vec::new();
        let wanted: Vec<(Seat, u64)> =
            self.shown.iter().filter_map(|(seat, ticks)| newest(*seat, ticks, tick)).collect();
        for (seat, since) in wanted {
            let (_, stepped) = self.play_again(since)?;
            let shown = stepped.outputs.iter().filter_map(|output| view_for(seat, output)).next_back();
            let value = shown.and_then(|data| self.schema.as_ref().and_then(|schema| view(schema, data)));
            views.push((seat, since, value));
        }
        let (input, stepped) = self.play_again(tick)?;
        let mut value = told::tick(self.schema.as_ref(), input.as_ref(), &stepped);
        value["views"] = views
            .iter()
            .map(|(seat, since, view)| {
                let view = view.as_ref().map(stadion_schema::Value::to_json);
                json!({"seat": seat.0, "since_tick": since, "view": view})
            })
            .collect();
        self.out.value(&value);
        let story = Story::new(self.schema.as_ref());
        match story.tick(input.as_ref(), &stepped.outputs) {
            Some(lines) => lines.into_iter().for_each(|line| self.out.line(line)),
            None => self.out.line(format!("tick {tick}  nothing happened")),
        }
        for (seat, since, view) in views {
            let view = view.map_or_else(|| "a view that does not read".to_owned(), |view| view.line(LINE_CHARS));
            self.out.line(format!("  seat {seat} sees, since tick {since}: {view}"));
        }
        Ok(())
    }

    /// Plays this very tick, wherever it stands.
    fn play_again(&mut self, tick: u64) -> Outcome<(Option<TickInput>, Stepped)> {
        let mut newest = None;
        let mut note = |input: Option<&TickInput>, stepped: &Stepped| newest = Some((input.cloned(), stepped.clone()));
        self.rewind.play(tick, &mut note).map_err(stopped)?;
        newest.ok_or_else(|| Failure::failed(format!("tick {tick} is not in the journal")))
    }
}

/// The newest view that a seat was sent by a tick.
fn newest(seat: Seat, shown: &[u64], tick: u64) -> Option<(Seat, u64)> {
    let before = shown.partition_point(|at| *at <= tick);
    Some((seat, *shown.get(before.checked_sub(1)?)?))
}

/// A view that a seat was shown, as it was sent.
fn view_for(seat: Seat, output: &Asked) -> Option<&[u8]> {
    match output {
        Asked::Send { to, data, .. } if *to == Target::Seat(seat) || *to == Target::Everyone => {
            matches!(Down::parse(data), Ok(Down::View { .. })).then_some(&data[..])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_walks_within_the_match() {
        for (word, wanted) in
            [("7", Ok(Step::To(7))), ("+", Ok(Step::To(5))), ("", Ok(Step::To(5))), ("q", Ok(Step::Out))]
        {
            assert_eq!(step(word, 4, 9), wanted, "{word:?}");
        }
        assert_eq!((step("-", 4, 9), step("-", 0, 9)), (Ok(Step::To(3)), Ok(Step::To(0))));
        assert!(step("10", 4, 9).is_err_and(|what| what.contains("0 to 9")));
        assert!(step("there", 4, 9).is_err_and(|what| what.contains("no tick")));
    }

    #[test]
    fn a_seat_sees_what_it_was_shown_last() {
        let shown = [2, 5, 9];
        assert_eq!(newest(Seat(1), &shown, 1), None);
        assert_eq!(newest(Seat(1), &shown, 5), Some((Seat(1), 5)));
        assert_eq!(newest(Seat(1), &shown, 8), Some((Seat(1), 5)));
    }
}

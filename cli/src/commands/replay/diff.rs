//! Two journals: the first tick at which they differ, in what came in or in what the game asked for.

use serde_json::{Value as Json, json};
use stadion_host::replay::{Played, told};
use stadion_schema::Schema;

use super::shelf::Shelf;
use super::tape::Tape;
use super::{playback, stopped};
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;
use crate::story::Story;

/// Where two matches part.
enum Parting {
    /// They do not: as far as both go.
    Nowhere,
    /// At a tick that both have.
    At(Box<(Played, Played)>),
    /// After the last tick of one of them.
    After(u64),
}

pub(super) fn run((a, b): (&Tape, &Tape), shelf: &mut Shelf<'_>, out: Output) -> Outcome {
    if a.setup.game != b.setup.game {
        let message = format!("{} is a match of {}, {} is one of {}", a.name, a.setup.game, b.name, b.setup.game);
        return Err(Failure::new(Kind::Refused, message).fix("compare two matches of one game"));
    }
    a.check(None)?;
    b.check(None)?;
    let schema = shelf.schema(a)?;
    let parting = parting(a, b, shelf, out)?;
    let setup = setups(a, b);
    tell((a, b), (&parting, &setup), schema.as_ref(), out);
    match parting {
        Parting::Nowhere if setup.is_empty() => Ok(()),
        Parting::Nowhere => Err(differ("they differ in their setup alone".to_owned())),
        Parting::At(played) => Err(differ(format!("they differ at tick {}", played.0.tick))),
        Parting::After(tick) => Err(differ(format!("they differ after tick {tick}: one ends there"))),
    }
}

fn differ(message: String) -> Failure {
    Failure::new(Kind::Differs, message)
}

/// Plays both, side by side.
fn parting(a: &Tape, b: &Tape, shelf: &mut Shelf<'_>, out: Output) -> Outcome<Parting> {
    let mut sides = (playback(a, shelf)?, playback(b, shelf)?);
    let bar = out.ticks_bar("comparing", a.ticks.min(b.ticks));
    let parting = loop {
        match (sides.0.next_tick().map_err(stopped)?, sides.1.next_tick().map_err(stopped)?) {
            (Some(one), Some(other)) if one.input == other.input && one.stepped == other.stepped => {
                bar.set_position(one.tick);
            }
            (Some(one), Some(other)) => break Parting::At(Box::new((one, other))),
            // One that still runs is the beginning of the other.
            (None, Some(_)) if a.end.is_some() => break Parting::After(a.ticks),
            (Some(_), None) if b.end.is_some() => break Parting::After(b.ticks),
            (None, None) if reason(a).zip(reason(b)).is_some_and(|(one, other)| one != other) => {
                break Parting::After(a.ticks);
            }
            _ => break Parting::Nowhere,
        }
    };
    bar.finish_and_clear();
    Ok(parting)
}

fn reason(tape: &Tape) -> Option<String> {
    tape.end.as_ref().map(|end| end.reason.to_string())
}

/// What two matches were given at their start, where it is not the same.
fn setups(a: &Tape, b: &Tape) -> Vec<(&'static str, String, String)> {
    let fields = |tape: &Tape| {
        let setup = &tape.setup.setup;
        let seed: Vec<String> = setup.seed.iter().map(|word| format!("{word:016x}")).collect();
        [
            ("match", setup.match_id.clone()),
            ("version", tape.setup.version.to_string()),
            ("seed", seed.concat()),
            ("started_unix_ns", setup.started_unix_ns.to_string()),
            ("rate", setup.rate.to_string()),
            ("seats", setup.seats.to_string()),
            ("parameters", hex::encode(&setup.parameters)),
        ]
    };
    let pairs = fields(a).into_iter().zip(fields(b));
    pairs.filter(|(one, other)| one.1 != other.1).map(|((name, one), (_, other))| (name, one, other)).collect()
}

fn tell(
    (a, b): (&Tape, &Tape),
    (parting, setup): (&Parting, &[(&'static str, String, String)]),
    schema: Option<&Schema>,
    out: Output,
) {
    let setup_json: Vec<Json> = setup.iter().map(|(name, a, b)| json!({"field": name, "a": a, "b": b})).collect();
    for (name, one, other) in setup {
        out.line(format!("setup {name:<16} - {one}"));
        out.line(format!("      {:<16} + {other}", ""));
    }
    let ends = json!({"a": reason(a), "b": reason(b)});
    let (tick, sides) = match parting {
        Parting::Nowhere => (None, Json::Null),
        Parting::After(tick) => (Some(*tick), Json::Null),
        Parting::At(played) => {
            let side = |played: &Played| told::tick(schema, played.input.as_ref(), &played.stepped);
            (Some(played.0.tick), json!({"a": side(&played.0), "b": side(&played.1)}))
        }
    };
    let same = setup.is_empty() && matches!(parting, Parting::Nowhere);
    out.value(&json!({
        "same": same, "setup": setup_json, "tick": tick, "played": sides, "ends": ends,
        "ticks": {"a": a.ticks, "b": b.ticks},
    }));
    match parting {
        Parting::Nowhere => {
            out.line(format!("{} ticks are the same in both   {}", a.ticks.min(b.ticks), lengths(a, b)));
        }
        Parting::After(tick) => out.line(format!("the same up to tick {tick}   {}", lengths(a, b))),
        Parting::At(played) => sides_of(played, schema).into_iter().for_each(|line| out.line(line)),
    }
}

fn lengths(a: &Tape, b: &Tape) -> String {
    let one = |tape: &Tape| {
        let end = reason(tape).unwrap_or_else(|| "still running".to_owned());
        format!("{}: {} ticks, {end}", tape.name, tape.ticks)
    };
    format!("{}; {}", one(a), one(b))
}

/// The tick as the one (`-`) and the other (`+`) have it; what is the same in both stands without a mark.
fn sides_of(played: &(Played, Played), schema: Option<&Schema>) -> Vec<String> {
    let story = Story::new(schema);
    let lines = |played: &Played| {
        let lines = story.tick(played.input.as_ref(), &played.stepped.outputs);
        let mut lines = lines.unwrap_or_else(|| vec![format!("tick {}", played.tick)]);
        lines.push(format!("  wake {:?}", played.stepped.wake));
        lines
    };
    let (one, other) = (lines(&played.0), lines(&played.1));
    let same = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    let behind =
        one[same..].iter().rev().zip(other[same..].iter().rev()).take_while(|(one, other)| one == other).count();
    let mut told: Vec<String> = one[..same].iter().map(|line| format!("  {line}")).collect();
    told.extend(one[same..one.len() - behind].iter().map(|line| format!("- {line}")));
    told.extend(other[same..other.len() - behind].iter().map(|line| format!("+ {line}")));
    told.extend(one[one.len() - behind..].iter().map(|line| format!("  {line}")));
    told
}

//! The ticks of a match on another build: the first one that it plays otherwise, with what both ask for side by side.

use std::path::Path;

use bytes::Bytes;
use serde_json::json;
use stadion_host::compile::version_of;
use stadion_host::engine::LoadedVersion;
use stadion_host::replay::{Apart, against, told};
use stadion_schema::Schema;

use super::shelf::{Shelf, schema};
use super::stopped;
use super::tape::Tape;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;
use crate::story::Story;

pub(super) fn run(tape: &Tape, (path, wasm): (&Path, Bytes), shelf: &mut Shelf<'_>, out: Output) -> Outcome {
    tape.check(None)?;
    let id = version_of(&wasm);
    let build = shelf.load(wasm, id)?;
    fits(&build, path, tape)?;
    let schemas = (shelf.schema(tape)?, schema(&build)?);
    let find = Box::new(shelf.library(tape)?);
    let bar = out.ticks_bar("comparing", tape.ticks);
    let found = against(find, &build, &tape.journal, &mut |tick| bar.set_position(tick));
    bar.finish_and_clear();
    let names = (tape.setup.version.short(), id.short());
    let Some(apart) = found.map_err(stopped)? else {
        out.value(&json!({"before": names.0, "after": names.1, "ticks": tape.ticks, "same": true}));
        out.line(format!("{} plays all {} ticks as {} did", names.1, tape.ticks, names.0));
        return Ok(());
    };
    tell(&apart, (&schemas.0, &schemas.1), (&names.0, &names.1), out);
    let message = format!("{} plays tick {} otherwise than {} did", names.1, apart.tick, names.0);
    Err(Failure::new(Kind::Differs, message))
}

/// What makes it another game, or one that cannot be given these ticks.
fn fits(build: &LoadedVersion, path: &Path, tape: &Tape) -> Outcome {
    let (description, setup) = (build.description(), &tape.setup.setup);
    let refused = |what: String| {
        let message = format!("{} is no build that could have played this match: {what}", path.display());
        Err(Failure::new(Kind::Refused, message).fix(format!("is it {}?", tape.setup.game)))
    };
    let (least, most) = (description.seats_min, description.seats_max);
    if setup.seats < least || setup.seats > most {
        return refused(format!("the match has {} seats, it takes {least} to {most}", setup.seats));
    }
    if setup.rate != description.rate {
        return refused(format!("the match has {} ticks a second, it wants {}", setup.rate, description.rate));
    }
    Ok(())
}

fn tell(apart: &Apart, schemas: (&Option<Schema>, &Option<Schema>), names: (&str, &str), out: Output) {
    let (old, new) = (schemas.0.as_ref(), schemas.1.as_ref());
    let after = apart.after.as_ref().map(|stepped| told::tick(new, apart.input.as_ref(), stepped));
    out.value(&json!({
        "before": names.0, "after": names.1, "tick": apart.tick, "same": false,
        "old": told::tick(old, apart.input.as_ref(), &apart.before),
        "new": after.as_ref().ok(), "fault": after.as_ref().err(),
    }));
    let story = Story::new(old);
    match &apart.input {
        Some(input) => story.tick(Some(input), &[]).into_iter().flatten().for_each(|line| out.line(line)),
        None => out.line("start"),
    }
    for line in sides(apart, &story, &Story::new(new)) {
        out.line(line);
    }
}

/// What the match asked for (`-`) and what the build asks for (`+`), from the first output that is not the same.
fn sides(apart: &Apart, old: &Story<'_>, new: &Story<'_>) -> Vec<String> {
    let before = &apart.before;
    let Ok(after) = &apart.after else {
        let asked = before.outputs.iter().map(|output| format!("  - {}", old.asked(output)));
        let fault = apart.after.as_ref().err().map(|fault| format!("  + it does not return: {fault}"));
        return asked.chain(fault).collect();
    };
    let same = before.outputs.iter().zip(&after.outputs).take_while(|(before, after)| before == after).count();
    let mut lines: Vec<String> =
        before.outputs[same..].iter().map(|output| format!("  - {}", old.asked(output))).collect();
    lines.extend(after.outputs[same..].iter().map(|output| format!("  + {}", new.asked(output))));
    if before.wake != after.wake {
        lines.push(format!("  - wake: {:?}", before.wake));
        lines.push(format!("  + wake: {:?}", after.wake));
    }
    lines
}

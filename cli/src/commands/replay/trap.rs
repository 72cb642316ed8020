//! The tick that did not return when a match ended: run again, it ends as it did then, and says where.

use serde_json::json;
use stadion_host::model::TickInput;
use stadion_host::replay::{Playback, told};
use stadion_host::session::StepFault;
use stadion_protocol::contract::EndReason;
use stadion_schema::Schema;

use super::cut_of;
use super::tape::Tape;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;
use crate::story::Story;

/// Whether there is such a tick.
pub(super) fn check(tape: &Tape) -> Outcome {
    let Some(end) = &tape.end else {
        return Err(Failure::usage("the match was still running when the journal was taken: nothing has trapped"));
    };
    cut_of(Some(end)).map(drop).ok_or_else(|| {
        Failure::usage(format!("no tick of this match failed to return: {}", end.reason))
            .fix("leave out --trap to replay it")
    })
}

/// Runs it, after everything before it was played.
pub(super) fn run(tape: &Tape, playback: &mut Playback<'_>, schema: Option<&Schema>, out: Output) -> Outcome {
    let (Some(end), Some(cut)) = (&tape.end, cut_of(tape.end.as_ref())) else { return check(tape) };
    let spinner = out.spinner("running the tick that did not return");
    let ran = playback.run_cut(cut);
    spinner.finish_and_clear();
    let how = match ran {
        Some(Err(fault)) => Some(fault),
        Some(Ok(_)) | None => None,
    };
    let same = how.as_ref().is_some_and(|fault| is(fault, &end.reason));
    tell(&cut.input, (how.as_ref(), same), schema, out);
    if same {
        return Ok(());
    }
    let now = how.map_or_else(|| "it returned".to_owned(), |fault| fault.to_string());
    let message = format!("tick {} does not end as it did then: {now}; then: {}", cut.input.number, end.reason);
    Err(Failure::new(Kind::Differs, message))
}

fn tell(input: &TickInput, (fault, same): (Option<&StepFault>, bool), schema: Option<&Schema>, out: Output) {
    let what = fault.map(ToString::to_string);
    out.value(&json!({
        "tick": input.number, "time_ns": input.time, "events": told::events(schema, input), "fault": what,
        "reproduced": same,
    }));
    Story::new(schema).tick(Some(input), &[]).into_iter().flatten().for_each(|line| out.line(line));
    if let Some(what) = what {
        let verdict = if same { "as it did then" } else { "otherwise than then" };
        out.line(format!("tick {} did not return, {verdict}: {what}", input.number));
    }
}

fn is(fault: &StepFault, reason: &EndReason) -> bool {
    match (fault, reason) {
        (StepFault::Trap(now), EndReason::Trapped(then)) => now.text == *then,
        (StepFault::OverQuota(now), EndReason::OverQuota(then)) => now == then,
        (StepFault::OverBudget, EndReason::OverBudget) => true,
        _ => false,
    }
}

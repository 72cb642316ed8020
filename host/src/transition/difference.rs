//! Where two versions first ask for different things, as a developer is shown it: both are played side by side.

use std::sync::Arc;

use stadion_protocol::Tick;
use stadion_protocol::contract::{MAX_SHOWN_BYTES, MAX_SHOWN_OUTPUTS, ShownOutput, UpgradeError, VersionDifference};

use crate::engine::LoadedVersion;
use crate::journal::Record;
use crate::model::{Delivery, DocumentAction, Output, Stepped, Target, Wake};
use crate::replay::{Compare, Difference, Epoch, Follower, Stop, follow};

use super::job::Job;

/// What the steps of a record asked for: one, or as many as were folded.
type Asked = Vec<(u64, Stepped)>;

/// The first tick that differs, and how. `known` is what the replay found.
pub(super) fn first(
    job: &Job,
    epoch: &Epoch<'_>,
    (from, to): (&Arc<LoadedVersion>, &Arc<LoadedVersion>),
    known: &Difference,
) -> Result<Box<VersionDifference>, UpgradeError> {
    let (mut old_asked, mut new_asked) = (Asked::new(), Asked::new());
    let old = side(epoch, from, &mut old_asked).map_err(|stop| failed(&stop))?;
    let new = side(epoch, to, &mut new_asked);
    if let Some(difference) = compare(&old_asked, &new_asked, new.as_ref().err()) {
        return Ok(difference);
    }
    let (mut old, mut new) = (old, new.map_err(|stop| failed(&stop))?);
    for record in epoch.reader.clone() {
        job.in_time()?;
        let record = record.map_err(|damage| UpgradeError::Failed(damage.to_string()))?;
        if old.place().tick >= *known.ticks.end() {
            break;
        }
        (old_asked, new_asked) = (Asked::new(), Asked::new());
        play(&mut old, &record, &mut old_asked).map_err(|stop| failed(&stop))?;
        let stopped = play(&mut new, &record, &mut new_asked).err();
        if let Some(difference) = compare(&old_asked, &new_asked, stopped.as_ref()) {
            return Ok(difference);
        }
    }
    Err(UpgradeError::Failed(format!("the replay differs from the journal, and the versions do not differ: {known}")))
}

fn side(epoch: &Epoch<'_>, version: &Arc<LoadedVersion>, asked: &mut Asked) -> Result<Follower, Stop> {
    let tick = epoch.place.tick;
    epoch.begin(version, &mut |_, stepped| asked.push((tick, stepped.clone())), Compare::AndNote)
}

fn play(follower: &mut Follower, record: &Record, asked: &mut Asked) -> Result<(), Stop> {
    follow(follower, record, &mut |input, stepped| {
        asked.extend(input.map(|input| (input.number, stepped.clone())));
    })
}

fn failed(stop: &Stop) -> UpgradeError {
    UpgradeError::Failed(match stop {
        Stop::Differs(difference) => difference.to_string(),
        Stop::Cannot(error) => error.to_string(),
    })
}

/// What differs in the steps of one record. A side that stopped asked for less.
fn compare(old: &Asked, new: &Asked, stopped: Option<&Stop>) -> Option<Box<VersionDifference>> {
    for (i, (tick, before)) in old.iter().enumerate() {
        let what = match (new.get(i), stopped) {
            (Some((_, after)), _) if after == before => continue,
            (Some((_, after)), _) if after.outputs == before.outputs => {
                "the versions want to be called next at different times".to_owned()
            }
            (Some(_), _) => "the versions ask for different things".to_owned(),
            (None, Some(Stop::Differs(difference))) => format!("the new version: {}", difference.kind),
            (None, _) => "the new version cannot be played on".to_owned(),
        };
        let after = new.get(i).map(|(_, after)| after);
        let (before, after) = shown(before, after);
        return Some(Box::new(VersionDifference { tick: Tick(*tick), what, before, after }));
    }
    None
}

/// Both sides from the first output on that is not the same.
fn shown(before: &Stepped, after: Option<&Stepped>) -> (Vec<ShownOutput>, Vec<ShownOutput>) {
    let Some(after) = after else { return (before.outputs.iter().take(MAX_SHOWN_OUTPUTS).map(show).collect(), vec![]) };
    if before.outputs == after.outputs {
        return (vec![show_wake(before.wake)], vec![show_wake(after.wake)]);
    }
    let same = before.outputs.iter().zip(&after.outputs).take_while(|(before, after)| before == after).count();
    let rest = |stepped: &Stepped| stepped.outputs[same..].iter().take(MAX_SHOWN_OUTPUTS).map(show).collect();
    (rest(before), rest(after))
}

fn show(output: &Output) -> ShownOutput {
    let shown = |kind, about: String, data: &[u8]| ShownOutput {
        kind,
        about,
        data: data[..data.len().min(MAX_SHOWN_BYTES)].to_vec(),
    };
    match output {
        Output::Send { to, via, data } => shown("send", format!("{}, {}", target(*to), delivery(*via)), data),
        Output::Kick { seat, reason } => shown("kick", format!("seat {seat}"), reason.as_bytes()),
        Output::Label(json) => shown("label", String::new(), json.as_bytes()),
        Output::Open(open) => shown("open", open.to_string(), b""),
        Output::Finish { placings, data } => {
            let places = placings.iter().map(|at| format!("seat {} rank {} score {}", at.seat, at.rank, at.score));
            shown("finish", places.collect::<Vec<_>>().join(", "), data)
        }
        Output::Log { level, text } => shown("log", format!("{level:?}").to_lowercase(), text.as_bytes()),
        Output::Report { kind, json } => shown("report", kind.clone(), json.as_bytes()),
        Output::Storage { player, key, op, .. } => {
            let (verb, data) = match op {
                DocumentAction::Get => ("get", &[][..]),
                DocumentAction::Put { data, .. } => ("put", &data[..]),
                DocumentAction::Delete { .. } => ("delete", &[][..]),
            };
            shown("storage", format!("{verb} {key} of {}", player.as_deref().unwrap_or("the game")), data)
        }
        Output::Call { endpoint, json, .. } => shown("call", endpoint.clone(), json.as_bytes()),
    }
}

fn show_wake(wake: Wake) -> ShownOutput {
    let about = match wake {
        Wake::Next => "next".to_owned(),
        Wake::Event => "at the next event".to_owned(),
        Wake::At(time) => format!("at {time} ns of match time"),
    };
    ShownOutput { kind: "wake", about, data: Vec::new() }
}

fn target(to: Target) -> String {
    match to {
        Target::Seat(seat) => format!("seat {seat}"),
        Target::Everyone => "everyone".to_owned(),
        Target::Spectators => "spectators".to_owned(),
    }
}

fn delivery(via: Delivery) -> &'static str {
    match via {
        Delivery::Reliable => "reliable",
        Delivery::Unreliable => "unreliable",
    }
}

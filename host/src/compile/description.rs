//! What a game says of itself, checked and made the contract's own type.

use stadion_protocol::contract::{CompileStage, Description, MatchSettings};

use super::pipeline::Rejection;
use crate::session::WireDescription;

/// The longest title, bytes.
const TITLE_BYTES: usize = 128;

/// Most seats of a match.
const SEATS: u16 = 1024;

/// The fastest tick rate.
const RATE: u16 = 240;

/// The largest message schema, bytes.
const SCHEMA_BYTES: usize = 64 * 1024;

/// Settings of a description.
const SETTINGS: usize = 64;

/// CPU time of a step: from this...
const STEP_US_MIN: u32 = 100;

/// ... to this.
const STEP_US_MAX: u32 = 1_000_000;

/// Of a description that leaves it open.
const STEP_US_DEFAULT: u32 = 20_000;

/// Of a description that leaves it open.
const MEMORY_DEFAULT: u64 = 16 << 20;

/// Checks what `describe` answered. `declared` is the linear memory that the module starts with.
pub(super) fn check(
    wire: WireDescription,
    saves: bool,
    declared_bytes: u64,
    largest_bytes: u64,
) -> Result<Description, Rejection> {
    let wrong = |message: String| Rejection { stage: CompileStage::Describe, message: format!("describe: {message}") };
    let within = |what: &str, value: u64, least: u64, most: u64| {
        if (least..=most).contains(&value) {
            Ok(())
        } else {
            Err(wrong(format!("{what} is {value}; {least} to {most} are allowed")))
        }
    };
    let memory_bytes = if wire.memory_bytes == 0 { MEMORY_DEFAULT.max(declared_bytes) } else { wire.memory_bytes };
    let step_us = if wire.step_us == 0 { STEP_US_DEFAULT } else { wire.step_us };
    within("the title's length", wire.title.len() as u64, 1, TITLE_BYTES as u64)?;
    within("seats-min", u64::from(wire.seats_min), 1, u64::from(SEATS))?;
    within("seats-max", u64::from(wire.seats_max), u64::from(wire.seats_min), u64::from(SEATS))?;
    within("teams", u64::from(wire.teams), 0, u64::from(wire.seats_max))?;
    within("rate", u64::from(wire.rate), 0, u64::from(RATE))?;
    within("memory-bytes", memory_bytes, declared_bytes.max(1), largest_bytes)?;
    within("step-us", u64::from(step_us), u64::from(STEP_US_MIN), u64::from(STEP_US_MAX))?;
    within("the number of settings", wire.settings.len() as u64, 0, SETTINGS as u64)?;
    let pairs = wire.settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    MatchSettings::from_pairs(pairs).map_err(|error| wrong(error.to_string()))?;
    if let Some(schema) = &wire.schema {
        within("the schema's length", schema.len() as u64, 1, SCHEMA_BYTES as u64)?;
        stadion_schema::Schema::parse(schema).map_err(|error| wrong(format!("the schema: {error}")))?;
    }
    Ok(Description {
        title: wire.title,
        seats_min: wire.seats_min,
        seats_max: wire.seats_max,
        teams: wire.teams,
        rate: wire.rate,
        memory_bytes,
        step_us,
        schema: wire.schema,
        settings: wire.settings,
        saves,
        ..super::pipeline::nothing()
    })
}

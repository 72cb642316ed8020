//! Inputs of any game as people and programs write them: typed text or JSON, by the game's schema.

#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod random;
mod tokens;
mod typed;

use stadion_schema::{Root, Schema, Value};

pub(crate) use typed::complete;

/// Reads one input: JSON if it reads as such, else the short form (`Place 4`, `Move { x: 1, y: 2 }`). The error says what
/// is expected where.
pub(crate) fn parse(schema: &Schema, text: &str) -> Result<Value, String> {
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text)
        && let Ok(value) = schema.from_json(Root::In, &json)
    {
        return Ok(value);
    }
    typed::parse(schema, text)
}

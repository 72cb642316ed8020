//! What the views of the example games say, read from values: for boards and bots. Another game of the same name, or an
//! older version, reads as nothing.

pub(crate) mod bomberman;
pub(crate) mod hearts;
pub(crate) mod tictactoe;

#[cfg(test)]
pub(crate) mod fixture;

use stadion_schema::Value;

/// A small whole number.
fn number<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_i64()?).ok()
}

/// A small whole number in a field.
fn field<T: TryFrom<i64>>(value: &Value, name: &str) -> Option<T> {
    number(value.get(name)?)
}

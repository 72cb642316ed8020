//! What a benchmark found, as rows of named figures: a table for people, one JSON array for programs. The unit of a
//! figure is the end of its key.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::conditions::Conditions;
use crate::report::Omitted;

/// One thing measured, with all that was measured about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    name: String,
    figures: Vec<(&'static str, Value)>,
}

impl Line {
    /// A row of this name: stable, for programs.
    pub fn new(name: impl Into<String>) -> Line {
        Line { name: name.into(), figures: Vec::new() }
    }

    /// Adds a figure, rounded to what was measured.
    #[must_use]
    pub fn with(mut self, key: &'static str, figure: impl Into<Figure>) -> Line {
        self.figures.push((key, figure.into().0));
        self
    }

    /// The same row by another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Line {
        Line { name: name.into(), ..self }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A figure by its key.
    pub fn get(&self, key: &str) -> Option<f64> {
        self.figures.iter().find(|(name, _)| *name == key)?.1.as_f64()
    }
}

/// A number or a word.
pub struct Figure(Value);

impl From<u64> for Figure {
    fn from(number: u64) -> Figure {
        Figure(number.into())
    }
}

impl From<u32> for Figure {
    fn from(number: u32) -> Figure {
        Figure(number.into())
    }
}

impl From<usize> for Figure {
    fn from(number: usize) -> Figure {
        Figure(number.into())
    }
}

impl From<bool> for Figure {
    fn from(yes: bool) -> Figure {
        Figure(yes.into())
    }
}

impl From<&str> for Figure {
    fn from(word: &str) -> Figure {
        Figure(word.into())
    }
}

impl From<f64> for Figure {
    /// Four significant digits.
    fn from(number: f64) -> Figure {
        if number == 0.0 || !number.is_finite() {
            return Figure(Value::from(if number.is_finite() { 0.0 } else { f64::MAX }));
        }
        let digits = 3 - number.abs().log10().floor() as i32;
        let scale = 10f64.powi(digits.clamp(-9, 9));
        Figure(Value::from((number * scale).round() / scale))
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.figures.len() + 1))?;
        map.serialize_entry("name", &self.name)?;
        self.figures.iter().try_for_each(|(key, figure)| map.serialize_entry(key, figure))?;
        map.end()
    }
}

/// The whole result of one run.
#[derive(Clone, Debug)]
pub struct Figures {
    /// In the order in which they were measured.
    pub lines: Vec<Line>,
    /// What is missing.
    pub omitted: Vec<Omitted>,
    /// Under which all was measured.
    pub conditions: Conditions,
    /// How it was taken and what follows, a sentence each.
    pub notes: Vec<String>,
}

/// A table that stands upright: figures down, rows across, since there are more figures than rows.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys: Vec<&str> = Vec::new();
        for (key, _) in self.lines.iter().flat_map(|line| &line.figures) {
            if !keys.contains(key) {
                keys.push(key);
            }
        }
        let left = keys.iter().map(|key| key.len()).max().unwrap_or(0) + 2;
        let widths: Vec<usize> = self.lines.iter().map(|line| line.name.len().max(9) + 2).collect();
        write!(f, "{:left$}", "")?;
        for (line, width) in self.lines.iter().zip(&widths) {
            write!(f, "{:>width$}", line.name)?;
        }
        writeln!(f)?;
        for key in keys {
            write!(f, "{key:left$}")?;
            for (line, width) in self.lines.iter().zip(&widths) {
                let figure = line.figures.iter().find(|(name, _)| *name == key).map(|(_, figure)| text(figure));
                write!(f, "{:>width$}", figure.unwrap_or_else(|| "-".to_owned()))?;
            }
            writeln!(f)?;
        }
        for Omitted { name, why } in &self.omitted {
            writeln!(f, "{name:<14}left out: {why}")?;
        }
        writeln!(f, "\n{}", self.conditions)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note        {note}"))
    }
}

fn text(figure: &Value) -> String {
    match figure {
        Value::String(word) => word.clone(),
        Value::Number(number) if number.as_f64().is_some_and(|n| n.fract() == 0.0 && n.abs() < 1e15) => {
            format!("{}", number.as_f64().unwrap_or(0.0))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        Figures {
            lines: vec![
                Line::new("ours").with("matches", 600u64).with("echo_p99_ms", 54.321_98),
                Line::new("raw").with("echo_p99_ms", 0.000_123_456),
            ],
            omitted: vec![Omitted { name: "peer", why: "not here".to_owned() }],
            conditions: Conditions::unknown(),
            notes: vec!["quiet".to_owned()],
        }
    }

    #[test]
    fn json_is_one_array_of_flat_rows() {
        let json = serde_json::to_value(figures().lines).unwrap();
        let expected = serde_json::json!([
            {"name": "ours", "matches": 600, "echo_p99_ms": 54.32},
            {"name": "raw", "echo_p99_ms": 0.000_123_5},
        ]);
        assert_eq!(json, expected);
    }

    #[test]
    fn the_table_has_a_line_for_each_figure() {
        let table = figures().to_string();
        let echo: Vec<&str> =
            table.lines().find(|line| line.starts_with("echo_p99_ms")).unwrap().split_whitespace().collect();
        assert_eq!(echo, ["echo_p99_ms", "54.32", "0.0001235"]);
        assert!(table.lines().any(|line| line.starts_with("matches") && line.trim_end().ends_with('-')), "{table}");
        assert!(table.contains("left out: not here") && table.contains("quiet"), "{table}");
    }
}

//! What a benchmark found: rows, what was left out and why, ratios, conditions; as a table or as JSON.

use std::fmt;

use serde::Serialize;

use crate::conditions::Conditions;

/// One thing measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What, such as `raw-wasmtime`; stable, for programs.
    pub name: &'static str,
    /// Median, microseconds.
    pub p50_us: f64,
    /// 99 of 100 runs took at most this, microseconds.
    pub p99_us: f64,
    /// How many runs.
    pub runs: u32,
}

/// A row that could not be measured here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omitted {
    /// Its name.
    pub name: &'static str,
    /// Why, for people.
    pub why: String,
}

/// The whole result of one run.
#[derive(Clone, Debug)]
pub struct Report {
    /// In the order in which they were measured.
    pub rows: Vec<Row>,
    /// What is missing.
    pub omitted: Vec<Omitted>,
    /// Under which all rows were taken.
    pub conditions: Conditions,
    /// How single rows were taken, a sentence each.
    pub notes: Vec<String>,
}

/// The row that every other is a multiple of.
const FLOOR: &str = "raw-wasmtime";
/// The row that this system is there to replace.
const PEER: &str = "jvm-container";

impl Report {
    /// The row of this name.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Only the rows, as one JSON array of `{name, p50_us, p99_us, runs}`.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.rows).expect("rows are plain numbers and names")
    }

    /// How much slower a row is than the floor, and how much faster than the peer, by their medians.
    fn ratios(&self, row: &Row) -> (String, String) {
        let against = |name, ratio: fn(f64, f64) -> f64| {
            self.row(name).map_or_else(|| "-".to_owned(), |other| times(ratio(row.p50_us, other.p50_us)))
        };
        (against(FLOOR, |ours, floor| ours / floor), against(PEER, |ours, peer| peer / ours))
    }
}

/// The table that people read.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (floor, peer) = (format!("x {FLOOR}"), format!("{PEER} x"));
        writeln!(f, "{:<14}{:>12}{:>12}{:>8}{floor:>16}{peer:>17}", "", "p50", "p99", "runs")?;
        for row in &self.rows {
            let (slower, faster) = self.ratios(row);
            let (p50, p99) = (duration(row.p50_us), duration(row.p99_us));
            writeln!(f, "{:<14}{p50:>12}{p99:>12}{:>8}{slower:>16}{faster:>17}", row.name, row.runs)?;
        }
        for Omitted { name, why } in &self.omitted {
            writeln!(f, "{name:<14}left out: {why}")?;
        }
        writeln!(f, "\n{}", self.conditions)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note        {note}"))
    }
}

/// Microseconds in the unit that fits, three digits or so.
fn duration(us: f64) -> String {
    match us {
        us if us < 1_000.0 => format!("{us:.2} us"),
        us if us < 1_000_000.0 => format!("{:.2} ms", us / 1_000.0),
        us => format!("{:.2} s", us / 1_000_000.0),
    }
}

/// A ratio: exact where it is small, whole where it is large.
fn times(ratio: f64) -> String {
    if ratio < 100.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let row = |name, p50_us| Row { name, p50_us, p99_us: p50_us * 2.0, runs: 10 };
        Report {
            rows: vec![row("raw-wasmtime", 2.5), row("host", 4.0), row("jvm-container", 100_000.0)],
            omitted: vec![Omitted { name: "rest", why: "no server".to_owned() }],
            conditions: Conditions::unknown(),
            notes: vec![],
        }
    }

    #[test]
    fn json_is_one_array_of_rows_and_nothing_else() {
        let rows: serde_json::Value = serde_json::from_str(&report().to_json()).unwrap();
        assert_eq!(rows[1], serde_json::json!({"name": "host", "p50_us": 4.0, "p99_us": 8.0, "runs": 10}));
        assert_eq!(rows.as_array().unwrap().len(), 3);
    }

    #[test]
    fn the_table_shows_both_ratios_and_what_was_left_out() {
        let table = report().to_string();
        let host = table.lines().find(|line| line.starts_with("host")).unwrap();
        assert!(host.contains("1.60") && host.contains("25000"), "{host}");
        assert!(table.contains("left out: no server"), "{table}");
    }
}

//! Any view as an aligned tree: what fits on a line stays on it, what does not is opened up one level.

use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use stadion_schema::{Fields, Value};

/// Lines that are made at most: a view is at most 8 KiB, but its text is larger.
const MAX_LINES: usize = 1_000;
/// Elements of a list that are shown.
const MAX_ITEMS: usize = 200;
/// Columns of indentation for each level.
const INDENT: usize = 2;

/// The view as lines of at most `width` columns.
pub(crate) fn lines(view: &Value, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    content(view, 0, width.max(20), &mut lines);
    lines.truncate(MAX_LINES);
    lines
}

/// The content of an opened value.
fn content(value: &Value, depth: usize, width: usize, lines: &mut Vec<Line<'static>>) {
    let rows: Vec<(String, &Value)> = match value {
        Value::Struct { fields: Fields::Newtype(inner), .. } | Value::Option(Some(inner)) => {
            return content(inner, depth, width, lines);
        }
        Value::Struct { fields, .. } | Value::Enum { fields, .. } => rows_of(fields),
        Value::List(items) => numbered(items),
        Value::Map(entries) => entries.iter().take(MAX_ITEMS).map(|(key, value)| (key.line(30), value)).collect(),
        plain => {
            lines.push(Line::from(format!("{}{}", " ".repeat(depth * INDENT), plain.line(width))));
            return;
        }
    };
    let widest = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in rows {
        let head = format!("{}{name:<widest$}  ", " ".repeat(depth * INDENT));
        let room = width.saturating_sub(head.chars().count());
        let whole = value.to_string();
        if whole.chars().count() <= room || !opens(value) {
            lines.push(Line::from(vec![Span::from(head).cyan(), Span::from(value.line(room.max(8)))]));
        } else {
            let kind = value.variant().map(str::to_owned).unwrap_or_default();
            lines.push(Line::from(vec![Span::from(head).cyan(), Span::from(kind).bold()]));
            content(value, depth + 1, width, lines);
        }
        if lines.len() >= MAX_LINES {
            return;
        }
    }
}

fn rows_of(fields: &Fields) -> Vec<(String, &Value)> {
    match fields {
        Fields::Unit => Vec::new(),
        Fields::Newtype(inner) => numbered(std::slice::from_ref(inner.as_ref())),
        Fields::Tuple(items) => numbered(items),
        Fields::Named(fields) => fields.iter().map(|(name, value)| (name.to_string(), value)).collect(),
    }
}

fn numbered(items: &[Value]) -> Vec<(String, &Value)> {
    items.iter().take(MAX_ITEMS).enumerate().map(|(i, item)| (i.to_string(), item)).collect()
}

/// Whether there is something below it.
fn opens(value: &Value) -> bool {
    match value {
        Value::Option(Some(inner)) => opens(inner),
        Value::Struct { fields: Fields::Newtype(inner), .. } => opens(inner),
        Value::Struct { fields, .. } | Value::Enum { fields, .. } => *fields != Fields::Unit,
        Value::List(_) | Value::Map(_) => true,
        _ => false,
    }
}

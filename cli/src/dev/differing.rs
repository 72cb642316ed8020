//! What two builds ask for, as far as it differs: a board of a hundred cells is no answer to "what differs". Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use stadion_schema::{Fields, Root, Schema, Value};

use crate::api::{Difference, DifferingOutput};
use crate::story::Story;

/// Outputs that are shown from each side.
const SHOWN: usize = 4;

/// Parts that are told; a view in which everything is another is not read to its end.
const PARTS: usize = 8;
/// The longest text of one part, characters.
const PART_CHARS: usize = 120;

/// The schemas of the version that plays and of the new one.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'a> {
    pub(super) old: Option<&'a Schema>,
    pub(super) new: Option<&'a Schema>,
}

/// What was played (`-`), and what would have been (`+`). Two values in the same place, as far as they differ.
pub(super) fn lines(difference: &Difference, schemas: Schemas<'_>) -> Vec<String> {
    let before = Side { sign: '-', story: Story::new(schemas.old), outputs: &difference.before };
    let after = Side { sign: '+', story: Story::new(schemas.new), outputs: &difference.after };
    [before.lines(&after), after.lines(&before)].concat()
}

/// What one of the versions asked for.
struct Side<'a> {
    sign: char,
    story: Story<'a>,
    outputs: &'a [DifferingOutput],
}

impl Side<'_> {
    fn lines(&self, other: &Side<'_>) -> Vec<String> {
        let Side { sign, outputs, .. } = self;
        let shown = (0..outputs.len().min(SHOWN)).map(|i| format!("         {sign} {}", self.line(i, other)));
        let more = (outputs.len() > SHOWN).then(|| format!("         {sign} and {} more", outputs.len() - SHOWN));
        shown.chain(more).collect()
    }

    fn line(&self, i: usize, other: &Side<'_>) -> String {
        let DifferingOutput { kind, about, .. } = &self.outputs[i];
        let data = self.bytes(i);
        let content = match kind.as_str() {
            "send" => self.beside(i, other).unwrap_or_else(|| self.story.sent(&data)),
            _ => String::from_utf8(data).unwrap_or_else(|bytes| hex::encode(bytes.into_bytes())),
        };
        format!("{kind} {about}  {content}")
    }

    /// Of two messages or two views in the same place that the schemas read: what is different in this one.
    fn beside(&self, i: usize, other: &Side<'_>) -> Option<String> {
        other.outputs.get(i).filter(|output| output.kind == "send")?;
        let (root, ours) = self.story.value(&self.bytes(i))?;
        let (same_root, theirs) = other.story.value(&other.bytes(i))?;
        let view = if root == Root::View { "view with " } else { "" };
        (root == same_root && ours != theirs).then(|| format!("{view}{}", parts(&ours, &theirs)))
    }

    fn bytes(&self, i: usize) -> Vec<u8> {
        STANDARD.decode(&self.outputs[i].data).unwrap_or_default()
    }
}

/// Our parts of two values that differ: `phase: Calm(120), heroes[0].at.x: 3`.
fn parts(ours: &Value, theirs: &Value) -> String {
    let mut found = Vec::new();
    collect(String::new(), ours, theirs, &mut found);
    let more = if found.len() > PARTS { format!(", and {} more", found.len() - PARTS) } else { String::new() };
    let texts: Vec<String> = found.iter().take(PARTS).map(Part::text).collect();
    texts.join(", ") + &more
}

struct Part<'a> {
    path: String,
    value: &'a Value,
}

impl Part<'_> {
    fn text(&self) -> String {
        let line = self.value.line(PART_CHARS);
        if self.path.is_empty() { line } else { format!("{}: {line}", self.path) }
    }
}

/// Structs and lists of the same length are gone into; anything else is told whole.
fn collect<'a>(path: String, ours: &'a Value, theirs: &Value, found: &mut Vec<Part<'a>>) {
    if ours == theirs {
        return;
    }
    match (ours, theirs) {
        (Value::Struct { fields: Fields::Named(ours), .. }, Value::Struct { fields: Fields::Named(theirs), .. })
            if ours.iter().map(|(name, _)| name).eq(theirs.iter().map(|(name, _)| name)) =>
        {
            for ((name, ours), (_, theirs)) in ours.iter().zip(theirs) {
                let dot = if path.is_empty() { "" } else { "." };
                collect(format!("{path}{dot}{name}"), ours, theirs, found);
            }
        }
        (Value::List(ours), Value::List(theirs)) if ours.len() == theirs.len() => {
            for (i, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                collect(format!("{path}[{i}]"), ours, theirs, found);
            }
        }
        _ => found.push(Part { path, value: ours }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use stadion_schema::envelope::Down;

    use super::*;
    use crate::input::fixture;

    fn view(json: &Json) -> Value {
        fixture::schema().from_json(Root::View, json).unwrap()
    }

    #[test]
    fn what_is_the_same_on_both_sides_is_left_out() {
        let before = view(&json!({"total": 21, "names": ["ada", "bob"], "turn": 1}));
        let after = view(&json!({"total": 31, "names": ["ada", "eve"], "turn": 1}));
        assert_eq!(parts(&before, &after), "total: 21, names[1]: \"bob\"");
        assert_eq!(parts(&after, &before), "total: 31, names[1]: \"eve\"");
    }

    #[test]
    fn a_list_that_grew_is_told_whole_and_many_differences_are_counted() {
        let names = |count: usize, name: &str| view(&json!({"total": 0, "names": vec![name; count], "turn": null}));
        assert_eq!(parts(&names(0, "a"), &names(1, "a")), "names: []");
        let was = parts(&names(10, "a"), &names(10, "b"));
        assert!(was.starts_with("names[0]: \"a\", ") && was.ends_with("names[7]: \"a\", and 2 more"), "{was}");
    }

    #[test]
    fn two_views_are_shown_as_far_as_they_differ() {
        let schema = fixture::schema();
        let view = |total: u8| {
            let value = schema.from_json(Root::View, &json!({"total": total, "names": ["ada"], "turn": 1})).unwrap();
            let data = schema.encode(Root::View, &value).unwrap();
            let data = STANDARD.encode(Down::View { number: 7, data: &data }.to_bytes());
            vec![DifferingOutput { kind: "send".to_owned(), about: "seat 0, reliable".to_owned(), data }]
        };
        let both = Difference { tick: 3, what: "outputs".to_owned(), before: view(21), after: view(31) };
        let schemas = Schemas { old: Some(&schema), new: Some(&schema) };
        let text = lines(&both, schemas).join("\n");
        assert!(text.contains("- send seat 0, reliable  view with total: 21\n"), "{text}");
        assert!(text.ends_with("+ send seat 0, reliable  view with total: 31"), "{text}");
        let alone = Difference { after: vec![], ..both };
        assert!(lines(&alone, schemas)[0].contains("names: [\"ada\"]"), "alone it is shown whole");
    }

    #[test]
    fn a_difference_shows_what_was_played_and_what_would_have_been() {
        let output = |data: &str| DifferingOutput {
            kind: "label".to_owned(),
            about: String::new(),
            data: STANDARD.encode(data),
        };
        let before = vec![output("one")];
        let after = (0..6).map(|n| output(&n.to_string())).collect();
        let schemas = Schemas { old: None, new: None };
        let lines = lines(&Difference { tick: 3, what: "outputs".to_owned(), before, after }, schemas);
        assert_eq!(lines.len(), 1 + SHOWN + 1, "{lines:?}");
        assert!(lines[0].contains("- label") && lines[0].ends_with("one"));
        assert!(lines[5].contains("+ and 2 more"), "{lines:?}");
    }
}

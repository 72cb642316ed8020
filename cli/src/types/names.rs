//! Names of types as identifiers: what cannot be one is spelled out, what is taken gets a number.

use std::collections::BTreeSet;

use stadion_schema::Schema;

/// Identifiers that mean something else where the generated text uses them, and the words of the language.
const TAKEN: [&str; 76] = [
    "any",
    "arguments",
    "Array",
    "as",
    "async",
    "await",
    "bigint",
    "boolean",
    "break",
    "case",
    "catch",
    "class",
    "codec",
    "Codec",
    "const",
    "continue",
    "debugger",
    "declare",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "from",
    "function",
    "game",
    "Game",
    "get",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "Map",
    "module",
    "namespace",
    "never",
    "new",
    "null",
    "number",
    "object",
    "of",
    "package",
    "private",
    "protected",
    "public",
    "readonly",
    "return",
    "set",
    "static",
    "string",
    "super",
    "switch",
    "symbol",
    "this",
    "throw",
    "true",
    "try",
    "type",
    "typeof",
    "Uint8Array",
    "undefined",
    "unknown",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// An identifier for each named type of the schema, in its order. Equal names of different types, which two modules of a
/// game may well have, are numbered: `Item`, `Item_2`.
pub(super) fn of_types(schema: &Schema) -> Vec<String> {
    let mut taken: BTreeSet<String> = TAKEN.into_iter().map(str::to_owned).collect();
    schema.types().iter().map(|named| claim(&identifier(&named.name), &mut taken)).collect()
}

fn claim(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2u32..).map(|number| format!("{name}_{number}"));
    let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
    candidates.find(|candidate| taken.insert(candidate.clone())).expect("there are more numbers than types")
}

/// Letters that not every version of the language takes are spelled as their numbers.
fn identifier(name: &str) -> String {
    let spell = |c: char| if is_plain(c) { c.to_string() } else { format!("u{:x}_", u32::from(c)) };
    let text: String = name.chars().map(spell).collect();
    if text.starts_with(|c: char| c.is_ascii_digit()) { format!("_{text}") } else { text }
}

/// Whether a property of that name needs no quotes.
pub(super) fn is_property(name: &str) -> bool {
    name.chars().all(is_plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_gets_a_number() {
        let mut taken = BTreeSet::from(["Map".to_owned()]);
        let names = ["Map", "Item", "Item", "Item_2", "Item"].map(|name| claim(name, &mut taken));
        assert_eq!(names, ["Map_2", "Item", "Item_2", "Item_2_2", "Item_3"]);
    }

    #[test]
    fn every_name_becomes_an_identifier() {
        for (name, wanted) in [("Straße", "Strau df_e"), ("2fast", "_2fast"), ("a_B1", "a_B1")] {
            assert_eq!(identifier(name), wanted.replace(' ', ""));
        }
    }
}

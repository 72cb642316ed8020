//! What every source file looks like.

use std::path::PathBuf;

/// Past this a file wants a cut.
const MOST_LINES: usize = 500;
/// A file that a program wrote says so near its top.
const GENERATED: [&str; 2] = [concat!("@gener", "ated"), concat!("// Gener", "ated by ")];
/// What has no place in a source tree, and why. Written in pieces, or this file would be its own first finding.
const FORBIDDEN: [(&str, &str); 8] = [
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("/tmp", "/"), "a path of one machine: tests use a temporary folder"),
    (concat!("TO", "DO"), "work that is left goes to the tracker"),
    (concat!("FIX", "ME"), "work that is left goes to the tracker"),
    (concat!("unimpl", "emented!"), "what is not there is not offered"),
    (concat!("#[ign", "ore"), "a test runs, or is not there"),
];

fn sources(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let fits = |file: &PathBuf| file.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e));
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(crate::root().join(&file))
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        (file, text)
    };
    crate::files().into_iter().filter(fits).map(read).collect()
}

fn is_generated(text: &str) -> bool {
    text.lines().take(10).any(|line| GENERATED.iter().any(|mark| line.contains(mark)))
}

/// Fails with all that was found, not with the first alone.
fn nothing(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_module_says_what_it_is() {
    let says = |text: &str| text.lines().take(10).any(|line| line.starts_with("//!")) || is_generated(text);
    let silent = sources(&["rs"]).into_iter().filter(|(_, text)| !says(text));
    nothing(&silent.map(|(file, _)| format!("{} does not open with `//!`", file.display())).collect::<Vec<_>>());
}

#[test]
fn no_file_is_too_long_to_read() {
    let long = |text: &str| text.lines().count() > MOST_LINES && !is_generated(text);
    let found = sources(&["rs", "ts", "java", "wit"]).into_iter().filter(|(_, text)| long(text));
    nothing(
        &found
            .map(|(file, text)| format!("{}: {} lines: cut it", file.display(), text.lines().count()))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn nothing_that_does_not_belong_is_in_the_tree() {
    let mut found = Vec::new();
    for (file, text) in sources(&["rs", "ts", "java", "wit", "toml", "md", "sh", "json"]) {
        for (number, line) in text.lines().enumerate() {
            let words = FORBIDDEN.iter().filter(|(word, _)| line.contains(word));
            found.extend(words.map(|(word, why)| format!("{}:{}: {word}: {why}", file.display(), number + 1)));
        }
    }
    nothing(&found);
}

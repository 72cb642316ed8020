//! What every source file looks like.

use std::path::{Component, Path, PathBuf};

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

/// What cargo finds by its place: the root of a library, a binary, a test, an example, a benchmark.
fn is_a_root(file: &Path) -> bool {
    file.ancestors().skip(1).any(|folder| {
        let Ok(manifest) = std::fs::read_to_string(crate::root().join(folder).join("Cargo.toml")) else { return false };
        let inside = file.strip_prefix(folder).expect("an ancestor").to_str().expect("plain names");
        let is_target = ["src/bin/", "tests/", "examples/", "benches/"].iter().any(|place| {
            inside.strip_prefix(place).is_some_and(|rest| !rest.contains('/') || rest.ends_with("/main.rs"))
        });
        is_target
            || ["src/lib.rs", "src/main.rs", "build.rs"].contains(&inside)
            || manifest.contains(&format!("path = \"{inside}\""))
    })
}

/// The path without `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut so_far, part| {
        match part {
            Component::ParentDir => drop(so_far.pop()),
            part => so_far.push(part),
        }
        so_far
    })
}

/// Whether the file `parent` makes `file` a module: by its name, by its path, or by a macro that is given names.
fn names((parent, text, is_root): (&Path, &str, bool), file: &Path) -> bool {
    let (folder, beside) = (file.parent().expect("in a folder"), parent.parent().expect("in a folder"));
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("#[path = \"")?.strip_suffix("\"]"));
    if paths.into_iter().any(|path| plain(&beside.join(path)) == file) {
        return true;
    }
    let module = if file.ends_with("mod.rs") { folder } else { file };
    let folder = module.parent().expect("in a folder");
    let holds_it =
        if parent.ends_with("mod.rs") || is_root { beside == folder } else { parent.with_extension("") == folder };
    let name = module.file_stem().expect("a file").to_str().expect("plain names");
    let said = || text.lines().any(|line| line.trim_end().ends_with(&format!("mod {name};")));
    let by_macro =
        || text.contains("mod $name;") && text.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
    holds_it && (said() || by_macro())
}

#[test]
fn every_source_file_is_part_of_a_crate() {
    let sources = sources(&["rs"]);
    // Of each file what it says about modules, so that asking every pair is quick.
    let words = |text: &str| {
        let about = |line: &&str| ["mod ", "#[path", "!("].iter().any(|word| line.contains(word));
        text.lines().filter(about).map(|line| format!("{line}\n")).collect::<String>()
    };
    let sources: Vec<_> = sources.iter().map(|(file, text)| (file, words(text), is_a_root(file))).collect();
    let is_named = |file: &Path| sources.iter().any(|(parent, text, is_root)| names((parent, text, *is_root), file));
    let lost = sources.iter().filter(|(file, _, is_root)| !is_root && !is_named(file)).map(|(file, ..)| file);
    nothing(&lost.map(|file| format!("{}: no `mod` names it: nobody compiles it", file.display())).collect::<Vec<_>>());
}

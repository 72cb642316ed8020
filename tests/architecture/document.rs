//! ARCHITECTURE.md speaks of what is there.

use std::path::Path;

/// Extensions by which a word in backticks is taken for a file of the tree.
const EXTENSIONS: [&str; 8] = ["rs", "md", "wit", "toml", "java", "sql", "ts", "html"];

/// The words in backticks that name a folder (`host/`) or a file (`host/src/link.rs`, `Cargo.toml`).
fn paths(text: &str) -> Vec<&str> {
    let plain = |word: &&str| {
        !word.starts_with('/') && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte))
    };
    let path = |word: &&str| {
        let extension = Path::new(word).extension().and_then(|extension| extension.to_str());
        word.ends_with('/') || extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
    };
    let mut in_block = false;
    let prose = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !fence && !in_block
    });
    // Line by line: a backtick that stands alone spoils no more than its own.
    let words: Vec<&str> = prose.flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
    words.into_iter().filter(plain).filter(path).collect()
}

#[test]
fn every_path_in_the_architecture_exists() {
    let text = std::fs::read_to_string(crate::root().join("ARCHITECTURE.md")).unwrap();
    let found = paths(&text);
    assert!(found.len() >= 10, "ARCHITECTURE.md names the parts of the tree in backticks; found {found:?}");
    let files = crate::files();
    // A bare file name stands for any file of that name, such as the `stadion.toml` of a game.
    let exists = |path: &str| {
        crate::root().join(path).exists() || (!path.contains('/') && files.iter().any(|file| file.ends_with(path)))
    };
    let gone: Vec<_> = found.into_iter().filter(|path| !exists(path)).collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md names what is not there: {gone:?}");
}

#[test]
fn every_crate_stands_in_the_architecture() {
    let text = std::fs::read_to_string(crate::root().join("ARCHITECTURE.md")).unwrap();
    for part in [
        "protocol/",
        "host/",
        "control-plane/",
        "client/",
        "api-client/",
        "cli/",
        "sdk-guest/",
        "games/",
        "wit/",
        "benches/",
        "tests/",
        "xtask/",
    ] {
        assert!(text.contains(&format!("`{part}")), "ARCHITECTURE.md does not name `{part}`");
    }
}

#[test]
fn paths_are_told_from_other_code() {
    let text =
        "`host/` has `host/src/link.rs`,\n```text\n `-- `no.rs`\n```\nnot `/v1/games` or `stadion/1`; `game.wit`.";
    assert_eq!(paths(text), ["host/", "host/src/link.rs", "game.wit"]);
}

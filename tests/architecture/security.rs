//! `docs/security.md` cites tests by name: each of them exists.

use std::collections::BTreeSet;

/// Words in code type that are the name of a test: a sentence in snake case.
fn cited(text: &str) -> BTreeSet<&str> {
    let in_code = text.split('`').skip(1).step_by(2);
    let is_name = |word: &&str| {
        word.matches('_').count() >= 3 && word.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
    };
    in_code.filter(is_name).collect()
}

#[test]
fn every_test_that_the_security_document_cites_exists() {
    let document = std::fs::read_to_string(crate::root().join("docs/security.md")).unwrap();
    let sources: Vec<String> = crate::files()
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| std::fs::read_to_string(crate::root().join(file)).unwrap())
        .collect();
    let cited = cited(&document);
    assert!(cited.len() > 20, "{cited:?}");
    let exists = |name: &str| sources.iter().any(|source| source.contains(&format!("fn {name}(")));
    let missing: Vec<_> = cited.into_iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "docs/security.md cites tests that do not exist: {missing:?}");
}

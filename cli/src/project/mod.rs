//! A game's folder on a developer's machine: what its files say, how it is built, how a new one is made.

pub(crate) mod build;
mod sdk;
pub(crate) mod template;

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// The file that makes a folder a game's folder.
pub(crate) const MANIFEST: &str = "stadion.toml";

/// A game's folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Project {
    /// The game's name on servers.
    pub(crate) name: String,
    /// The folder.
    pub(crate) dir: PathBuf,
}

impl Project {
    /// Reads `stadion.toml`.
    pub(crate) fn load(dir: &Path) -> Outcome<Project> {
        let path = dir.join(MANIFEST);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::file("reading", &path, &error)
                .fix("name a game's folder, one that has a stadion.toml; `stadion new hello` makes one")
        })?;
        let name = parse(&text).map_err(|faults| {
            let faults = faults.join("; ");
            Failure::usage(format!("{}: {faults}", path.display())).fix("it needs one line: name = \"hello\"")
        })?;
        Ok(Project { name, dir: dir.to_owned() })
    }
}

/// The game's name; or every fault at once.
fn parse(text: &str) -> Result<String, Vec<String>> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| vec![error.message().to_owned()])?;
    let mut faults: Vec<String> =
        table.keys().filter(|key| *key != "name").map(|key| format!("unknown key {key:?}")).collect();
    let name = match table.get("name").and_then(toml::Value::as_str) {
        None => Err("`name` is missing or not a text".to_owned()),
        Some(name) => name.parse::<stadion_protocol::GameName>().map_err(|error| error.to_string()),
    };
    match name {
        Ok(name) if faults.is_empty() => Ok(name.to_string()),
        Ok(_) => Err(faults),
        Err(fault) => {
            faults.push(fault);
            Err(faults)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_its_game() {
        assert_eq!(parse("name = \"hello\"\n"), Ok("hello".to_owned()));
    }

    #[test]
    fn every_fault_of_a_manifest_is_named_at_once() {
        let faults = parse("nmae = \"hello\"\nqueue = 1\nname = \"Hello!\"").unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
    }

    #[test]
    fn a_folder_that_is_no_game_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let failure = Project::load(folder.path()).unwrap_err();
        assert!(failure.fix.is_some_and(|fix| fix.contains("stadion new")));
    }
}

//! A game's folder on a developer's machine: what its files say, how it is built, how a new one is made.

pub(crate) mod apply;
pub(crate) mod build;
mod environment;
pub(crate) mod manifest;
mod sdk;
pub(crate) mod template;
pub(crate) mod types;
pub(crate) mod web;

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};
use manifest::{Manifest, Web};

/// The file that makes a folder a game's folder.
pub(crate) const MANIFEST: &str = "stadion.toml";

/// A game's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    /// The game's name on servers.
    pub(crate) name: String,
    /// The folder.
    pub(crate) dir: PathBuf,
    /// Settings of its matches, over those that the game describes; `None`: there is no `stadion.toml`, and what was set on
    /// the server holds.
    pub(crate) settings: Option<Vec<(String, String)>>,
    /// Pages on other hosts that may play it; `None`: it does not say.
    pub(crate) origins: Option<Vec<String>>,
    /// What players may do with their own documents; `None`: it does not say.
    pub(crate) storage: Option<String>,
    /// What it says of its pages.
    pub(crate) web: Option<Web>,
    /// What it is published to unless the command line says otherwise.
    pub(crate) channel: Option<String>,
}

impl Project {
    /// Reads `stadion.toml`.
    pub(crate) fn load(dir: &Path) -> Outcome<Project> {
        Project::load_in(dir, None)
    }

    /// Reads `stadion.toml` as it is in an environment.
    pub(crate) fn load_in(dir: &Path, environment: Option<&str>) -> Outcome<Project> {
        let path = dir.join(MANIFEST);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::file("reading", &path, &error)
                .fix("name a game's folder, one that has a stadion.toml; `stadion new hello` makes one")
        })?;
        let Manifest { name, settings, origins, storage, web, channel } =
            Manifest::parse(&text, environment).map_err(|faults| {
                Failure::usage(format!("{}: {}", path.display(), faults.join("; ")))
                    .fix("correct the file and try again")
            })?;
        Ok(Project { name, dir: dir.to_owned(), settings: Some(settings), origins, storage, web, channel })
    }

    /// A folder of what goes beside a wasm file of this name. It needs no `stadion.toml`.
    pub(crate) fn beside(name: &str, dir: &Path) -> Outcome<Project> {
        if dir.join(MANIFEST).is_file() {
            return Ok(Project { name: name.to_owned(), ..Project::load(dir)? });
        }
        Ok(Project {
            name: name.to_owned(),
            dir: dir.to_owned(),
            settings: None,
            origins: None,
            storage: None,
            web: None,
            channel: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_no_game_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let failure = Project::load(folder.path()).unwrap_err();
        assert!(failure.fix.is_some_and(|fix| fix.contains("stadion new")));
    }
}

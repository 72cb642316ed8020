//! A new game: a folder that builds, passes its tests and can be published at once.

use std::path::Path;

use crate::failure::{Failure, Kind, Outcome};
use crate::project::{MANIFEST, sdk};

/// The template's files with `{name}` in place of the game's name.
const FILES: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    ("src/lib.rs", include_str!("template/lib.rs.txt")),
    (MANIFEST, include_str!("template/stadion.toml.txt")),
    (".gitignore", include_str!("template/gitignore.txt")),
    ("README.md", include_str!("template/README.md.txt")),
];

/// Makes the folder `dir` for a game of this name. What is there is never overwritten.
pub(crate) fn create(dir: &Path, name: &str) -> Outcome {
    if dir.exists() {
        let failure = Failure::new(Kind::Refused, format!("{} is there already", dir.display()));
        return Err(failure.fix("choose another name, or remove it"));
    }
    for (file, text) in FILES {
        sdk::write(&dir.join(file), text.replace("{name}", name).as_bytes())?;
    }
    sdk::unpack(dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    #[test]
    fn a_new_folder_is_a_project_of_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("my-game");
        create(&dir, "my-game").unwrap();
        assert_eq!(Project::load(&dir).unwrap().name, "my-game");
        let manifest: toml::Table = std::fs::read_to_string(dir.join("Cargo.toml")).unwrap().parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("my-game"));
        assert!(
            dir.join(manifest["dependencies"]["stadion-sdk"]["path"].as_str().unwrap()).join("Cargo.toml").is_file()
        );
    }

    #[test]
    fn what_is_there_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(create(folder.path(), "hello").unwrap_err().kind, Kind::Refused);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

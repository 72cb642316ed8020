//! A new game: a folder that builds, passes its tests, has pages and can be published at once.

use std::path::Path;

use crate::failure::{Failure, Kind, Outcome};
use crate::project::{MANIFEST, sdk};

/// What kind of game to begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Template {
    /// Players take turns; driven by events.
    #[default]
    Turns,
    /// Everybody moves at once, 20 times a second.
    Realtime,
    /// As little as possible.
    Empty,
}

/// What a game is written in. Another language is another folder of templates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// Rust, with the SDK that this program carries.
    #[default]
    Rust,
}

/// A file of a new game, with `{name}` in place of the game's name.
type File = (&'static str, &'static str);

/// The files of every new game.
const SHARED: [File; 6] = [
    ("Cargo.toml", include_str!("template/shared/Cargo.toml.txt")),
    (MANIFEST, include_str!("template/shared/stadion.toml.txt")),
    (".gitignore", include_str!("template/shared/gitignore.txt")),
    ("README.md", include_str!("template/shared/README.md.txt")),
    ("web/style.css", include_str!("template/shared/style.css.txt")),
    ("web/table.js", include_str!("template/shared/table.js.txt")),
];

/// The files of one template.
macro_rules! files {
    ($folder:literal) => {
        [
            ("src/lib.rs", include_str!(concat!("template/", $folder, "/lib.rs.txt"))),
            ("web/index.html", include_str!(concat!("template/", $folder, "/web/index.html.txt"))),
            ("web/main.js", include_str!(concat!("template/", $folder, "/web/main.js.txt"))),
            ("web/bot.js", include_str!(concat!("template/", $folder, "/web/bot.js.txt"))),
        ]
    };
}

impl Template {
    fn files(self) -> [File; 4] {
        match self {
            Template::Turns => files!("turns"),
            Template::Realtime => files!("realtime"),
            Template::Empty => files!("empty"),
        }
    }

    /// How many tests its rules have.
    pub(crate) fn tests(self) -> usize {
        self.files()[0].1.matches("#[test]").count()
    }
}

/// Makes the folder `dir` for a game of this name. What is there is never overwritten.
pub(crate) fn create(dir: &Path, name: &str, template: Template, language: Language) -> Outcome {
    if dir.exists() {
        let failure = Failure::new(Kind::Refused, format!("{} is there already", dir.display()));
        return Err(failure.fix("choose another name, or remove it"));
    }
    let Language::Rust = language;
    for (file, text) in SHARED.into_iter().chain(template.files()) {
        sdk::write(&dir.join(file), text.replace("{name}", name).as_bytes())?;
    }
    sdk::unpack(dir)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::project::Project;

    #[test]
    fn a_new_folder_is_a_project_of_its_name_with_pages() {
        for template in Template::value_variants() {
            let folder = tempfile::tempdir().unwrap();
            let dir = folder.path().join("my-game");
            create(&dir, "my-game", *template, Language::Rust).unwrap();
            let project = Project::load(&dir).unwrap();
            assert_eq!(project.name, "my-game");
            assert!(crate::project::web::pages(&project).is_some());
            let manifest: toml::Table = std::fs::read_to_string(dir.join("Cargo.toml")).unwrap().parse().unwrap();
            assert_eq!(manifest["package"]["name"].as_str(), Some("my-game"));
            let sdk = dir.join(manifest["dependencies"]["stadion-sdk"]["path"].as_str().unwrap());
            assert!(sdk.join("Cargo.toml").is_file());
            assert!(template.tests() >= 1, "{template:?}");
        }
    }

    #[test]
    fn what_is_there_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let refused = create(folder.path(), "hello", Template::Turns, Language::Rust).unwrap_err();
        assert_eq!(refused.kind, Kind::Refused);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

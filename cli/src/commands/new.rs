//! `stadion new`: a folder for a new game.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Context;
use crate::failure::{Failure, Outcome};
use crate::project::template::{self, Language, Template};

/// Makes a folder with a new game that builds and passes its tests at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion new hello && cd hello && stadion dev
  stadion new dash --template realtime   everybody moves at once, 20 times a second
  stadion new games/hello                the folder games/hello, the game `hello`")]
pub(crate) struct New {
    /// The folder; its last part is the game's name: letters a-z, digits, hyphens.
    #[arg(value_name = "NAME")]
    dir: PathBuf,
    /// What kind of game to begin with.
    #[arg(long, value_enum, default_value_t)]
    template: Template,
    /// What it is written in.
    #[arg(long, value_enum, default_value_t)]
    lang: Language,
}

pub(crate) fn run(args: &New, context: &Context) -> Outcome {
    let name = name_of(&args.dir)?;
    template::create(&args.dir, &name, args.template, args.lang)?;
    context.out.value(&serde_json::json!({"game": name, "dir": args.dir}));
    let (dir, tests) = (args.dir.display(), args.template.tests());
    let tests = if tests == 1 { "1 test".to_owned() } else { format!("{tests} tests") };
    context.out.line(format!("{dir}   src/lib.rs (the game and {tests}), web/, stadion.toml, the SDK"));
    context.out.line(format!("next       cd {dir} && cargo test && stadion dev"));
    Ok(())
}

fn name_of(dir: &Path) -> Outcome<String> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let name = name.parse::<stadion_protocol::GameName>();
    let name = name.map_err(|error| Failure::usage(error.to_string()).fix("for example: stadion new hello"))?;
    Ok(name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_the_path_is_the_name() {
        assert_eq!(name_of(Path::new("games/hello-2")).unwrap(), "hello-2");
        for bad in ["Hello", "1st", "..", "a b"] {
            assert!(name_of(Path::new(bad)).is_err(), "{bad}");
        }
    }
}

//! `stadion new`: a folder for a new game.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Context;
use crate::failure::{Failure, Outcome};
use crate::project::template;

/// Makes a folder with a new game that builds and passes its tests at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion new hello && cd hello && cargo test
  stadion new games/hello                the folder games/hello, the game `hello`")]
pub(crate) struct New {
    /// The folder; its last part is the game's name: letters a-z, digits, hyphens.
    #[arg(value_name = "NAME")]
    dir: PathBuf,
}

pub(crate) fn run(args: &New, context: &Context) -> Outcome {
    let name = name_of(&args.dir)?;
    template::create(&args.dir, &name)?;
    context.out.value(&serde_json::json!({"game": name, "dir": args.dir}));
    context.out.line(format!("{}   src/lib.rs (the game and 3 tests), stadion.toml, the SDK", args.dir.display()));
    context
        .out
        .line(format!("next       cd {} && cargo test && stadion publish && stadion play {name}", args.dir.display()));
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

//! `stadion build`: a game's folder to its wasm.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::failure::Outcome;
use crate::project::Project;
use crate::project::build::{self, Speed};

/// Builds the game in a folder to WebAssembly.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion build
  stadion build hello
  curl -T \"$(stadion build --json | jq -r .wasm)\" http://127.0.0.1:7878/v1/games/hello/versions -H \"authorization: Bearer $STADION_KEY\"")]
pub(crate) struct Build {
    /// The game's folder: it has stadion.toml and Cargo.toml.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub(crate) fn run(args: &Build, context: &Context) -> Outcome {
    let project = Project::load(&args.dir)?;
    let built = build::build(&project, Speed::Best, context.out)?;
    context.out.value(&serde_json::json!({"game": project.name, "wasm": built.wasm, "size_bytes": built.size_bytes}));
    context.out.line(format!("{}   {} KB   {}", project.name, built.size_bytes.div_ceil(1000), built.wasm.display()));
    Ok(())
}

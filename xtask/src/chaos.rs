//! `cargo xtask chaos`: harm done to real processes, and what came of it.

use std::process::Command;

use anyhow::{Result, bail};

use crate::cargo::{build_workspace, run_command};
use crate::place::Place;
use crate::say;

/// `chaos kill`; its options are those of the program that does it.
pub(crate) fn run(args: &[String]) -> Result<()> {
    if args.first().is_none_or(|arg| arg != "kill") {
        bail!("cargo xtask chaos kill [--times N] [--matches M] [--seed S]");
    }
    let place = Place::find()?;
    say::timed("build", || build_workspace(&place))?;
    let program = place.target.join("debug").join(format!("chaos{}", std::env::consts::EXE_SUFFIX));
    run_command(Command::new(program).args(args).env("STADION_BIN", place.binary()))
}

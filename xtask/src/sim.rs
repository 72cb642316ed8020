//! `cargo xtask sim`: stories in virtual time, more of them than the tests tell.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{build_workspace, run_command};
use crate::place::Place;

/// Builds the simulation as the tests are built, and runs it with these arguments.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let place = Place::find()?;
    build_workspace(&place)?;
    run_command(Command::new(place.target.join("debug").join("stadion-sim")).args(args))
}

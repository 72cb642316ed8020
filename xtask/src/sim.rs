//! `cargo xtask sim`: stories in virtual time, more of them than the tests tell.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{cargo, run_command};
use crate::place::Place;

/// Builds the simulation as the tests are built, and runs it with these arguments.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let place = Place::find()?;
    run_command(cargo(&place).args(["build", "--quiet", "--workspace", "--bin", "stadion-sim"]))?;
    run_command(Command::new(place.target.join("debug").join("stadion-sim")).args(args))
}

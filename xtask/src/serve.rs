//! `cargo xtask serve`: from a clone to a playable server.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::cargo::build_workspace;
#[cfg(not(unix))]
use crate::cargo::status;
use crate::place::Place;
use crate::{games, say};

/// Builds the games and the binary, then runs `stadion serve` with `args` until it ends.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let place = Place::find()?;
    if !place.binary().is_file() {
        say::step("building; the first time takes about a quarter of an hour on 2 cores");
    }
    let games = games::run_in(&place)?;
    build_workspace(&place)?;
    let mut serve = Command::new(place.binary());
    serve.arg("serve").arg("--games").arg(games).args(args.iter().map(OsString::from));
    // In the caller's own directory: that is where relative paths of `args` and `.stadion` belong.
    run_in_foreground(&mut serve)
}

/// Where processes can be replaced, the server replaces xtask: signals, exit code and terminal are then its own.
#[cfg(unix)]
fn run_in_foreground(serve: &mut Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(anyhow::Error::new(serve.exec()).context("starting `stadion serve`"))
}

#[cfg(not(unix))]
fn run_in_foreground(serve: &mut Command) -> Result<ExitCode> {
    let code = status(serve)?.code().unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

//! Tools beside the compiler: found, installed where that takes seconds, or named with the line that installs them.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, run_command, works};
use crate::place::{Place, in_ci};
use crate::say;

/// A tool's absence, decided on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// It can be run.
    There,
    /// It is not there; that was said.
    Missing,
}

/// Adds a wasm target to the toolchain when it lacks it.
pub(crate) fn ensure_target(target: &str) -> Result<()> {
    if has_target(target)? {
        return Ok(());
    }
    say::step(&format!("adding the target {target}"));
    run_command(Command::new("rustup").args(["target", "add", target])).with_context(|| {
        format!("the toolchain has no {target}; with rustup: rustup target add {target}; without it: https://rustup.rs")
    })
}

/// A target is there when its libraries are: this also answers for toolchains that did not come from rustup.
fn has_target(target: &str) -> Result<bool> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .context("rustc could not be run; install Rust: https://rustup.rs")?;
    Ok(std::path::Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

/// Whether a cargo subcommand is there. Missing in CI is an error; elsewhere it is said, with what is lost.
pub(crate) fn find(place: &Place, subcommand: &str, without_it: &str) -> Result<Tool> {
    if works(cargo(place).args([subcommand, "--version"])) {
        return Ok(Tool::There);
    }
    let install = format!("cargo install cargo-{subcommand} --locked");
    if in_ci() {
        bail!("cargo-{subcommand} is missing: {install}");
    }
    say::skipped(&format!("cargo-{subcommand} is not installed, so {without_it}; to have it: {install}"));
    Ok(Tool::Missing)
}

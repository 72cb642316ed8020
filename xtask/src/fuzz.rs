//! `cargo xtask fuzz`: every fuzz target of the workspace, each for a bounded time.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::run_command;
use crate::place::Place;
use crate::say;

/// Long enough to find what a change broke, short enough to be waited for.
const DEFAULT_SECONDS: u64 = 60;

/// Runs each target of each `fuzz/` folder for the given seconds.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let seconds = match args.first() {
        Some(text) => text.parse().with_context(|| format!("{text:?} is not a number of seconds"))?,
        None => DEFAULT_SECONDS,
    };
    let place = Place::find()?;
    let folders = folders(&place.root)?;
    if folders.is_empty() {
        bail!("no crate has a fuzz/ folder");
    }
    for folder in folders {
        for target in targets(&folder)? {
            say::timed(&format!("fuzzing {target} for {seconds} s"), || fuzz(&folder, &target, seconds))?;
        }
    }
    Ok(())
}

/// `fuzz/` folders beside crates at the root.
fn folders(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let folder = entry?.path().join("fuzz");
        if folder.join("Cargo.toml").is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.join("fuzz_targets"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

fn fuzz(folder: &Path, target: &str, seconds: u64) -> Result<()> {
    run_command(
        Command::new("rustup")
            .args(["run", "nightly", "cargo", "fuzz", "run", "--fuzz-dir"])
            .arg(folder)
            .args([target, "--", &format!("-max_total_time={seconds}"), "-rss_limit_mb=2048"])
            .current_dir(folder.parent().unwrap_or(folder)),
    )
    .context("needs `rustup toolchain install nightly` and `cargo install cargo-fuzz --locked`")
}

//! `cargo xtask games`: the example games as wasm, under their own names, in `target/games`; what is published with each
//! (settings, pages) in a folder of its name beside it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cargo::{GUEST_TARGET, cargo, run_command};
use crate::place::Place;
use crate::{say, tools};

/// Builds every crate under `games/` and answers where they are.
pub(crate) fn run_in(place: &Place) -> Result<PathBuf> {
    tools::ensure_target(GUEST_TARGET)?;
    let names = names(place)?;
    let mut build = cargo(place);
    build.args(["build", "--lib", "--profile", "guest", "--target", GUEST_TARGET]);
    for name in &names {
        build.args(["--package", name]);
    }
    run_command(&mut build)?;
    gather(place, &names)
}

/// The command: builds them and lists them.
pub(crate) fn run() -> Result<PathBuf> {
    let place = Place::find()?;
    let directory = run_in(&place)?;
    for name in names(&place)? {
        let size = std::fs::metadata(directory.join(format!("{name}.wasm")))?.len();
        say::text(&format!("{:>8.1} KB  {}", size as f64 / 1000.0, directory.join(name + ".wasm").display()));
    }
    Ok(directory)
}

/// Names of the games: folders of `games/` with a manifest.
fn names(place: &Place) -> Result<Vec<String>> {
    let folder = place.root.join("games");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Copies what cargo built to its final names, leaving what has not changed alone.
fn gather(place: &Place, names: &[String]) -> Result<PathBuf> {
    let directory = place.games();
    std::fs::create_dir_all(&directory)?;
    for name in names {
        let built = place.target.join(GUEST_TARGET).join("guest").join(format!("{}.wasm", name.replace('-', "_")));
        let bytes = std::fs::read(&built)
            .with_context(|| format!("{name} left no {}; is its crate-type `cdylib`?", built.display()))?;
        let wanted = directory.join(format!("{name}.wasm"));
        if std::fs::read(&wanted).is_ok_and(|there| there == bytes) {
            continue;
        }
        // Whole or not at all: a server may be reading the directory.
        let partial = directory.join(format!("{name}.wasm.partial"));
        std::fs::write(&partial, &bytes)?;
        std::fs::rename(&partial, &wanted)?;
    }
    for name in names {
        gather_beside(&place.root.join("games").join(name), &directory.join(name))?;
    }
    Ok(directory)
}

/// What is published beside a game's wasm: its settings and its pages.
fn gather_beside(game: &Path, wanted: &Path) -> Result<()> {
    if wanted.is_dir() {
        std::fs::remove_dir_all(wanted)?;
    }
    for part in ["stadion.toml", "web"] {
        copy(&game.join(part), &wanted.join(part))?;
    }
    Ok(())
}

/// Copies a file or a folder, if it is there.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        std::fs::create_dir_all(to.parent().unwrap_or(to))?;
        std::fs::copy(from, to).with_context(|| format!("copying {}", from.display()))?;
    } else if from.is_dir() {
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            if entry.file_name() != "node_modules" {
                copy(&entry.path(), &to.join(entry.file_name()))?;
            }
        }
    }
    Ok(())
}

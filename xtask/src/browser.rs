//! `cargo xtask browser`: the web client in Node, and the games in real Chromium. `cargo xtask web` writes what is checked
//! in of it: the built client, and the types of the games' pages.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::cargo::{build_workspace, run_command, works};
use crate::place::{Place, in_ci};
use crate::{games, say};

/// Games with pages.
const GAMES: [&str; 3] = ["bomberman", "hearts", "tictactoe"];
/// Where Debian and Ubuntu put it; STADION_CHROMIUM names another.
const CHROMIUM: &str = "/usr/bin/chromium";

/// The command: builds what is needed first.
pub(crate) fn run() -> Result<()> {
    let place = Place::find()?;
    say::timed("games as wasm", || games::run_in(&place))?;
    say::timed("build", || build_workspace(&place))?;
    run_in(&place)
}

/// With everything built: checks and tests of the web client, then the games in a browser.
pub(crate) fn run_in(place: &Place) -> Result<()> {
    if !has_node()? {
        return Ok(());
    }
    say::timed("web client: types, size, tests", || {
        install(place)?;
        run_command(npm(place).args(["run", "--silent", "check"]))?;
        let generated = place.root.join("target/web/gen");
        write_types(place, "ts", |game| generated.join(format!("{game}.gen.ts")))?;
        run_command(npm(place).args(["run", "--silent", "types"]))?;
        run_command(npm(place).args(["run", "--silent", "test"]))
    })?;
    let Some(chromium) = chromium()? else { return Ok(()) };
    let pictures = place.target.join("pictures");
    let mut tests = npm(place);
    tests.args(["run", "--silent", "browser"]).env("STADION_CHROMIUM", chromium).env("STADION_PICTURES_DIR", &pictures);
    tests.env("STADION_BIN", place.binary()).env("STADION_GAMES_DIR", place.games());
    say::timed("games in Chromium", || run_command(&mut tests))?;
    say::text(&format!("pictures: {}", pictures.display()));
    Ok(())
}

/// `cargo xtask web`: writes the built client and the games' types anew.
pub(crate) fn write() -> Result<()> {
    let place = Place::find()?;
    games::run_in(&place)?;
    build_workspace(&place)?;
    write_types(&place, "js", |game| place.root.join("games").join(game).join("web").join(format!("{game}.gen.js")))?;
    if has_node()? {
        install(&place)?;
        run_command(npm(&place).args(["run", "--silent", "build"]))?;
    }
    Ok(())
}

/// The messages of the games with pages, each in a file.
fn write_types(place: &Place, language: &str, file: impl Fn(&str) -> PathBuf) -> Result<()> {
    for game in GAMES {
        let wasm = place.games().join(format!("{game}.wasm"));
        run_command(Command::new(place.binary()).args(["types", language]).arg(wasm).arg("--out").arg(file(game)))?;
    }
    Ok(())
}

fn npm(place: &Place) -> Command {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(place.root.join("clients/web")).env("STADION_TARGET_DIR", &place.target);
    npm
}

/// What the lock file names, and nothing else.
fn install(place: &Place) -> Result<()> {
    let quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
    run_command(npm(place).arg("ci").args(quiet))
}

/// Missing in CI is an error; elsewhere it is said, with what is lost.
fn has_node() -> Result<bool> {
    if works(Command::new("npm").arg("--version")) {
        return Ok(true);
    }
    absent(
        "Node.js with npm is not installed, so the web client was not tested; to have it: apt-get install nodejs npm",
    )?;
    Ok(false)
}

fn chromium() -> Result<Option<PathBuf>> {
    let path = std::env::var_os("STADION_CHROMIUM").map_or_else(|| PathBuf::from(CHROMIUM), PathBuf::from);
    if path.is_file() {
        return Ok(Some(path));
    }
    absent("Chromium is not installed, so no game was played in a browser; to have it: apt-get install chromium")?;
    Ok(None)
}

fn absent(what: &str) -> Result<()> {
    if in_ci() {
        bail!("{what}");
    }
    say::skipped(what);
    Ok(())
}

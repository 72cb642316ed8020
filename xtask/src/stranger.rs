//! `cargo xtask stranger`: programs in Python that know our documents alone, against the real server: a client written from
//! the protocol's page, and schemathesis with `openapi.json`.
//!
//! Its libraries live in an environment of their own in the target directory, and are installed anew when what is pinned
//! changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::{run_command, works};
use crate::place::{Place, in_ci};
use crate::{games, say, test};

/// Tells the test which interpreter has the libraries.
pub(crate) const PYTHON: &str = "STADION_STRANGER_PYTHON";

/// Builds what it needs and runs it alone.
pub(crate) fn run() -> Result<()> {
    let place = Place::find()?;
    say::timed("games as wasm", || games::run_in(&place))?;
    say::timed("build", || crate::cargo::build_workspace(&place))?;
    say::timed("strangers", || test::tests(&place, &["stranger".to_owned()]))
}

/// The interpreter with the libraries in it. `None`: there is no Python here; that was said. In CI it is an error.
pub(crate) fn python(place: &Place) -> Result<Option<PathBuf>> {
    if !works(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
        let missing = "python3 with venv is missing (Debian: apt-get install python3-venv)";
        if in_ci() {
            bail!("{missing}");
        }
        say::skipped(&format!("{missing}, so no stranger tries the protocol and the API"));
        return Ok(None);
    }
    let pinned = place.root.join("tests/stranger/requirements.txt");
    let pinned_text = fs::read_to_string(&pinned).with_context(|| format!("reading {}", pinned.display()))?;
    let environment = place.target.join("stranger");
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == pinned_text) {
        return Ok(Some(interpreter(&environment)));
    }
    say::step("installing the stranger's libraries");
    if environment.exists() {
        fs::remove_dir_all(&environment).with_context(|| format!("removing {}", environment.display()))?;
    }
    run_command(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let python = interpreter(&environment);
    run_command(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(&pinned),
    )?;
    // Last: an installation that was cut is not found by the next run.
    fs::write(&installed, pinned_text).with_context(|| format!("writing {}", installed.display()))?;
    Ok(Some(python))
}

fn interpreter(environment: &Path) -> PathBuf {
    environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

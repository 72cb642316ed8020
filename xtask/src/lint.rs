//! `cargo xtask lint`: formatting, clippy, and what the dependencies are allowed to be.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{cargo, run_command, works};
use crate::place::{Place, in_ci};
use crate::say;
use crate::tools::{self, Tool};

/// Where cargo-deny finds known vulnerabilities.
const ADVISORIES: &str = "https://github.com/rustsec/advisory-db";

/// All of them.
pub(crate) fn run() -> Result<()> {
    let place = Place::find()?;
    formatting(&place)?;
    clippy(&place)?;
    dependencies(&place)
}

/// `cargo fmt --check`.
pub(crate) fn formatting(place: &Place) -> Result<()> {
    say::timed("formatting", || run_command(cargo(place).args(["fmt", "--all", "--check"])))
}

/// Clippy over every target; a warning is an error.
pub(crate) fn clippy(place: &Place) -> Result<()> {
    let mut clippy = cargo(place);
    clippy.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    say::timed("clippy", || run_command(&mut clippy))
}

/// `cargo deny`: licences, sources, duplicates; and advisories where their database can be reached.
pub(crate) fn dependencies(place: &Place) -> Result<()> {
    if tools::find(place, "deny", "licences and sources of dependencies were not checked")? == Tool::Missing {
        return Ok(());
    }
    let deny = |checks: &[&str]| run_command(cargo(place).args(["deny", "--workspace", "check"]).args(checks));
    say::timed("dependencies", || deny(&["bans", "licenses", "sources"]))?;
    if !works(
        Command::new("git").args(["ls-remote", "--exit-code", ADVISORIES, "HEAD"]).env("GIT_TERMINAL_PROMPT", "0"),
    ) {
        say::skipped(&format!("advisories: {ADVISORIES} cannot be reached from here{}", ci_note()));
        return Ok(());
    }
    say::timed("advisories", || deny(&["advisories"]))
}

/// A CI without a way out must not fail for it, and its reader must not miss it.
fn ci_note() -> &'static str {
    if in_ci() { "; run `cargo xtask lint` where it can be" } else { "" }
}

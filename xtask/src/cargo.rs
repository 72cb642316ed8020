//! Running cargo, and other programs, at the workspace's root.

use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};

use crate::place::Place;

/// The wasm target that the example games are built for.
pub(crate) const GUEST_TARGET: &str = "wasm32-unknown-unknown";

/// A cargo call at the workspace's root, into the target directory of this build.
pub(crate) fn cargo(place: &Place) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&place.root).env("CARGO_TARGET_DIR", &place.target);
    forget_own_cargo(&mut command);
    command
}

/// Variables that `cargo run` set for xtask itself must not reach the builds that it starts: they would differ from
/// those of a plain cargo call and rebuild what reads them.
fn forget_own_cargo(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_CRATE_NAME" {
            command.env_remove(&name);
        }
    }
}

/// Builds the whole workspace with everything in it: one feature set for `serve` and `test`, so that nothing is built
/// twice.
pub(crate) fn build_workspace(place: &Place) -> Result<()> {
    run_command(cargo(place).args(["build", "--workspace", "--all-targets"]))
}

/// Runs a command to its end; anything but success is an error that names the command.
pub(crate) fn run_command(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a command and answers how it ended.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command.status().with_context(|| format!("could not run {}", shown(command)))
}

/// Whether a command can be run and succeeds, silently.
pub(crate) fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let words = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(program.to_string_lossy().into_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

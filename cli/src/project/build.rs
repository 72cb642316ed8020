//! Building a game's folder with the developer's own cargo.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::project::Project;

/// Core modules: the smallest games, and no adapter. The server makes components of them.
const TARGET: &str = "wasm32-unknown-unknown";

/// For whom a build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speed {
    /// For servers: as fast as it gets, however long it takes.
    Best,
    /// For the developer who waits: done soon, from what the build before left.
    Soon,
}

/// How guests are built wherever they are built: at `s` encoding is five times slower for two kilobytes, and a heap that is
/// there from the start saves each session two system calls. Given on the command line, so that a game's Cargo.toml needs
/// none of it.
const BEST: [&str; 7] = [
    "profile.guest.inherits='release'",
    "profile.guest.opt-level=3",
    "profile.guest.lto='fat'",
    "profile.guest.codegen-units=1",
    "profile.guest.panic='abort'",
    "profile.guest.strip='debuginfo'",
    HEAP,
];

/// The SDK and what it stands on are built once, as for servers; the game itself is built from what has changed. Overflows
/// panic, as they do in its tests. `lto` is off, which `false` does not mean: with that every unit of the crate is optimized
/// once more beside the others, nine tenths of the time of a build after a save (bomberman: 1.8 s of CPU time; 0.2 s without).
const SOON: [&str; 10] = [
    "profile.guest-dev.inherits='release'",
    "profile.guest-dev.opt-level=1",
    "profile.guest-dev.lto='off'",
    "profile.guest-dev.codegen-units=16",
    "profile.guest-dev.incremental=true",
    "profile.guest-dev.overflow-checks=true",
    "profile.guest-dev.panic='abort'",
    "profile.guest-dev.strip='debuginfo'",
    "profile.guest-dev.package.'*'.opt-level=3",
    HEAP,
];

const HEAP: &str = "target.wasm32-unknown-unknown.rustflags=['-Clink-arg=--initial-heap=131072']";

impl Speed {
    fn profile(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Speed::Best => ("guest", &BEST),
            Speed::Soon => ("guest-dev", &SOON),
        }
    }
}

/// What a build left.
pub(crate) struct Built {
    /// Where it is.
    pub(crate) wasm: PathBuf,
    /// How large it is.
    pub(crate) size_bytes: u64,
}

/// Builds; cargo's own messages and progress go to stderr.
pub(crate) fn build(project: &Project, speed: Speed, out: Output) -> Outcome<Built> {
    ensure_target(out)?;
    let (profile, settings) = speed.profile();
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&project.dir).args(["build", "--lib", "--profile", profile, "--target", TARGET]);
    if speed == Speed::Best {
        out.note(format!("building {} ...", project.name));
    } else {
        // Errors are shown; that it works is said otherwise.
        cargo.arg("--quiet");
    }
    cargo
        .args(settings.iter().flat_map(|setting| ["--config", setting]))
        .arg("--message-format=json-render-diagnostics");
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(|error| no_cargo(&error))?;
    if !output.status.success() {
        return Err(Failure::failed(format!("{} does not build", project.name)).fix("see what cargo says above"));
    }
    let wasm = last_wasm(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        Failure::failed(format!("building {} left no wasm file", project.name))
            .fix("Cargo.toml needs:  [lib] crate-type = [\"cdylib\", \"rlib\"]")
    })?;
    let size_bytes = std::fs::metadata(&wasm).map_err(|error| Failure::file("reading", &wasm, &error))?.len();
    Ok(Built { wasm, size_bytes })
}

/// The wasm file of the last crate that cargo built: the game itself, since cargo builds what it needs first.
fn last_wasm(messages: &str) -> Option<PathBuf> {
    let files = |line: &str| -> Option<Vec<PathBuf>> {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let files = message.get("filenames")?.as_array()?;
        Some(files.iter().filter_map(|file| file.as_str().map(PathBuf::from)).collect())
    };
    let is_wasm = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wasm");
    messages.lines().filter_map(files).flatten().rfind(is_wasm)
}

/// Adds the wasm target when the toolchain lacks it. That is looked at once: `stadion dev` builds often.
fn ensure_target(out: Output) -> Outcome {
    static THERE: OnceLock<()> = OnceLock::new();
    if THERE.get().is_none() {
        add_target(out)?;
        let _ = THERE.set(());
    }
    Ok(())
}

fn add_target(out: Output) -> Outcome {
    let libraries = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let libraries = libraries.map_err(|error| no_cargo(&error))?;
    if Path::new(String::from_utf8_lossy(&libraries.stdout).trim()).is_dir() {
        return Ok(());
    }
    out.note(format!("adding the target {TARGET} (rustup target add {TARGET})"));
    let added = Command::new("rustup").args(["target", "add", TARGET]).stdout(Stdio::null()).status();
    match added {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::failed(format!("rustup could not add {TARGET}"))
            .fix(format!("see what rustup says above, then: rustup target add {TARGET}"))),
        Err(_) => Err(Failure::not_found(format!("this Rust has no {TARGET}, and there is no rustup to add it"))
            .fix(format!("curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --target {TARGET}"))),
    }
}

fn no_cargo(error: &std::io::Error) -> Failure {
    let failure = Failure::not_found(format!("Rust could not be run: {error}"));
    failure.fix(format!("curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --target {TARGET}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_game_is_the_last_wasm_that_cargo_names() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","filenames":["/t/libdep.rlib"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","filenames":["/t/hello.wasm","/t/libhello.rlib"]}"#,
            "\nnot json\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(last_wasm(messages), Some(PathBuf::from("/t/hello.wasm")));
        assert_eq!(last_wasm("{}"), None);
    }
}

//! Guests in plain std Rust for `wasm32-wasip2`, built when a test first wants them: the one that the host's own tests look
//! around with, and those of `tests/guests/nasty`.

use std::process::Command;

use crate::programs::{target_folder, workspace};

/// The guest that looks around. It does what the match's parameters say, in its second tick. `None` where the target is not
/// installed (an error in CI).
pub fn wasm() -> Option<Vec<u8>> {
    build("host/tests/guests/wasi-probe", "wasi-probe")
}

/// The guest that does what its parameters name, a module of `tests/guests/nasty`, in every tick.
pub fn nasty() -> Option<Vec<u8>> {
    build("tests/guests/nasty", "nasty")
}

fn build(folder: &str, name: &str) -> Option<Vec<u8>> {
    // Where the host's tests build theirs, too.
    let target = target_folder().parent().unwrap().join("tmp").join(name);
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .current_dir(workspace().join(folder))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    if complaint.contains("target may not be installed") && std::env::var_os("CI").is_none() {
        eprintln!("skipped: the target wasm32-wasip2 is not installed");
        return None;
    }
    assert!(output.status.success(), "building {name}:\n{complaint}");
    Some(std::fs::read(target.join(format!("wasm32-wasip2/release/{}.wasm", name.replace('-', "_")))).unwrap())
}

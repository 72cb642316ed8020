//! The guest that the host's own tests look around with (`host/tests/guests/wasi-probe`): plain std Rust for
//! `wasm32-wasip2`, built when a test first wants it. It does what the match's parameters say, in its second tick.

use std::process::Command;

use crate::programs::{target_folder, workspace};

/// The component as it is uploaded; `None` where the target is not installed (an error in CI).
pub fn wasm() -> Option<Vec<u8>> {
    // Where the host's tests build it, too.
    let target = target_folder().parent().unwrap().join("tmp/wasi-probe");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .current_dir(workspace().join("host/tests/guests/wasi-probe"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    if complaint.contains("target may not be installed") && std::env::var_os("CI").is_none() {
        eprintln!("skipped: the target wasm32-wasip2 is not installed");
        return None;
    }
    assert!(output.status.success(), "building the probe:\n{complaint}");
    Some(std::fs::read(target.join("wasm32-wasip2/release/wasi_probe.wasm")).unwrap())
}

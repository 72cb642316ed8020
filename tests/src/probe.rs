//! The guest of `guests/wasi-probe`, built from plain std Rust for `wasm32-wasip2` when a test first wants it.

use std::process::Command;

use crate::programs::{target_folder, workspace};

/// What the probe does on a message: the envelope's byte for a message, then the variant of its `In`.
pub const LOOK: [u8; 2] = [0, 0];
/// Sleeps for an hour.
pub const SLEEP: [u8; 2] = [0, 1];
/// Reads the standard input.
pub const READ: [u8; 2] = [0, 2];
/// Waits busily for time to pass.
pub const SPIN: [u8; 2] = [0, 3];

/// The component as it is uploaded.
pub fn wasm() -> Vec<u8> {
    let folder = workspace().join("tests/guests/wasi-probe");
    // Beside the tests' own profile, not in it: the guest has other dependencies at other versions of features.
    let target = target_folder().parent().unwrap().join("guests");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--locked", "--target", "wasm32-wasip2", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(output.status.success(), "building the probe:\n{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(target.join("wasm32-wasip2/debug/wasi_probe.wasm")).unwrap()
}

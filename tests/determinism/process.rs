//! The same run in another process: this program again, told by its environment what to run.

use std::process::Command;

use crate::run::{Hash, Place, Subject, run};
use stadion_host::engine::CodeSettings;

const WASM: &str = "STADION_DETERMINISM_WASM";
const PARAMETERS: &str = "STADION_DETERMINISM_PARAMETERS";
const SEED: &str = "STADION_DETERMINISM_SEED";
const TICKS: &str = "STADION_DETERMINISM_TICKS";

/// Marks the lines that the parent reads.
const MARK: &str = "tick-hash ";

/// Runs a script in a child of this program and collects its hashes.
pub(crate) fn run_elsewhere(name: &str, subject: &Subject, seed: u64, ticks: u64) -> Vec<Hash> {
    let folder = tempfile::tempdir().unwrap();
    let wasm = folder.path().join("guest.wasm");
    std::fs::write(&wasm, &subject.wasm).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "process::the_child_of_another_test", "--nocapture"])
        .env(WASM, &wasm)
        .env(PARAMETERS, &subject.parameters)
        .env(SEED, seed.to_string())
        .env(TICKS, ticks.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} in another process: {said}");
    said.lines().filter_map(|line| line.strip_prefix(MARK)).map(|hash| parse(hash.trim())).collect()
}

/// Does nothing unless it is started by [`run_elsewhere`].
#[test]
fn the_child_of_another_test() {
    let Some(wasm) = std::env::var_os(WASM) else { return };
    let number = |name: &str| std::env::var(name).unwrap().parse().unwrap();
    let subject = Subject { wasm: std::fs::read(wasm).unwrap(), parameters: std::env::var(PARAMETERS).unwrap() };
    let place = Place::new(&subject, CodeSettings::default());
    for hash in run(&subject, number(SEED), number(TICKS), &[&place], None) {
        eprintln!("{MARK}{:032x}", u128::from_be_bytes(hash));
    }
}

fn parse(hash: &str) -> Hash {
    u128::from_str_radix(hash, 16).unwrap().to_be_bytes()
}

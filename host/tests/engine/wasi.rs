//! A guest built with Rust's standard library for `wasm32-wasip2`: it finds nothing that its match did not give it, and
//! it cannot wait.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use stadion_host::model::{LogLevel, Output, Setup};
use stadion_host::session::{Session, StepFault};

use crate::guests::{Bench, budget, drive, folder, setup, tick};

/// Builds the guest; `None` where the target is not installed (an error in CI).
fn probe() -> Option<Vec<u8>> {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("wasi-probe");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .current_dir(folder().join("wasi-probe"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&built.stderr);
    if complaint.contains("target may not be installed") && std::env::var_os("CI").is_none() {
        eprintln!("skipped: the target wasm32-wasip2 is not installed");
        return None;
    }
    assert!(built.status.success(), "{complaint}");
    Some(std::fs::read(target.join("wasm32-wasip2/release/wasi_probe.wasm")).unwrap())
}

fn ordered(order: &str) -> Setup {
    Setup { parameters: order.as_bytes().to_vec(), ..setup() }
}

/// What the guest prints in its first step.
fn first_words(bench: &Bench, wasm: &[u8], setup: &Setup) -> Vec<(LogLevel, String)> {
    let version = bench.load(wasm);
    let (mut session, _) = drive(Session::start(&version, setup, budget(&version))).0.unwrap();
    let outputs = drive(session.step(&tick(1, Vec::new()))).0.unwrap().outputs;
    let line = |output| if let Output::Log { level, text } = output { Some((level, text)) } else { None };
    outputs.into_iter().filter_map(line).collect()
}

#[test]
fn a_standard_library_finds_nothing_of_the_host() {
    let Some(wasm) = probe() else { return };
    let bench = Bench::new();
    let words = first_words(&bench, &wasm, &setup());
    let stdout: Vec<_> =
        words.iter().filter(|(level, _)| *level == LogLevel::Info).map(|(_, text)| text.as_str()).collect();
    for expected in [
        "environment 0",
        "arguments 0",
        "since start 50ms",
        "unix 1700000000.05s",
        "hash states 2",
        "input Some(0) \"\"",
        "root false",
        "file false",
        "tcp false",
        "udp false",
        "name false",
        "thread false",
    ] {
        assert!(stdout.contains(&expected), "{expected}: {stdout:#?}");
    }
    assert!(words.contains(&(LogLevel::Error, "whispers to stderr".to_owned())));
    assert_eq!(words, first_words(&bench, &wasm, &setup()), "the same match says the same");
    let other = Setup { seed: [9; 4], ..setup() };
    assert_ne!(words, first_words(&bench, &wasm, &other), "another seed, another order");
}

#[test]
fn a_standard_library_cannot_wait_leave_or_hide_a_panic() {
    let Some(wasm) = probe() else { return };
    let bench = Bench::new();
    for (order, reason) in
        [("sleep", "sleeping is not possible"), ("exit", "a match ends by `finish`"), ("panic", "the roof is on fire")]
    {
        let version = bench.load(&wasm);
        let (mut session, _) = drive(Session::start(&version, &ordered(order), budget(&version))).0.unwrap();
        drive(session.step(&tick(1, Vec::new()))).0.unwrap();
        let before = Instant::now();
        let ended = drive(session.step(&tick(2, Vec::new()))).0;
        assert!(matches!(&ended, Err(StepFault::Trap(report)) if report.text.contains(reason)), "{order}: {ended:?}");
        assert!(before.elapsed() < Duration::from_secs(5), "{order} waited");
    }
}

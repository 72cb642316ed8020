//! The program's door: help, exit codes, JSON on stdout alone.

use std::process::{Command, Output};

use stadion_tests::{Server, programs};

/// Every command that people see.
const COMMANDS: [&str; 27] = [
    "serve",
    "new",
    "dev",
    "build",
    "publish",
    "games",
    "matches",
    "logs",
    "usage",
    "play",
    "bot",
    "replay",
    "fork",
    "quarantine",
    "versions",
    "channels",
    "promote",
    "rollback",
    "quotas",
    "types",
    "bench",
    "completions",
    "account",
    "party",
    "search",
    "friends",
    "leaderboard",
];

/// Runs the program against a server that is not there.
fn run(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(programs::stadion())
        .args(arguments)
        .env("STADION_CONFIG_DIR", folder.path())
        .env("STADION_SERVER", "http://127.0.0.1:1")
        .env("STADION_KEY", "dev-00000000000000000000000000000000")
        .current_dir(folder.path())
        .output()
        .unwrap()
}

#[test]
fn every_command_has_help_with_examples() {
    for command in COMMANDS {
        let output = run(&[command, "--help"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{command}");
        assert!(text.contains("Examples:") && text.contains(&format!("stadion {command}")), "{command}: {text}");
    }
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    for (arguments, code) in [
        (&["--version"][..], 0),
        (&["no-such-command"], 2),
        (&["play"], 2),
        (&["replay", "no-such-file.stj"], 3),
        (&["games"], 5),
        (&["matches"], 5),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_file_that_is_no_journal_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.stj");
    std::fs::write(&path, b"not a journal").unwrap();
    let output = run(&["replay", path.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(!output.stderr.is_empty());
}

#[test]
fn json_is_all_that_stdout_carries() {
    let server = Server::start();
    for command in ["games", "matches"] {
        let output = server.stadion().args([command, "--json"]).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            serde_json::from_str::<serde_json::Value>(line)
                .unwrap_or_else(|error| panic!("{command}: {line:?}: {error}"));
        }
    }
}

//! Programs that share no code with ours: a client in Python and aioquic, written from `protocol/PROTOCOL.md` alone, and
//! schemathesis, which knows nothing but `openapi.json` (HOSTILE row 29).

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use stadion_tests::{Server, programs};

/// Set by `cargo xtask`, which installs what the client needs.
const PYTHON: &str = "STADION_STRANGER_PYTHON";

/// Seconds for which the API is tried. More seconds find more: `STADION_API_SECONDS=1800 cargo xtask stranger`.
const API_SECONDS: &str = "STADION_API_SECONDS";

/// What CI has for it.
const DEFAULT_API_SECONDS: u32 = 90;

/// The interpreter that has the libraries; `None`: skipped in plain sight.
fn python() -> Option<OsString> {
    let python = std::env::var_os(PYTHON);
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{PYTHON} is not set: run `cargo xtask test`");
        eprintln!("skipped: strangers are let in by `cargo xtask stranger`, which sets {PYTHON}");
    }
    python
}

/// Runs it to its end, which is a good one, and answers what it said.
async fn succeed(mut command: Command) -> String {
    // Bytecode belongs to no checkout.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

#[tokio::test]
async fn whoever_knows_the_api_by_its_document_alone_finds_nothing_wrong() {
    let Some(python) = python() else { return };
    let seconds = std::env::var(API_SECONDS).unwrap_or_else(|_| DEFAULT_API_SECONDS.to_string());
    let mut server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stranger");
    let mut command = Command::new(python);
    command.args(["-m", "schemathesis.cli", "--config-file"]).arg(folder.join("schemathesis.toml"));
    command.env("PYTHONPATH", &folder).env("SCHEMATHESIS_HOOKS", "schemathesis_hooks");
    command.args(["run", &format!("{}/openapi.json", server.http), "--no-color", "--max-time", &seconds]);
    // Examples that failed once are tried first: they are kept with the server's other files.
    command.current_dir(server.folder()).env("STADION_KEY", &server.key);
    println!("{}", succeed(command).await);
    server.assert_lives();
}

#[tokio::test]
async fn a_strangers_client_plays_tictactoe_over_raw_quic_and_webtransport() {
    let Some(python) = python() else { return };
    let server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("stranger/stranger.py");
    let mut command = Command::new(python);
    command.arg(program).arg(&server.http);
    succeed(command).await;
    let matches = server.api().matches("tictactoe").await;
    let ended = server.api().ended(&matches[0].id).await;
    assert_eq!(ended["end"]["kind"], "finished", "{ended}");
}

//! A client that shares no code with ours: Python and aioquic, written from `protocol/PROTOCOL.md` alone.

use std::path::Path;
use std::process::Command;

use stadion_tests::{Server, programs};

/// Set by `cargo xtask`, which installs what the client needs.
const PYTHON: &str = "STADION_STRANGER_PYTHON";

#[tokio::test]
async fn a_strangers_client_plays_tictactoe_over_raw_quic_and_webtransport() {
    let Some(python) = std::env::var_os(PYTHON) else {
        assert!(std::env::var_os("CI").is_none(), "{PYTHON} is not set: run `cargo xtask test`");
        return eprintln!("skipped: the stranger's client is run by `cargo xtask stranger`, which sets {PYTHON}");
    };
    let server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("stranger/stranger.py");
    let mut command = Command::new(python);
    // Bytecode belongs to no checkout.
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(program).arg(&server.http);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    let matches = server.api().get("/v1/matches?game=tictactoe").await;
    let id = matches["items"][0]["id"].as_str().unwrap();
    let ended = server.api().ended(id).await;
    assert_eq!(ended["end"]["kind"], "finished", "{ended}");
}

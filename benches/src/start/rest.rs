//! Row `rest`: a private match by the public API, from the request to the join token in hand; one caller, one kept
//! connection, against the real server in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::http::{Http, Request};
use crate::Row;
use crate::samples::Samples;

/// How long the server may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Matches made and ended before the first that counts: connections, caches and the pool's slots get warm.
const WARM_UP: u32 = 50;
const GAME: &str = "bench-relay-arena";

/// Starts the server, uploads the game, and makes one match after the other; each is ended again outside of the clock.
pub(super) fn row(server: &Path, wasm: &[u8], runs: u32) -> anyhow::Result<Row> {
    let server = Server::start(server)?;
    let mut http = Http::connect(&server.http)?;
    let versions = format!("/v1/games/{GAME}/versions");
    let upload = Request { method: "PUT", path: &versions, key: &server.key, kind: "application/wasm", body: wasm };
    let (status, answer) = http.call(&upload)?;
    ensure!(status == 201 || status == 200, "uploading: {status} {answer}");
    let guest = http.json("POST", "/v1/guests", "", b"{}")?;
    let token = text(&guest, "access_token")?;

    let mut samples = Samples::with_capacity(runs);
    for run in 0..WARM_UP + runs {
        let mut warm = Samples::default();
        let kept = if run < WARM_UP { &mut warm } else { &mut samples };
        let play = format!("/v1/games/{GAME}/play");
        let joined = kept.time(|| http.json("POST", &play, token, br#"{"create":"private"}"#))?;
        ensure!(joined["join_token"].is_string(), "no join token: {joined}");
        http.json("DELETE", &format!("/v1/matches/{}", text(&joined["match"], "id")?), &server.key, b"")?;
    }
    samples.row("rest").context("no runs")
}

fn text<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    value[key].as_str().with_context(|| format!("no {key:?} in {value}"))
}

/// `stadion serve --ephemeral --json`, ended when dropped.
struct Server {
    child: Child,
    http: String,
    key: String,
}

impl Server {
    fn start(program: &Path) -> anyhow::Result<Server> {
        let mut child = Command::new(program)
            .args(["serve", "--ephemeral", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let stdout = child.stdout.take().context("the server's output is piped")?;
        let mut server = Server { child, http: String::new(), key: String::new() };
        let (sender, line) = mpsc::channel();
        // The thread ends with its line, or with the server.
        std::thread::spawn(move || sender.send(BufReader::new(stdout).lines().next()));
        let line =
            line.recv_timeout(READY_WITHIN).context("the server did not get ready")?.context("the server ended")??;
        let ready: Value = serde_json::from_str(&line).with_context(|| format!("the server said {line:?}"))?;
        server.http = text(&ready, "http")?.to_owned();
        server.key = text(&ready, "developer_key")?.to_owned();
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Row `rest`: a private match by the public API, from the request to the join token in hand; one caller, one kept
//! connection, against the real server in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::http::{Http, Request};
use crate::samples::Samples;
use crate::{Omitted, Row};

/// How long the server may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Matches made and ended before the first that counts: connections, caches and the pool's slots get warm.
const WARM_UP: u32 = 50;
const GAME: &str = "bench-relay-arena";

/// Starts the server, uploads the game, and makes one match after the other; each is ended again outside of the clock.
pub(super) fn row(server: &Path, wasm: &[u8], runs: u32) -> anyhow::Result<Row> {
    let server = Server::start(server)?;
    server.upload(wasm)?;
    let mut caller = server.caller()?;
    let mut samples = Samples::with_capacity(runs);
    for run in 0..WARM_UP + runs {
        let mut warm = Samples::default();
        let kept = if run < WARM_UP { &mut warm } else { &mut samples };
        let id = kept.time(|| caller.create())?;
        caller.end(&id)?;
    }
    samples.row("rest").context("no runs")
}

/// A guest with a connection of its own.
pub(crate) struct Caller {
    http: Http,
    token: String,
    key: String,
}

impl Caller {
    /// Asks for a private match and has its join token; answers its id.
    pub(crate) fn create(&mut self) -> anyhow::Result<String> {
        let play = format!("/v1/games/{GAME}/play");
        let joined = self.http.json("POST", &play, &self.token, br#"{"create":"private"}"#)?;
        ensure!(joined["join_token"].is_string(), "no join token: {joined}");
        Ok(text(&joined["match"], "id")?.to_owned())
    }

    /// Ends a match, with the developer's key.
    pub(crate) fn end(&mut self, id: &str) -> anyhow::Result<()> {
        self.http.json("DELETE", &format!("/v1/matches/{id}"), &self.key, b"").map(drop)
    }
}

fn text<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    value[key].as_str().with_context(|| format!("no {key:?} in {value}"))
}

/// PostgreSQL and Redis, where a server is to be one replica of several.
#[derive(Clone, Debug)]
pub struct Shared {
    /// `postgres://..`: an empty database.
    pub database: String,
    /// `redis://..`
    pub redis: String,
}

/// What stands where no replica was measured.
pub(crate) fn no_replica() -> Omitted {
    Omitted { name: "replica-..", why: "name PostgreSQL and Redis with --database and --redis".to_owned() }
}

/// `stadion serve --json`, ended when dropped.
pub(crate) struct Server {
    /// Its state, where it keeps any.
    _folder: Option<TempDir>,
    child: Child,
    http: String,
    key: String,
}

impl Server {
    /// Where one searches in a queue of the game.
    pub(crate) fn tickets(queue: &str) -> String {
        format!("/v1/games/{GAME}/queues/{queue}/tickets")
    }

    /// Sets the newest version of the game to these settings.
    pub(crate) fn set(&self, settings: &str) -> anyhow::Result<()> {
        let mut http = Http::connect(&self.http)?;
        let game = http.json("GET", &format!("/v1/games/{GAME}"), &self.key, b"")?;
        let version = text(&game, "latest_version")?;
        let path = format!("/v1/games/{GAME}/versions/{version}/settings");
        http.json("PUT", &path, &self.key, settings.as_bytes()).map(drop)
    }

    /// How many matches run.
    pub(crate) fn matches(&self) -> anyhow::Result<u64> {
        let load = Http::connect(&self.http)?.json("GET", "/v1/load", &self.key, b"")?;
        load["matches"].as_u64().with_context(|| format!("no matches in {load}"))
    }

    /// Uploads the game.
    pub(crate) fn upload(&self, wasm: &[u8]) -> anyhow::Result<()> {
        let versions = format!("/v1/games/{GAME}/versions");
        let upload = Request { method: "PUT", path: &versions, key: &self.key, kind: "application/wasm", body: wasm };
        let (status, answer) = Http::connect(&self.http)?.call(&upload)?;
        ensure!(status == 201 || status == 200, "uploading: {status} {answer}");
        Ok(())
    }

    /// A new guest.
    pub(crate) fn caller(&self) -> anyhow::Result<Caller> {
        let mut http = Http::connect(&self.http)?;
        let guest = http.json("POST", "/v1/guests", "", b"{}")?;
        Ok(Caller { token: text(&guest, "access_token")?.to_owned(), key: self.key.clone(), http })
    }

    /// A connection of its own.
    pub(crate) fn connect(&self) -> anyhow::Result<Http> {
        Http::connect(&self.http)
    }

    /// Starts one that keeps nothing and waits until it is ready.
    pub(crate) fn start(program: &Path) -> anyhow::Result<Server> {
        Server::start_with(program, None, &["--ephemeral".to_owned()])
    }

    /// Starts one that keeps its state in a folder, or has it in common with others. It believes callers who say for whom
    /// they call, so that one machine can be many.
    pub(crate) fn start_kept(program: &Path, shared: Option<&Shared>) -> anyhow::Result<Server> {
        let folder = tempfile::tempdir()?;
        let place = |name: &str| folder.path().join(name).display().to_string();
        let mut args = ["--listen", "127.0.0.1", "--port", "0", "--trusted-proxies", "127.0.0.1", "--data"]
            .map(str::to_owned)
            .to_vec();
        args.push(place("data"));
        if let Some(Shared { database, redis }) = shared {
            let common = [("--database", database.clone()), ("--redis", redis.clone())];
            let common = common.into_iter().chain([("--keys", place("keys")), ("--blobs", place("blobs"))]);
            args.extend(common.flat_map(|(flag, value)| [flag.to_owned(), value]));
        }
        Server::start_with(program, Some(folder), &args)
    }

    fn start_with(program: &Path, folder: Option<TempDir>, args: &[String]) -> anyhow::Result<Server> {
        let mut command = Command::new(program);
        if let Some(folder) = &folder {
            command.env("STADION_CONFIG_DIR", folder.path().join("config"));
        }
        let mut child = command
            .args(["serve", "--json"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let stdout = child.stdout.take().context("the server's output is piped")?;
        let mut server = Server { _folder: folder, child, http: String::new(), key: String::new() };
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

//! `stadion serve` as a process of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Api, programs};

/// How long the server may take until it says where it listens; a cold, busy machine is slow.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How much of the log a failed test shows, lines.
const LOG_SHOWN: usize = 60;

/// A running server with nothing in it. It is killed when dropped; its log is shown if the test failed.
pub struct Server {
    child: Child,
    folder: TempDir,
    /// `http://127.0.0.1:port`.
    pub http: String,
    /// `127.0.0.1:port`, UDP.
    pub quic: String,
    /// A developer's API key.
    pub key: String,
    /// An operator's.
    pub operator_key: String,
    /// As the server told.
    pub pid: u32,
    more: Vec<String>,
}

impl Server {
    /// Starts one on ports that the system chooses, and waits until it is ready.
    pub fn start() -> Server {
        Server::start_with(&["--ephemeral"])
    }

    /// Starts one that keeps its state in its folder, so that it can be [restarted](Server::restart); `more` arguments.
    pub fn durable(more: &[&str]) -> Server {
        let folder = tempfile::Builder::new().prefix("stadion-test-").tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        let first = ["--data", &data, "--listen", "127.0.0.1"];
        let mut server = Server::start_in(folder, &[&first[..], &["--port", "0"], more].concat());
        let port = server.quic.rsplit_once(':').unwrap().1.to_owned();
        server.more = [&first[..], &["--port", &port], more].concat().into_iter().map(str::to_owned).collect();
        server
    }

    fn start_with(args: &[&str]) -> Server {
        let folder = tempfile::Builder::new().prefix("stadion-test-").tempdir().unwrap();
        Server::start_in(folder, args)
    }

    fn start_in(folder: TempDir, args: &[&str]) -> Server {
        let (child, line) = spawn(folder.path(), args);
        let [http, quic, key, operator_key] = [(); 4].map(|()| String::new());
        let mut server = Server { child, folder, http, quic, key, operator_key, pid: 0, more: Vec::new() };
        server.await_ready(&line);
        server
    }

    /// Kills the process: SIGKILL, at once. When that was sent, and how long it took until the process was gone: the last of its
    /// threads has to be given a core to die.
    #[allow(clippy::disallowed_methods, reason = "how long a process takes to die is measured on the wall")]
    pub fn kill(&mut self) -> (Instant, Duration) {
        let sent = Instant::now();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (sent, sent.elapsed())
    }

    /// Starts it again in the same folder, on the same ports. Whether the process has ended by itself or was killed.
    pub fn restart(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let args: Vec<&str> = self.more.iter().map(String::as_str).collect();
        let (child, line) = spawn(self.folder.path(), &args);
        self.child = child;
        self.await_ready(&line);
    }

    /// Waits until the process has ended by itself.
    pub fn await_end(&mut self) {
        for _ in 0..READY_WITHIN.as_millis() / 20 {
            if self.child.try_wait().unwrap().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the server did not end");
    }

    fn await_ready(&mut self, line: &Ready) {
        let line = line.recv_timeout(READY_WITHIN).expect("the server is ready in time").expect("it says so").unwrap();
        self.read(&line);
    }

    /// From the line that `--json` prints.
    fn read(&mut self, line: &str) {
        let ready: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let text = |key: &str| ready[key].as_str().unwrap_or_else(|| panic!("no {key:?} in {line}")).to_owned();
        self.http = text("http");
        self.quic = text("quic");
        self.key = text("developer_key");
        self.operator_key = text("operator_key");
        self.pid =
            ready["pid"].as_u64().and_then(|pid| pid.try_into().ok()).unwrap_or_else(|| panic!("no pid in {line}"));
        assert_eq!(self.pid, self.child.id(), "the server is the process that was started");
    }

    /// The public API as the developer.
    pub fn api(&self) -> Api {
        Api::new(&self.http, &self.key)
    }

    /// The program with this server's settings: address and key are in its configuration.
    pub fn stadion(&self) -> Command {
        let mut command = command(self.folder.path());
        command.env("STADION_SERVER", &self.http).env("STADION_KEY", &self.key).current_dir(self.folder.path());
        command
    }

    /// A folder that lives as long as the server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap()
    }

    /// Panics unless the very process that was started still runs.
    pub fn assert_lives(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "the server ended: {ended:?}");
    }

    /// Open file descriptors.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid)).unwrap().count()
    }

    /// Resident memory, bytes.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// Forgets the peak of resident memory, and answers what is resident now, bytes.
    pub fn begin_peak(&self) -> u64 {
        // proc_pid_clear_refs(5): 5 sets the peak back to the present size.
        std::fs::write(format!("/proc/{}/clear_refs", self.pid), "5").unwrap();
        self.memory()
    }

    /// The most that was resident since [`Server::begin_peak`], bytes.
    pub fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

type Ready = mpsc::Receiver<Option<std::io::Result<String>>>;

/// Starts `stadion serve --json` in a folder; its log goes on where it ended.
fn spawn(folder: &Path, args: &[&str]) -> (Child, Ready) {
    let log = File::options().create(true).append(true).open(folder.join("server.log")).unwrap();
    let mut child = command(folder)
        .args(["serve", "--json"])
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let (sender, line) = mpsc::channel();
    // Ends with its line, or with the server.
    std::thread::spawn(move || sender.send(BufReader::new(stdout).lines().next()));
    (child, line)
}

/// The program, with a home of its own.
fn command(folder: &Path) -> Command {
    let config: PathBuf = folder.join("config");
    let mut command = Command::new(programs::stadion());
    command.env("STADION_CONFIG_DIR", config).env_remove("STADION_SERVER").env_remove("STADION_KEY");
    command
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has judged already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            eprintln!("the server's log, its last {LOG_SHOWN} lines:");
            lines[lines.len().saturating_sub(LOG_SHOWN)..].iter().for_each(|line| eprintln!("  {line}"));
        }
    }
}

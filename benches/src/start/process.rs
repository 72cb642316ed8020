//! Rows `spawn` and `jvm`: what it costs to start a process at all, and a Java server until it answers.

use std::io;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use crate::Row;
use crate::clock;
use crate::samples::Samples;

/// How long a server may take to speak: far beyond any honest start, so that a broken one ends the row.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long a server may take to end after it was asked to.
const END_WITHIN: Duration = Duration::from_secs(5);
const SOURCE: &str = include_str!("../../java/UdpServer.java");

/// `/bin/true`, from spawn to its end.
pub(super) fn spawn(runs: u32) -> anyhow::Result<Row> {
    let mut samples = Samples::with_capacity(runs);
    for _ in 0..runs {
        let status = samples.time(|| Command::new("/bin/true").status()).context("starting /bin/true")?;
        ensure!(status.success(), "/bin/true: {status}");
    }
    samples.row("spawn").context("no runs")
}

/// The Java server, compiled.
pub(super) struct JavaServer {
    /// Where the class files are.
    pub(super) classes: PathBuf,
    /// The `java` program, links resolved.
    pub(super) java: PathBuf,
}

impl JavaServer {
    /// Compiles it into `scratch`.
    pub(super) fn compile(scratch: &Path) -> anyhow::Result<JavaServer> {
        let java = find_program("java").context("no Java here: `java` is not in PATH")?;
        let javac = find_program("javac").context("no Java compiler here: `javac` is not in PATH")?;
        let (source, classes) = (scratch.join("UdpServer.java"), scratch.join("classes"));
        std::fs::create_dir_all(&classes)?;
        std::fs::write(&source, SOURCE)?;
        let output = Command::new(javac).arg("-d").arg(&classes).arg(&source).output().context("starting javac")?;
        ensure!(output.status.success(), "javac: {}", String::from_utf8_lossy(&output.stderr));
        Ok(JavaServer { classes, java: java.canonicalize()? })
    }

    /// The server in a plain process, from spawn to its first answer.
    pub(super) fn row(&self, runs: u32) -> anyhow::Result<Row> {
        let mut samples = Samples::with_capacity(runs);
        for _ in 0..runs {
            let ear = Ear::open()?;
            let mut command = Command::new(&self.java);
            command.arg("-cp").arg(&self.classes).arg("UdpServer").arg(ear.port()?.to_string());
            samples.push(ear.first_answer(&mut command)?);
        }
        samples.row("jvm").context("no runs")
    }
}

/// Where a server reports to.
pub(super) struct Ear(UdpSocket);

impl Ear {
    pub(super) fn open() -> io::Result<Ear> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Ear(socket))
    }

    /// What a server is to be told.
    pub(super) fn port(&self) -> io::Result<u16> {
        Ok(self.0.local_addr()?.port())
    }

    /// Starts a server and takes the time from spawn to its first answer. The server is ended before this returns.
    pub(super) fn first_answer(&self, command: &mut Command) -> anyhow::Result<Duration> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let before = clock::now();
        let mut child = command.spawn().with_context(|| format!("starting {}", command.get_program().display()))?;
        let answered = exchange(&self.0);
        let took = before.elapsed();
        if let Ok(server) = answered {
            self.0.send_to(&[], server)?;
            wait(&mut child)?;
            return Ok(took);
        }
        // It may have ended by itself, which is no failure to clean up.
        let _ = child.kill();
        let output = child.wait_with_output()?;
        bail!("no answer: {}", String::from_utf8_lossy(&output.stderr).trim())
    }
}

/// Learns the server's address from its first packet, sends one and waits for the answer.
fn exchange(socket: &UdpSocket) -> io::Result<std::net::SocketAddr> {
    let mut buffer = [0; 64];
    let (_, server) = socket.recv_from(&mut buffer)?;
    socket.send_to(b"ping", server)?;
    let (length, _) = socket.recv_from(&mut buffer)?;
    if &buffer[..length] == b"ping" { Ok(server) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Waits for a child within [`END_WITHIN`], and ends it after that.
fn wait(child: &mut Child) -> anyhow::Result<()> {
    let deadline = clock::now() + END_WITHIN;
    while clock::now() < deadline {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill()?;
    child.wait()?;
    bail!("it answered and did not end when asked to")
}

/// A program of this name in `PATH`, or where distributions keep those for administrators.
pub(super) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

//! The parent's side: how many children run and wait, what they are given, and what is made of how they end.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::contract::{CompileError, CompileStage, Compiled, Compiler, Pending, StageSink};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use super::frame::{self, Job, Reply};
use super::{CODE_BYTES, STAGE, STAGES, UPLOAD_BYTES, WALLS_MISSING, sandbox, version_of};
use crate::engine::CodeSettings;

/// The most that a child may answer: a header, code, and a component that is the upload with types around it.
const REPLY_BYTES: u64 = (CODE_BYTES + 2 * UPLOAD_BYTES) as u64;

/// The most that is read of a child's complaints.
const COMPLAINT_BYTES: u64 = 8 * 1024;

/// What a refused caller is told to wait.
const RETRY_AFTER_S: u32 = 5;

/// Threads of the compiler in one child.
const THREADS: &str = "4";

/// How many children there may be, and what they compile for.
#[derive(Clone, Copy, Debug)]
pub struct CompilerConfig {
    /// What the hosts of this control plane run.
    pub code: CodeSettings,
    /// Children at once.
    pub concurrent: usize,
    /// Uploads that wait for a child; those past it are [`CompileError::Busy`].
    pub queued: usize,
    /// Time on the wall that one child has.
    pub wall: Duration,
}

impl Default for CompilerConfig {
    fn default() -> CompilerConfig {
        let concurrent = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        CompilerConfig { code: CodeSettings::default(), concurrent, queued: 32, wall: Duration::from_secs(60) }
    }
}

/// Runs `exe compile-child` for each upload. Its futures need a tokio runtime; dropping one kills its child.
#[derive(Debug)]
pub struct ChildCompiler {
    exe: PathBuf,
    config: CompilerConfig,
    running: Semaphore,
    waiting: AtomicUsize,
}

impl ChildCompiler {
    /// `exe` is the program whose `compile-child` subcommand runs [`super::child_main`].
    pub fn new(exe: PathBuf, config: CompilerConfig) -> ChildCompiler {
        let running = Semaphore::new(config.concurrent.max(1));
        ChildCompiler { exe, config, running, waiting: AtomicUsize::new(0) }
    }

    async fn run(&self, wasm: &[u8], tell: &StageSink) -> Result<Compiled, CompileError> {
        if wasm.len() > UPLOAD_BYTES {
            let message = format!("the upload has {} bytes; at most {UPLOAD_BYTES} are allowed", wasm.len());
            return Err(CompileError::Rejected { stage: CompileStage::Limits, message });
        }
        let _turn = self.turn().await?;
        match tokio::time::timeout(self.config.wall, self.talk(wasm, tell)).await {
            Ok(result) => result,
            Err(_) => Err(CompileError::OverLimit { limit: format!("{} s", self.config.wall.as_secs()) }),
        }
    }

    /// Waits for a free place, if the queue is not full.
    async fn turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>, CompileError> {
        if let Ok(permit) = self.running.try_acquire() {
            return Ok(permit);
        }
        let _place = Place::take(&self.waiting, self.config.queued)?;
        self.running.acquire().await.map_err(|_| CompileError::Child("the compiler is shut down".to_owned()))
    }

    /// One conversation with one child.
    async fn talk(&self, wasm: &[u8], tell: &StageSink) -> Result<Compiled, CompileError> {
        let mut child =
            self.spawn().map_err(|error| CompileError::Child(format!("{}: {error}", self.exe.display())))?;
        let job = frame::encode(&Job { code: self.config.code, version: version_of(wasm) });
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            let Some(mut stdin) = stdin else { return };
            // A child that died no longer reads: its end says why.
            let _ = stdin.write_all(&job).await;
            let _ = stdin.write_all(wasm).await;
            let _ = stdin.shutdown().await;
        };
        let ((), answer, complaint) = tokio::join!(feed, read_some(stdout, REPLY_BYTES), hear(stderr, tell));
        if answer.len() as u64 > REPLY_BYTES {
            return Err(CompileError::Child("it answered without end".to_owned()));
        }
        let status = child.wait().await.map_err(|error| CompileError::Child(error.to_string()))?;
        conclude(status, answer, &complaint)
    }

    fn spawn(&self) -> std::io::Result<Child> {
        Command::new(&self.exe)
            .arg("compile-child")
            .env_clear()
            .env("RAYON_NUM_THREADS", THREADS)
            // mimalloc commits its first gibibyte at once where the system overcommits, which is all the memory there is.
            .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

impl Compiler for ChildCompiler {
    fn compile(&self, wasm: Bytes) -> Pending<'_, Result<Compiled, CompileError>> {
        self.compile_telling(wasm, Arc::new(|_| ()))
    }

    fn compile_telling(&self, wasm: Bytes, tell: StageSink) -> Pending<'_, Result<Compiled, CompileError>> {
        Box::pin(async move { self.run(&wasm, &tell).await })
    }
}

/// A place in the queue, given back when its holder stops waiting for whatever reason.
struct Place<'a>(&'a AtomicUsize);

impl Place<'_> {
    fn take(waiting: &AtomicUsize, most: usize) -> Result<Place<'_>, CompileError> {
        let before = waiting.fetch_add(1, Relaxed);
        let place = Place(waiting);
        if before >= most { Err(CompileError::Busy { retry_after_s: RETRY_AFTER_S }) } else { Ok(place) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Reads to the end, or one byte past `most`. The stream is closed on return, which ends a writer that goes on.
async fn read_some(stream: Option<impl AsyncRead + Unpin>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // A broken pipe is the end of what there is to read.
        let _ = stream.take(most + 1).read_to_end(&mut bytes).await;
    }
    bytes
}

/// Hears what the child says on stderr: stages are told on, the rest is what it complains about. A child that says more than
/// [`COMPLAINT_BYTES`] is heard no further, which ends it.
async fn hear(stderr: Option<impl AsyncRead + Unpin>, tell: &StageSink) -> String {
    let mut complaint = String::new();
    let Some(stderr) = stderr else { return complaint };
    let mut lines = BufReader::new(stderr.take(COMPLAINT_BYTES)).split(b'\n');
    // A broken pipe is the end of what there is to hear.
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        let stage = line.strip_prefix(STAGE).and_then(|name| STAGES.iter().find(|(known, _)| *known == name));
        match stage {
            Some((_, stage)) => tell(*stage),
            None => complaint.extend([line.as_ref(), "\n"]),
        }
    }
    complaint
}

fn conclude(status: ExitStatus, answer: Vec<u8>, complaint: &str) -> Result<Compiled, CompileError> {
    if complaint.contains(WALLS_MISSING) {
        tracing::warn!("{}", complaint.trim());
    }
    if !status.success() {
        return Err(death(status, complaint));
    }
    let (reply, payload) = frame::decode::<Reply>(&answer).map_err(|error| CompileError::Child(error.to_string()))?;
    match reply {
        Reply::Rejected { message, .. } if out_of_memory(&message) => Err(memory_limit()),
        Reply::Rejected { stage, message } => Err(CompileError::Rejected { stage, message }),
        Reply::Made { manifest, code, component, cpu_ms } => {
            if payload.len() as u64 != code.saturating_add(component) {
                return Err(CompileError::Child("its answer was cut short".to_owned()));
            }
            let header = answer.len() - payload.len();
            let mut code_bytes = Bytes::from(answer).split_off(header);
            let component = code_bytes.split_off(usize::try_from(code).unwrap_or(usize::MAX));
            Ok(Compiled { manifest: *manifest, code: code_bytes, component, cpu_ms })
        }
    }
}

/// A child that ended without an answer: at a limit, or broken by its input.
fn death(status: ExitStatus, complaint: &str) -> CompileError {
    let signal = signal_of(status);
    if signal == Some(XCPU) || signal == Some(KILL) {
        return CompileError::OverLimit { limit: format!("{} s of CPU time", sandbox::CPU.as_secs()) };
    }
    if out_of_memory(complaint) {
        return memory_limit();
    }
    tracing::warn!(?status, "the compile child died: {}", complaint.trim());
    match signal {
        // The input broke the compiler (a stack overflow, a failed assertion): it cannot be accepted.
        Some(_) => CompileError::Rejected {
            stage: CompileStage::Compile,
            message: "the compiler does not survive this module; is something nested extremely deep?".to_owned(),
        },
        None => CompileError::Child(format!("it ended with {status}: {}", complaint.trim())),
    }
}

fn out_of_memory(text: &str) -> bool {
    ["memory allocation of", "Cannot allocate memory", "out of memory"].iter().any(|sign| text.contains(sign))
}

fn memory_limit() -> CompileError {
    CompileError::OverLimit { limit: format!("{} MiB of memory", sandbox::MEMORY_BYTES >> 20) }
}

/// SIGXCPU, sent at the soft limit.
const XCPU: i32 = 24;

/// SIGKILL, sent a second of CPU time later.
const KILL: i32 = 9;

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_status: ExitStatus) -> Option<i32> {
    None
}

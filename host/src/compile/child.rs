//! The child's side: walls first, then one upload from stdin, then the answer on stdout.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::thread;

use stadion_protocol::contract::CompileStage;

use super::frame::{self, Job, Reply};
use super::pipeline::{self, Made, Rejection};
use super::sandbox;
use super::{STAGE, STAGES, UPLOAD_BYTES};

/// Stack of the thread that parses, validates and compiles: nested types and components are walked by recursion.
const STACK_BYTES: usize = 64 << 20;

/// The body of `stadion compile-child`. Does nothing else in its process, reads no arguments and no environment.
///
/// Fails (with a line on stderr) only when the parent broke the protocol or the machine is out of something: what is
/// wrong with an upload is an answer.
pub fn child_main() -> ExitCode {
    let walls = sandbox::enter();
    let worker = thread::Builder::new().name("compile".to_owned()).stack_size(STACK_BYTES);
    let result = worker
        .spawn(run)
        .map_err(|error| format!("no thread: {error}"))
        .and_then(|worker| worker.join().unwrap_or_else(|_| Err("the compiler panicked".to_owned())));
    if walls != (sandbox::Walls { limits: true, files: true, calls: true }) {
        complain(&format!("{}: {walls:?}", super::WALLS_MISSING));
    }
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(&message);
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut input = Vec::new();
    // Room for the job's header beside the upload.
    let most = UPLOAD_BYTES as u64 + 4096;
    io::stdin().lock().take(most).read_to_end(&mut input).map_err(|error| format!("stdin: {error}"))?;
    let (job, upload): (Job, _) = frame::decode(&input).map_err(|error| error.to_string())?;
    match pipeline::run(job.code, job.version, upload, &tell) {
        Ok(made) => send_made(made),
        Err(Rejection { stage, message }) => send(&[&frame::encode(&Reply::Rejected { stage, message })]),
    }
}

/// Told to the parent, which tells the publisher.
fn tell(stage: CompileStage) {
    if let Some((name, _)) = STAGES.iter().find(|(_, known)| *known == stage) {
        complain(&format!("{STAGE}{name}"));
    }
}

fn send_made(made: Made) -> Result<(), String> {
    let reply = Reply::Made {
        manifest: Box::new(made.manifest),
        code: made.code.len() as u64,
        component: made.component.len() as u64,
        cpu_ms: cpu_ms(),
    };
    send(&[&frame::encode(&reply), &made.code, &made.component])
}

fn send(parts: &[&[u8]]) -> Result<(), String> {
    let mut stdout = io::stdout().lock();
    for part in parts {
        stdout.write_all(part).map_err(|error| format!("stdout: {error}"))?;
    }
    stdout.flush().map_err(|error| format!("stdout: {error}"))
}

/// Told to the parent, which logs it. There is nobody to tell if that fails.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

#[cfg(unix)]
fn cpu_ms() -> u32 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let ms = time.tv_sec * 1000 + time.tv_nsec / 1_000_000;
    u32::try_from(ms).unwrap_or(u32::MAX)
}

#[cfg(not(unix))]
fn cpu_ms() -> u32 {
    0
}

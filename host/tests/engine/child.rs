//! The compile child as a process: what it gives, what it survives, and what is left when it does not.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use stadion_host::compile::{ChildCompiler, CompilerConfig};
use stadion_protocol::contract::{CompileError, CompileStage, Compiler};

use crate::guests::{Bench, guest};

fn exe() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_compile-child"))
}

fn compiler() -> ChildCompiler {
    ChildCompiler::new(exe(), CompilerConfig::default())
}

#[tokio::test]
async fn a_child_makes_what_this_engine_loads() {
    let bench = Bench::new();
    let compiled = compiler().compile(guest("echo").into()).await.unwrap();
    assert!(compiled.code == bench.compile(&guest("echo")).code, "compiling is deterministic");
    bench.engine.load(&bench.sign(&compiled), &bench.keys).unwrap();
    assert!(compiled.cpu_ms > 0);
}

#[tokio::test]
async fn a_childs_refusal_keeps_its_stage_and_words() {
    let refused = compiler().compile(guest("endless-describe").into()).await.unwrap_err();
    assert!(
        matches!(&refused, CompileError::Rejected { stage: CompileStage::Describe, message } if message.contains("CPU budget"))
    );
    let refused = compiler().compile(Bytes::from_static(b"\x7fELF")).await.unwrap_err();
    assert!(matches!(refused, CompileError::Rejected { stage: CompileStage::Validate, .. }), "{refused}");
}

/// Modules that are small and cost a compiler more than it has: whatever becomes of the child, its parent answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compile_bombs_end_the_child_at_most() {
    let step = |i| {
        format!(
            "(loop (local.set {i} (i64.add (local.get {}) (i64.const 1))) (br_if 0 (i32.const 1))",
            (i * 7) % 15_000
        )
    };
    let loops = (0..15_000).map(step).collect::<String>();
    let locals = format!("(func (local {}) {loops} {})", "i64 ".repeat(15_000), ")".repeat(15_000));
    let (blocks, ends) = ("(block ".repeat(300), ")".repeat(300));
    let table = format!("(func (param i32) {blocks} (br_table {} (local.get 0)) {ends})", "7 ".repeat(400_000));
    let (module, before) = (crate::guests::module, Instant::now());
    let ended = compiler().compile(module(&locals).into()).await.unwrap_err();
    assert!(matches!(ended, CompileError::OverLimit { .. }), "{ended}");
    let refused = compiler().compile(module(&table).into()).await.unwrap_err();
    assert!(matches!(refused, CompileError::Rejected { stage: CompileStage::Compile, .. }), "{refused}");
    assert!(before.elapsed() < Duration::from_secs(120), "a child has 20 s of CPU time");
}

/// The walls of a child that waits for its input, as the kernel sees them.
#[cfg(target_os = "linux")]
#[test]
fn a_child_takes_everything_away_from_itself_before_it_reads() {
    let mut child =
        Command::new(exe()).arg("compile-child").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let of = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
    let before = Instant::now();
    while !of("status").contains("Seccomp:\t2") {
        assert!(before.elapsed() < Duration::from_secs(20), "{}", of("status"));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(of("status").contains("NoNewPrivs:\t1"));
    let limits = of("limits");
    let limit = |name: &str| limits.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(limit("Max cpu time").contains(" 20 "), "{limits}");
    assert!(limit("Max data size").contains(&(1u64 << 30).to_string()), "{limits}");
    drop(child.stdin.take());
    assert!(!child.wait().unwrap().success(), "an empty job is no job");
}

#[tokio::test]
async fn past_the_queue_uploads_are_told_to_come_back() {
    let config = CompilerConfig { concurrent: 1, queued: 1, ..CompilerConfig::default() };
    let compiler = ChildCompiler::new(exe(), config);
    let upload = || compiler.compile(guest("quiet").into());
    let (first, second, third) = tokio::join!(upload(), upload(), upload());
    assert!(first.is_ok() && second.is_ok());
    assert!(matches!(third, Err(CompileError::Busy { retry_after_s }) if retry_after_s > 0));
    assert!(upload().await.is_ok(), "places are given back");
}

#[tokio::test]
async fn a_late_child_is_killed() {
    let config = CompilerConfig { wall: Duration::from_millis(1), ..CompilerConfig::default() };
    let late = ChildCompiler::new(exe(), config).compile(guest("quiet").into()).await.unwrap_err();
    assert!(matches!(late, CompileError::OverLimit { .. }), "{late}");
}

#[tokio::test]
async fn a_missing_program_is_our_own_fault() {
    let compiler = ChildCompiler::new(PathBuf::from("/nowhere/stadion"), CompilerConfig::default());
    assert!(matches!(compiler.compile(guest("quiet").into()).await, Err(CompileError::Child(_))));
}

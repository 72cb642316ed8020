//! What xtask says, and how long things took: the only module that prints or reads the clock.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one place of xtask that prints")]

use std::time::Instant;

/// Plain text to stdout.
pub(crate) fn text(text: &str) {
    println!("{text}");
}

/// A heading on stderr, between the outputs of the tools that are run.
pub(crate) fn step(text: &str) {
    eprintln!("\n== {text}");
}

/// Something left out, in plain sight.
pub(crate) fn skipped(text: &str) {
    eprintln!("\n!! left out: {text}");
}

/// Why a command failed.
pub(crate) fn error(text: &str) {
    eprintln!("\nerror: {text}");
}

/// Runs a step under a heading and says how long it took.
pub(crate) fn timed<T>(heading: &str, work: impl FnOnce() -> T) -> T {
    step(heading);
    #[allow(clippy::disallowed_methods, reason = "the one clock of xtask: seconds for people")]
    let start = Instant::now();
    let result = work();
    eprintln!("== {heading}: {:.1} s", start.elapsed().as_secs_f64());
    result
}

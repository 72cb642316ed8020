//! Why a call into a guest did not return, as the match core sees it, and how that is read off wasmtime's errors.
//!
//! Three parties can be at fault and are never confused: the guest (trap, budget, quota), its creator (`start` answered
//! an error) and the host (no slot, no memory). What a guest may see as an error never comes through here.

use wasmtime::{Error, Trap, WasmBacktrace};

/// The longest report of a trap, bytes.
pub const REPORT_BYTES: usize = 2048;

/// Frames named in a report; deeper ones are counted.
const REPORT_FRAMES: usize = 16;

/// A trap, told to the author: what kind, in which functions, and what the guest said last.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct TrapReport {
    /// The kind, for programs: a word such as `unreachable`, `stack-overflow`, `refused` (a host function said no).
    pub code: &'static str,
    /// For people, with function names; at most [`REPORT_BYTES`].
    pub text: String,
}

/// Why `step`, `save` or `load` did not return.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepFault {
    /// The guest trapped.
    #[error("the game trapped: {0}")]
    Trap(TrapReport),
    /// It ran past its CPU budget.
    #[error("the call ran past its CPU budget")]
    OverBudget,
    /// It asked for more than a quota allows, in spite of errors; the text names the quota.
    #[error("over quota: {0}")]
    OverQuota(String),
    /// The host failed it: no memory, or the session was used after its end.
    #[error("the host failed: {0}")]
    Host(String),
}

/// Why a session did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartFault {
    /// `start` (or `load`) answered an error: the creator's fault.
    #[error("refused: {0}")]
    Refused(String),
    /// The guest trapped.
    #[error("the game trapped: {0}")]
    Trap(TrapReport),
    /// It ran past its CPU budget.
    #[error("starting ran past the CPU budget")]
    OverBudget,
    /// It asked for more than a quota allows.
    #[error("over quota: {0}")]
    OverQuota(String),
    /// The host failed it: no free slot, no memory.
    #[error("the host failed: {0}")]
    Host(String),
}

impl From<StepFault> for StartFault {
    fn from(fault: StepFault) -> StartFault {
        match fault {
            StepFault::Trap(report) => StartFault::Trap(report),
            StepFault::OverBudget => StartFault::OverBudget,
            StepFault::OverQuota(quota) => StartFault::OverQuota(quota),
            StepFault::Host(what) => StartFault::Host(what),
        }
    }
}

/// What host functions and callbacks raise to end a call for a reason that is not the guest's trap.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("over the CPU budget")]
    OverBudget,
    #[error("over quota: {0}")]
    OverQuota(String),
    #[error("{0}")]
    Host(String),
}

/// Where a call failed: before the guest's code could run, only the host can be at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Making the instance; its start functions may have run.
    Instantiate,
    /// Calling an export.
    Call,
}

/// Reads a fault off an error. `said` is what the guest logged as errors during the call.
pub(crate) fn fault(error: &Error, stage: Stage, said: &str) -> StepFault {
    match error.downcast_ref::<Stop>() {
        Some(Stop::OverBudget) => return StepFault::OverBudget,
        Some(Stop::OverQuota(quota)) => return StepFault::OverQuota(quota.clone()),
        Some(Stop::Host(what)) => return StepFault::Host(what.clone()),
        None => {}
    }
    if error.is::<wasmtime::PoolConcurrencyLimitError>() || error.is::<wasmtime::error::OutOfMemory>() {
        return StepFault::Host(error.to_string());
    }
    let trap = error.downcast_ref::<Trap>().copied();
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    if stage == Stage::Instantiate && trap.is_none() && backtrace.is_none() {
        return StepFault::Host(format!("instantiation failed: {}", error.root_cause()));
    }
    let code = trap.map_or(if backtrace.is_some() { "refused" } else { "bad-value" }, trap_code);
    let mut text = error.root_cause().to_string();
    if let Some(backtrace) = backtrace {
        push_frames(&mut text, backtrace);
    }
    if !said.is_empty() {
        text.push_str("\nit said: ");
        text.push_str(said);
    }
    cut(&mut text, REPORT_BYTES);
    StepFault::Trap(TrapReport { code, text })
}

/// Appends `in a, called by b, ...` with the names as wasmtime demangles them.
fn push_frames(text: &mut String, backtrace: &WasmBacktrace) {
    let shown = backtrace.to_string();
    let mut names = shown.lines().filter_map(|line| line.split_once(" - ").map(|(_, name)| name));
    let total = backtrace.frames().len();
    for (at, name) in names.by_ref().take(REPORT_FRAMES).enumerate() {
        let name = name.split_once('!').map_or(name, |(_, function)| function);
        text.push_str(if at == 0 { "\n  in " } else { "\n  called by " });
        text.push_str(name);
    }
    if total > REPORT_FRAMES {
        text.push_str(&format!("\n  and {} more", total - REPORT_FRAMES));
    }
}

fn trap_code(trap: Trap) -> &'static str {
    match trap {
        Trap::UnreachableCodeReached => "unreachable",
        Trap::StackOverflow => "stack-overflow",
        Trap::MemoryOutOfBounds => "memory-out-of-bounds",
        Trap::TableOutOfBounds => "table-out-of-bounds",
        Trap::IndirectCallToNull => "null-call",
        Trap::BadSignature => "bad-signature",
        Trap::IntegerOverflow => "integer-overflow",
        Trap::IntegerDivisionByZero => "division-by-zero",
        Trap::BadConversionToInteger => "bad-conversion",
        Trap::CannotEnterComponent => "re-entered",
        Trap::CannotLeaveComponent => "cannot-leave",
        _ => "trap",
    }
}

/// Shortens a text to at most `bytes`, at a character boundary, and says so.
pub(crate) fn cut(text: &mut String, bytes: usize) {
    const MARK: &str = "...";
    if text.len() <= bytes {
        return;
    }
    let end = text.floor_char_boundary(bytes.saturating_sub(MARK.len()));
    text.truncate(end);
    text.push_str(MARK);
}

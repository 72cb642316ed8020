//! What a match used and what it said: for its owner's bill and its author's eyes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::Tick;

/// What a match used since its present session began: what is replayed after an outage is counted again as it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchUsage {
    /// CPU time of its steps, `start` included.
    pub cpu: Duration,
    /// The most linear memory that its guest had after a step, bytes.
    pub peak_memory_bytes: u64,
    /// Steps.
    pub ticks: u64,
    /// Messages of its players that it took.
    pub messages_in: u64,
    /// Bytes of those.
    pub bytes_in: u64,
    /// Messages to its players, counted for each receiver.
    pub messages_out: u64,
    /// Bytes of those.
    pub bytes_out: u64,
    /// Bytes of its journal.
    pub journal_bytes: u64,
    /// How late its ticks began, at worst.
    pub worst_lateness: Duration,
    /// How late its ticks began, all together.
    pub total_lateness: Duration,
    /// The longest from handing in a tick to its result.
    pub worst_step: Duration,
    /// From handing in a tick to its result, all together.
    pub total_step: Duration,
    /// Time slices that its steps used up.
    pub slices: u64,
    /// The longest that a step held its thread without giving way. Well past a slice: by one instruction, such as a huge
    /// `memory.fill`.
    pub longest_slice: Duration,
    /// About how long bringing it back takes after the end of its host's process: CPU time of its steps since the newest
    /// checkpoint. Zero when it is over.
    #[serde(default)]
    pub recovery_estimate: Duration,
}

/// How telling a line of a match's log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LogLevel {
    /// For the author.
    Debug,
    /// Normal.
    Info,
    /// Odd.
    Warn,
    /// Wrong.
    Error,
}

impl LogLevel {
    /// As written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        }
    }
}

/// One line of a match's log, cut to 1 KiB and free of anything that a terminal acts on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// 1, 2, 3, ... over the whole match; lines that were dropped leave a gap.
    pub number: u64,
    /// The tick that said it.
    pub tick: Tick,
    /// Unix time, milliseconds.
    pub unix_ms: u64,
    /// How bad.
    pub level: LogLevel,
    /// What.
    pub text: String,
}

/// A stretch of a match's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// Oldest first.
    pub lines: Vec<LogLine>,
    /// No more lines follow: the match is over.
    pub over: bool,
}

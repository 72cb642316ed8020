//! Hostile and broken input against the real server: each row runs beside canary matches in the same process, and after
//! each the process is the same, the canaries tick on, and the end is told by type, by close code and by replay.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and says what it skips")]

mod arena;
mod bombs;
mod contract;
mod guests;
mod silence;
mod tokens;
mod uploads;
mod wasi;

pub(crate) use arena::{Arena, Provocation};

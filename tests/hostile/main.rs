//! Hostile and broken input against the real server: `suite` is HOSTILE.md's guests, one row after the other beside 50
//! canaries; the other modules are uploads, tokens and connections, each with a few canaries of its own.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and says what it skips")]

mod arena;
mod silence;
mod suite;
mod tokens;
mod uploads;

pub(crate) use arena::Arena;

//! Stadion's benchmarks: every figure beside a peer, from one run, with the conditions it was taken under.
//!
//! [`start`] is what `stadion bench start` runs; `benches/step.rs` (criterion) measures a step. This crate measures and
//! reports; it decides nothing about how a host works, and it prints nothing: the caller does.

mod clock;
pub mod conditions;
pub mod executor;
pub mod report;
mod samples;
pub mod start;
pub mod workshop;

pub use conditions::Conditions;
pub use report::{Omitted, Report, Row};

//! Stadion's benchmarks: every figure beside a peer, from one run, with the conditions it was taken under.
//!
//! Each of [`start`], [`arena`] and their siblings is what `stadion bench` runs under that name; `benches/step.rs`
//! (criterion) measures a step. `load` is the load generator, [`stage`] the process that is measured. This crate measures
//! and reports; it decides nothing about how a host works, and it prints nothing: the caller does.

pub mod arena;
mod clock;
pub mod conditions;
mod cpu;
pub mod create;
pub mod density;
pub mod events;
pub mod executor;
pub mod figures;
pub mod gateway;
pub mod hibernate;
pub mod image;
pub mod journal;
mod load;
pub mod neighbours;
mod pin;
pub mod queue;
pub mod report;
mod samples;
pub mod searches;
pub mod sign_in;
pub mod stage;
pub mod start;
mod stretch;
mod tickets;
mod villains;
pub mod workshop;

pub use conditions::Conditions;
pub use figures::{Figures, Line};
pub use report::{Omitted, Report, Row};

//! Matches outlive the process: what a dead one left behind is made again from its journal.
//!
//! ```text
//!   log ──unfinished──▶ take up: a mailbox each, so that players who return wait and are not refused
//!                          │ who knocks first, then the shortest journal; several at once
//!                          ▼
//!   rebuild ─── every hash is the same ──▶ shard: Resumed is journaled, players are let in, play goes on
//!      │ └───── a hash differs ──────────▶ ended as diverged, its journal kept
//!      │ (a checkpoint is of no use: from an older one on, in the end from the setup, and its owner is told)
//!      └─────── journal damaged ─────────▶ ended as failed by its host
//!
//!   flight recorder ──suspects──▶ last, alone, in a child that also runs the tick they died in ──▶ rebuild, or poisoned
//! ```
//!
//! - [`rebuild`]: a session made again from records, compared step by step.
//! - [`recorder`]: who was being run when the process died. [`suspects`]: what becomes of those.
//! - [`past`]: what a journal says about a match that is over.
//! - [`trial`]: the child process.
//!
//! The driver is `host::recover`. **Invariant.** A match is never continued from anything but a replay, or a checkpoint
//! and a replay, whose every hash was compared.

pub mod past;
pub mod rebuild;
pub mod recorder;
mod replayed;
pub mod suspects;
pub mod trial;

pub use rebuild::{Failed, PassedOver, Past, RebuildError, Rebuilt, Watch, as_recorded, rebuild};
pub use trial::trial_main;

//! Determinism: the same ticks give the same outputs, hash for hash, whatever runs them.
//!
//! Every example game and every guest of `tests/guests` runs random ticks, made from a seed and the game's schema. The same
//! ticks are then run in another process, under load, on another thread, in another pool layout with code for another CPU,
//! and moved by image checkpoints in different places. Each run says for each tick what the guest asked for, as a hash.
//!
//! `STADION_DETERMINISM_TICKS` sets how many; `cargo xtask determinism` runs 10,000.
//!
//! A game or a guest without a test of its name here does not compile.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "tests talk to people")]

mod c;
mod games;
mod manners;
mod nasty;
mod process;
mod run;
mod script;

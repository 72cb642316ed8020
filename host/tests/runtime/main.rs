//! The runtime as control plane and gateway use it: real engine, real shards, connections that are only numbers.
#![allow(clippy::unwrap_used, reason = "a helper of tests that panics is a test that fails")]
#![allow(clippy::disallowed_methods, reason = "tests bound their waits by the real clock")]
#![allow(unreachable_pub, reason = "helpers of one test program")]

#[path = "../guests/mod.rs"]
#[allow(dead_code, reason = "shared with the engine's tests, which use more of it")]
mod guests;

mod checkpoints;
mod hibernation;
mod hostile;
mod jumps;
mod moves;
mod off_shard;
mod passed_over;
mod play;
mod recovery;
mod replays;
mod requests;
mod rig;
mod schedule;
mod upgrade_recoveries;
mod upgrades;

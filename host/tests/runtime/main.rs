//! The runtime as control plane and gateway use it: real engine, real shards, connections that are only numbers.

#[path = "../guests/mod.rs"]
#[allow(dead_code, reason = "shared with the engine's tests, which use more of it")]
mod guests;
mod hostile;
mod play;
mod replays;
mod rig;

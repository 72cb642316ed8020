//! The gateway from outside: real QUIC clients on one side, a scripted match on the other.
#![allow(clippy::unwrap_used, reason = "a helper of tests that panics is a test that fails")]

mod certificates;
mod client;
mod door;
mod hostile;
mod page;
mod play;
mod restart;
mod rig;
mod web;

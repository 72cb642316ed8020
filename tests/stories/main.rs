//! What people do with Stadion, from end to end, with the real program.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and says what it skips")]

mod browsers;
mod cli;
mod dev;
mod document;
mod first_game;
mod kill;
mod play;
mod return_to_seat;
mod stranger;
mod watch;

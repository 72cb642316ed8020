//! What people do with Stadion, from end to end, with the real program.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and says what it skips")]

mod asleep;
mod bots;
mod browsers;
mod calls;
mod certificates;
mod channels;
mod cli;
mod debugging;
mod dev;
mod document;
mod finding;
mod first_game;
mod https;
mod kill;
mod kill_on_screen;
mod lobby;
mod play;
mod prompts;
mod replicas;
mod return_to_seat;
mod spectators;
mod storage;
mod stranger;
mod studio;
mod terminal;
mod two_terminals;
mod watch;

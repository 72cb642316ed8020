//! `stadion dev` as a developer meets it: rules change under matches with players in them, and nobody reconnects.

mod choices;
mod ends;
mod keys;
mod program;
mod rules;
mod seats;

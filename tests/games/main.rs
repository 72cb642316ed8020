//! Every example game as wasm on the real host: played to an end by fake seats, then replayed bit for bit.
//!
//! A folder of `games/` without a module here, and a test of the name below in it, does not compile.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bomberman;
mod hearts;
mod relay_arena;
mod tictactoe;

include!(concat!(env!("OUT_DIR"), "/games.rs"));

macro_rules! has_its_test {
    ($game:ident) => {
        const _: fn() = $game::it_plays_on_the_real_host_and_replays;
    };
}
for_each_game!(has_its_test);

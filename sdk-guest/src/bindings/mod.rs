//! The contract of `wit/0.1/game.wit` as Rust, generated ahead by `sdk-guest/bindings`. Do not edit; use through
//! [`crate::raw`].

pub mod basic;
pub mod stateful;

//! Stadion in virtual time: a match, its journal on a disk that fails, its players on a network that fails, and a model
//! that knows what each of them was told. Everything follows from one seed.
//!
//! ```text
//!   players ── client machines ──▶ network ──▶ server machines ──▶ life ──▶ journal ──▶ log ──▶ disk
//!      └── what each was told, checked at every step: acknowledged inputs are in the game, messages come once and in
//!          order and never change, incarnations only rise, a crash undoes a quarter of a second at most
//! ```
//!
//! The match core, the wire protocol on both sides and the log are the real ones; the guest is a function, the network and
//! the disk are made up. [`tell`] tells the story of a seed; a [`Bug`] planted in its driver must be found.
//!
//! In these stories the process is killed and the power goes, but the disk itself works. One that fails for a while and
//! goes on is a plan of its own: [`Plan::failing_disk`], `cargo xtask sim --failing-disk`.

mod bug;
pub mod disk;
mod game;
mod nap;
mod net;
mod outside;
mod plan;
mod player;
mod run;
mod server;
mod world;

pub use bug::Bug;
pub use disk::{Crash, Disk};
pub use plan::Plan;
pub use run::{Outcome, run};
pub use stadion_protocol::virtual_net::Rng;
pub use world::{Broken, Told, tell};

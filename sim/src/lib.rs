//! Stadion in virtual time.

pub mod disk;
pub mod rng;

pub use disk::{Crash, Disk};
pub use rng::Rng;

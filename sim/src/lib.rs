//! Stadion in virtual time: a match, its journal on a disk that fails, its players on a network that fails, and a model
//! that knows what each of them was told. Everything follows from one seed.

pub mod disk;
pub mod rng;

pub use disk::{Crash, Disk};
pub use rng::Rng;

//! For operators and other programs.

pub(super) mod health;
pub(super) mod jwks;

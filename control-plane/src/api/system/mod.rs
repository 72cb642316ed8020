//! For operators and other programs.

pub(super) mod health;
pub(super) mod jwks;
pub(super) mod load;
pub(super) mod rotate;

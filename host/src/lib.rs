//! Runs matches: sandboxed sessions on shards, their journals, and the gateway that players connect to.

pub mod clock;
pub mod gateway;
pub mod journal;
pub mod life;
pub mod link;
pub mod model;
pub mod replay;
pub mod session;
pub mod artifact;
pub mod engine;
mod wasi;
pub mod compile;

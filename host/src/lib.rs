//! Runs matches: sandboxed sessions on shards, their journals, and the gateway that players connect to.

pub mod artifact;
pub mod clock;
pub mod compile;
pub mod engine;
pub mod gateway;
pub mod host;
pub mod journal;
pub mod life;
pub mod link;
pub mod model;
pub mod replay;
pub mod session;
pub mod shard;
mod wasi;

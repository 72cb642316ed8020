//! Runs matches: sandboxed sessions on shards, their journals, and the gateway that players connect to.
//!
//! ```text
//!   control plane ──[contract::Host]──▶ host ──▶ shard ──▶ session ──▶ engine (wasmtime)
//!                                        │        │ ▲
//!                                        │        ▼ │ effects
//!   players ◀──QUIC──▶ gateway ◀─[link]──┘       life ──▶ journal ──▶ replay
//! ```
//!
//! Pure cores: [`life`] decides what happens to a match, [`journal`] what is written down; neither knows a clock, a
//! socket or a guest. Drivers: [`shard`] gives them time and CPU, [`gateway`] bytes. The parts, from the guest outwards:
//!
//! - [`model`]: the words of the contract as plain types. [`link`]: what gateway and shards say to each other.
//! - [`engine`], [`session`], `wasi`: wasmtime with every bound in place; one sandboxed run of a match.
//! - [`image`]: the whole state of a guest, taken and put back.
//! - [`artifact`], [`compile`]: signed native code; the child process that makes it of uploads.
//! - [`life`]: the life of a match as a state machine: seats, ticks, commits, the end.
//! - [`journal`], [`replay`]: setup, ticks and end as a hash chain; running it again and comparing.
//! - [`shard`]: threads that run sessions in slices, with a slow lane for those that take long.
//! - `transition`: matches that go on in another instance than the one they were in.
//! - [`host`]: [`host::LocalHost`], the door for the control plane.
//! - [`gateway`]: the door for players.
//! - [`clock`]: where the runtime reads the time.
//!
//! **Invariants.** What a guest can observe is in its setup and ticks alone. Nothing but a signed artifact becomes code.
//! No async runtime runs on a shard. Every queue has a bound.

pub mod artifact;
pub mod clock;
pub mod compile;
mod dormant;
pub mod engine;
pub mod gateway;
pub mod host;
pub mod image;
pub mod journal;
pub mod life;
pub mod link;
pub mod model;
mod os;
pub mod recovery;
pub mod replay;
mod requests;
pub mod session;
pub mod shard;
mod transition;
mod wasi;

//! What the parts of Stadion say to each other: the player wire protocol (v1) and the contract between control plane
//! and host.
//!
//! Everything here is pure: no clock, no socket, no file, no task. Time arrives as a [`Moment`], bytes arrive as slices,
//! and what should happen comes back as values. Drivers in `host` and `client` do the I/O.
//!
//! - [`wire`]: frames and datagrams as bytes, both ways.
//! - [`client`], [`server`]: the two sides as state machines.
//! - [`contract`]: traits and types between control plane and host.
//! - [`origin`]: which web pages may talk to a server.
//! - [`token`]: join tokens and resume tokens.
//! - `virtual_net`: a network of made-up time, for tests and simulations.

pub mod client;
pub mod clock;
pub mod close;
pub mod contract;
pub mod ids;
pub mod origin;
pub mod server;
pub mod token;
#[cfg(feature = "virtual-net")]
pub mod virtual_net;
pub mod wire;

pub use clock::Moment;
pub use close::CloseCode;
pub use ids::{GameName, Incarnation, InvalidId, MatchCode, MatchId, PlayerId, Seat, Tick, VersionId};

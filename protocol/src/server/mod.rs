//! The server's side as state machines without clock and socket.
//!
//! - [`Connection`]: one transport connection, from its first byte to its close. The gateway owns it.
//! - [`SeatLink`]: what one seat was promised, over all its connections. The match owns it.
//! - [`Speakers`]: which of a seat's connections is the one. The match's as well.
//!
//! The split is where losses happen: a connection may die at any time and takes nothing with it that a seat needs.

mod connection;
mod limits;
mod seat_link;
mod speakers;

pub use connection::{Closing, Connection, ConnectionConfig, Received, Unreliables};
pub use limits::InputLimits;
pub use seat_link::{Accepted, AckAhead, Pushed, Resumed, SeatLink, SeatLinkState, Unacknowledged};
pub use speakers::Speakers;

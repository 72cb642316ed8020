//! Fixtures of the end-to-end tests: the real server as a process, its public API, players, games and guests as bytes.
//!
//! Everything is bounded in time, listens on ports that the system chose, and is gone when it is dropped.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "fixtures of tests fail by panicking, and show the server's log"
)]

pub mod api;
pub mod backend;
pub mod c_guest;
pub mod caller;
pub mod chaos;
pub mod cluster;
pub mod guest;
pub mod ledger;
pub mod page;
pub mod players;
pub mod probe;
pub mod programs;
pub mod proxy;
pub mod rally;
pub mod raw_player;
pub mod server;
pub mod table;

pub use api::Api;
pub use backend::Backend;
pub use cluster::Cluster;
pub use guest::Guest;
pub use proxy::Proxy;
pub use raw_player::RawPlayer;
pub use server::Server;
pub use table::Table;
